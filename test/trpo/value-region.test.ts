/** The value fit by trust region. */
import {
  fitValueInRegion,
  type Model,
  mlpModel,
  type StepConfig,
  type StepResult,
  type TrpoState,
  toValues,
  trpoStep,
  valueScaleOf,
} from '@natgrad/rl-trpo';
import { exampleModels, problemOf, trustRegionLaws, valueRegionLaws } from '@natgrad/rl-trpo/laws';
import { toTypedArray, treeLeaves } from '@natgrad/tensor';
import { checkLaw } from '@natgrad/tensor/laws';
import { isLeft } from 'fp-ts/lib/Either.js';
import { describe, expect, test } from 'vitest';

test.each(valueRegionLaws(fitValueInRegion))('$name', (law) => checkLaw(law, { numRuns: 60 }));

const [choices, continuous] = exampleModels as [Model, Model];

test.each(trustRegionLaws(trpoStep, { model: choices, valueFit: 'trustRegion' }))('$name', (law) =>
  checkLaw(law, { numRuns: 4 }),
);

const run = (config: StepConfig, state: TrpoState, batch: Parameters<ReturnType<typeof trpoStep>>[1]): StepResult => {
  const result = trpoStep(config)(state, batch);
  if (isLeft(result)) throw new Error(result.left.message);
  return result.right;
};

describe('in a step', () => {
  const { state, batch } = problemOf({ model: continuous }, 3);

  test.each([1e-3, 0.05, 0.5])(
    'the constraint %d holds in the units of the report, and the error falls',
    (valueDelta) => {
      const { report, state: after } = run({ model: continuous, valueFit: 'trustRegion', valueDelta }, state, batch);
      const [old, next] = [state, after].map((each) =>
        toTypedArray(continuous.value(each.value, batch.observations)),
      ) as [Float64Array, Float64Array];
      const change = old.reduce((sum, v, i) => sum + ((next[i] as number) - v) ** 2 / old.length, 0);
      expect(report.valueKl).toBeCloseTo(change / (2 * report.valueLossBefore), 10);
      expect(report.valueKl).toBeLessThanOrEqual(valueDelta);
      expect(report.valueLossAfter).toBeLessThan(report.valueLossBefore);
      expect(report.valueLearningRate).toBeNull();
      // Adam has had no part in it.
      expect(after.valueOptimiser).toBe(state.valueOptimiser);
    },
  );

  test('a small region is used to its boundary, and the policy does not depend on it', () => {
    const of = (valueDelta: number): StepResult =>
      run({ model: continuous, valueFit: 'trustRegion', valueDelta }, state, batch);
    expect(of(1e-3).report.valueKl).toBeGreaterThan(0.95e-3);
    const [small, large] = [of(1e-3), of(0.5)].map((each) =>
      treeLeaves(each.state.policy).map((x) => [...toTypedArray(x)]),
    );
    expect(small).toEqual(large);
  });

  test('with normalised returns the region is in normalised units, and so the same for rewards of any size', () => {
    const config: StepConfig = { model: continuous, valueFit: 'trustRegion', normaliseReturns: true };
    const { report, state: after } = run(config, state, batch);
    const values = toValues(valueScaleOf(after.valueStatistics), continuous.value(after.value, batch.observations));
    expect(report.valueLossAfter).toBeLessThan(report.valueLossBefore);
    expect([...toTypedArray(values)].every(Number.isFinite)).toBe(true);
  });

  test('fewer numbers, single precision', () => {
    const model = mlpModel(
      { observationSpace: { low: [0, 0] }, actionSpace: { kind: 'discrete', n: 2 } },
      { hidden: [4], valueHidden: [4], dtype: 'f32' },
    );
    const problem = problemOf({ model, dtype: 'f32' }, 9);
    const { report } = run(
      { model, dtype: 'f32', valueFit: 'trustRegion', valueDelta: 0.01 },
      problem.state,
      problem.batch,
    );
    expect(report.valueKl).toBeLessThanOrEqual(0.01);
    expect(report.valueKl).toBeGreaterThan(0.009);
  });
});
