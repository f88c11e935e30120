/** Episodes step by step are those of the evaluation. */
import { cartPole, type Env, pendulum, timeLimit } from '@natgrad/envs';
import { decodeConfig, evaluate, initialState, mlpModel, play } from '@natgrad/rl-trpo';
import { isNatgradError, key } from '@natgrad/tensor';
import { describe, expect, test } from 'vitest';

const setUp = (env: Env) => {
  const options = decodeConfig({ hidden: [4], valueHidden: [4] });
  if (options._tag === 'Left') throw new Error(options.left.message);
  const model = mlpModel(env, options.right);
  const state = initialState({ model, ...options.right }, key(2));
  if (state._tag === 'Left') throw new Error(state.left.message);
  return { config: { env, model, ...options.right }, state: state.right };
};

describe.each([timeLimit(cartPole(), 60), timeLimit(pendulum(), 40)] as readonly Env[])('$id', (env) => {
  const { config, state } = setUp(env);

  test.each(['deterministic', 'sampled'] as const)('%s: return and length of each are those that count', (mode) => {
    const { returns, lengths } = evaluate(config, state, { key: key(3), episodes: 4, mode });
    for (const episode of [0, 1, 2, 3]) {
      const steps = [...play(config, state, { key: key(3), episode, mode })];
      expect(steps.length).toBe(lengths[episode]);
      expect(steps.reduce((sum, { transition }) => sum + transition.reward, 0)).toBe(returns[episode]);
    }
  });

  test('each step goes on from the one before it, and only the last one ends', () => {
    const steps = [...play(config, state, { key: key(3) })];
    for (const [i, { state: here, action, transition }] of steps.entries()) {
      if (i > 0) expect(here).toBe(steps[i - 1]?.transition.state);
      expect(env.step(here, action)).toEqual(transition);
      expect(transition.terminated || transition.truncated).toBe(i === steps.length - 1);
    }
  });
});

test('it is given up after maxSteps; other numbers of steps are refused', () => {
  const { config, state } = setUp(pendulum());
  expect([...play(config, state, { key: key(0), maxSteps: 17 })]).toHaveLength(17);
  for (const options of [{ maxSteps: 0 }, { maxSteps: 1.5 }, { episode: -1 }])
    expect(() => play(config, state, { key: key(0), ...options }).next()).toThrow(
      expect.toSatisfy((error: unknown) => isNatgradError(error) && error.code === 'InvalidArgument'),
    );
});
