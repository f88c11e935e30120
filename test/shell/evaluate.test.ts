/** Evaluation: episodes of their own. */
import { cartPole, timeLimit } from '@natgrad/envs';
import {
  decodeConfig,
  type EvaluationProgress,
  evaluate,
  evaluation,
  initialState,
  mlpModel,
  type TrpoConfig,
} from '@natgrad/rl-trpo';
import { key } from '@natgrad/tensor';
import { describe, expect, test } from 'vitest';
import { counter } from './counter.js';

const setUp = (env: Parameters<typeof mlpModel>[0], given: Partial<TrpoConfig> = {}) => {
  const options = decodeConfig({ hidden: [4], valueHidden: [4], ...given });
  if (options._tag === 'Left') throw new Error(options.left.message);
  const model = mlpModel(env, options.right);
  const state = initialState({ model, ...options.right }, key(2));
  if (state._tag === 'Left') throw new Error(state.left.message);
  return { options: options.right, model, state: state.right };
};

describe('episodes', () => {
  const env = timeLimit(cartPole(), 200);
  const { options, model, state } = setUp(env);
  const run = (episodes: number, mode: 'deterministic' | 'sampled', seed = 0) =>
    evaluate({ env, model, ...options }, state, { key: key(seed), episodes, mode });

  test('the first of many are those of few, in both modes', () => {
    for (const mode of ['deterministic', 'sampled'] as const) {
      const [few, many] = [run(3, mode), run(20, mode)];
      expect(many.returns.slice(0, 3)).toEqual(few.returns);
      expect(many.lengths.slice(0, 3)).toEqual(few.lengths);
    }
  });

  test('a step of CartPole is worth 1, and episodes differ', () => {
    const { returns, lengths, mean, min, max, deviation } = run(20, 'sampled');
    expect(returns).toEqual(lengths);
    expect(new Set(returns).size).toBeGreaterThan(3);
    expect([Math.min(...returns), Math.max(...returns)]).toEqual([min, max]);
    // Rounding of sums of 20 numbers below 200.
    expect(mean).toBeCloseTo(returns.reduce((a, b) => a + b) / 20, 10);
    expect(deviation ** 2).toBeCloseTo(returns.reduce((sum, x) => sum + x * x, 0) / 20 - mean ** 2, 6);
  });

  test('the same key, the same episodes; the mode and the key matter', () => {
    expect(run(5, 'sampled')).toEqual(run(5, 'sampled'));
    expect(run(5, 'sampled').returns).not.toEqual(run(5, 'deterministic').returns);
    expect(run(5, 'sampled').returns).not.toEqual(run(5, 'sampled', 1).returns);
  });
});

test('step by step it is the same, and what remains is never less than what comes', () => {
  const env = timeLimit(cartPole(), 30);
  const { options, model, state } = setUp(env);
  const wanted = { key: key(3), episodes: 6, mode: 'sampled' } as const;
  const whole = evaluate({ env, model, ...options }, state, wanted);
  const steps = evaluation({ env, model, ...options }, state, wanted);
  const seen: EvaluationProgress[] = [];
  let next = steps.next();
  for (; next.done !== true; next = steps.next()) seen.push(next.value);
  expect(next.value).toEqual(whole);
  const made = whole.lengths.reduce((a, b) => a + b);
  for (const { steps: so, remaining } of seen) expect(so + remaining).toBeGreaterThanOrEqual(made);
  expect(seen[0]?.remaining).toBeLessThanOrEqual(6 * 29);
  expect(seen.at(-1)).toEqual({ steps: made, remaining: 0, over: 6, episodes: 6 });
  expect(seen).toHaveLength(Math.max(...whole.lengths));
});

test('an environment without an end is given up after maxSteps', () => {
  const env = counter({ limit: 1e9 });
  const { options, model, state } = setUp(env);
  const { lengths } = evaluate({ env, model, ...options }, state, { key: key(0), episodes: 2, maxSteps: 17 });
  expect(lengths).toEqual([17, 17]);
});

test('actions are clipped for the environment as in training', () => {
  const env = counter({ limit: 50 });
  const { options, model, state } = setUp(env, { initialLogDeviation: 3 });
  const largest = (clipActions: boolean): number =>
    evaluate({ env, model, ...options, clipActions }, state, { key: key(0), episodes: 1, mode: 'sampled' }).max;
  // 50 steps of at most 0.5.
  expect(Math.abs(largest(true))).toBeLessThanOrEqual(25);
  expect(largest(true)).not.toBe(largest(false));
});

test('no episodes are refused', () => {
  const env = counter();
  const { options, model, state } = setUp(env);
  for (const episodes of [0, -1, 1.5, Number.NaN])
    expect(() => evaluate({ env, model, ...options }, state, { key: key(0), episodes })).toThrow(
      `evaluate: ${episodes} episodes`,
    );
});
