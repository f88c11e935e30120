/** Steps that could not be made, through the environments around them. */
import {
  box,
  defineEnv,
  type Env,
  mountainCarContinuous,
  type Transition,
  timeLimit,
  withHistory,
} from '@natgrad/envs';
import { key } from '@natgrad/tensor';
import { describe, expect, test } from 'vitest';

/** Shows the number of its steps; an action of more than 1 fails. */
const fragile: Env<number, readonly number[]> = defineEnv<number, readonly number[]>({
  id: 'Fragile-v0',
  observationSpace: box({ low: 0, high: 100 }),
  actionSpace: box({ low: -1, high: 1 }),
  reset: () => ({ state: 0, observation: [0] }),
  step: (state, [action = 0]): Transition<number> =>
    action > 1
      ? {
          ...{ state, observation: [state], reward: 0, terminated: true, truncated: false },
          failure: { code: 'Runaway', found: 'too much', expected: 'less' },
        }
      : { state: state + 1, observation: [state + 1], reward: 1, terminated: false, truncated: false },
});

describe('what was shown before a step that fails is shown again', () => {
  test.each([1, 2, 3, 5])('with a history of %d', (steps) => {
    const env = withHistory(timeLimit(fragile, 50), steps);
    let last = env.step(env.reset(key(0)).state, [0]);
    for (let step = 0; step < 3; step += 1) {
      const failed = env.step(last.state, [2]);
      expect(failed.failure).toBeDefined();
      expect(failed.observation).toEqual(last.observation);
      expect(failed.observation).not.toBe(last.observation);
      // Whoever goes on all the same goes on from there.
      expect(env.step(failed.state, [0]).observation).toEqual(env.step(last.state, [0]).observation);
      last = env.step(last.state, [1]);
    }
  });

  test('of a mountain car, for a force whose square is no number', () => {
    const env = mountainCarContinuous();
    const start = env.reset(key(1));
    const failed = env.step(start.state, [1e200]);
    expect(failed).toMatchObject({ terminated: true, reward: 0, failure: { found: 'the reward is -Infinity' } });
    expect(Array.from(failed.observation)).toEqual(Array.from(start.observation));
    expect(env.step(start.state, [1e100]).failure).toBeUndefined();
  });
});
