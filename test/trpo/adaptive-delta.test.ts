/** A trust region that finds its own size. */
import {
  decodeConfig,
  type Model,
  naturalPolicyGradientStep,
  nextDelta,
  type StepConfig,
  trpoStep,
} from '@natgrad/rl-trpo';
import { adaptiveDeltaLaws, exampleModels, problemOf } from '@natgrad/rl-trpo/laws';
import { checkLaw } from '@natgrad/tensor/laws';
import { isLeft } from 'fp-ts/lib/Either.js';
import { describe, expect, test } from 'vitest';

test.each(adaptiveDeltaLaws(nextDelta))('$name', (law) => checkLaw(law));

const [, continuous] = exampleModels as [Model, Model];

describe('a step', () => {
  const { state, batch } = problemOf({ model: continuous }, 4);
  const deltaAfter = (options: Omit<StepConfig, 'model'>): readonly [before: number, after: number] => {
    const result = trpoStep({ model: continuous, ...options })(state, batch);
    if (isLeft(result)) throw new Error(result.left.message);
    return [result.right.report.delta, result.right.state.delta];
  };

  test('reports the δ that it used and leaves the next one in the state', () => {
    expect(deltaAfter({})).toEqual([0.01, 0.01]);
    // No step brings a thousand times what the linear model promises.
    expect(deltaAfter({ adaptiveDelta: 'improvement', deltaTarget: 1000 })).toEqual([0.01, 0.01 / 1.5]);
    expect(deltaAfter({ adaptiveDelta: 'improvement', deltaTarget: 1e-3 })).toEqual([0.01, 0.01 * 1.5]);
  });

  test('with a decay leaves what the steps so far say, whatever came of it', () => {
    const steps = batch.rewards.size;
    for (const before of [0, 100, 10_000]) {
      const from = { ...state, steps: before };
      const result = trpoStep({ model: continuous, delta: 0.02, deltaMinimum: 1e-3, deltaDecaySteps: 1000 })(
        from,
        batch,
      );
      if (isLeft(result)) throw new Error(result.left.message);
      expect(result.right.state.delta).toBe(Math.max(1e-3, 0.02 * (1 - (before + steps) / 1000)));
    }
  });

  test('that is damped comes nearer to the KL asked for, step by step', () => {
    const config: StepConfig = { model: continuous, adaptiveDelta: 'kl', stepSize: 'damped', damping: 1 };
    const step = trpoStep(config);
    let now = state;
    const kls: number[] = [];
    for (let n = 0; n < 12; n += 1) {
      // The same batch seen from the same policy: only δ changes.
      const result = step({ ...state, delta: now.delta }, batch);
      if (isLeft(result)) throw new Error(result.left.message);
      now = result.right.state;
      kls.push(result.right.report.kl);
    }
    expect(kls[0]).toBeLessThan(0.01 / 1.5);
    expect(kls.at(-1)).toBeGreaterThanOrEqual(0.01 / 1.5);
    expect(kls.at(-1)).toBeLessThanOrEqual(0.01 * 1.5);
  });
});

test.each([
  ['a δ that cannot fall', { deltaDecaySteps: 100, delta: 1e-6 }, 'delta', /at least deltaMinimum \(0\.0001\)/],
  [
    'a δ that falls and adapts',
    { deltaDecaySteps: 100, adaptiveDelta: 'improvement' },
    'deltaDecaySteps',
    /null, or adaptiveDelta 'off'/,
  ],
  [
    'a δ outside its own bounds',
    { adaptiveDelta: 'improvement', delta: 0.5 },
    'delta',
    /at most deltaMaximum \(0\.1\)/,
  ],
  ['a δ below its bounds', { adaptiveDelta: 'improvement', delta: 1e-6 }, 'delta', /at least deltaMinimum \(0\.0001\)/],
  [
    'a KL to hold where it is δ anyway',
    { adaptiveDelta: 'kl' },
    'adaptiveDelta',
    /stepSize 'damped' or 'undamped', or adaptiveDelta 'improvement'/,
  ],
])('refused: %s', (_what, options, field, fix) => {
  const found = decodeConfig(options);
  expect(isLeft(found) && found.left.issues).toMatchObject([{ code: 'contradiction', field }]);
  expect(isLeft(found) && found.left.message).toMatch(fix);
});

test('refused: an algorithm that searches no trust region', () => {
  const { state, batch } = problemOf({ model: continuous }, 4);
  const found = naturalPolicyGradientStep({ model: continuous, adaptiveDelta: 'improvement' })(state, batch);
  expect(isLeft(found) && found.left.issues).toMatchObject([{ code: 'contradiction', field: 'adaptiveDelta' }]);
});
