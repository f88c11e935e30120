/** A trunk that policy and critic share. */
import { linearize } from '@natgrad/autodiff';
import {
  type Batch,
  defineAlgorithm,
  estimateAdvantages,
  finish,
  fitCritic,
  initialState,
  type Model,
  mlpModel,
  type ParameterTree,
  type PolicyMetric,
  policyGradient,
  policyMetric,
  ppoStep,
  type Spaces,
  type StepConfig,
  type StepResult,
  type TrpoState,
  trpoStep,
} from '@natgrad/rl-trpo';
import {
  actingLaws,
  exampleModels,
  exampleSpaces,
  maxKlLaws,
  problemOf,
  trunkLaws,
  trustRegionLaws,
} from '@natgrad/rl-trpo/laws';
import { key, multiply, type Tensor, toTypedArray, treeLeaves, zeros } from '@natgrad/tensor';
import { checkLaw } from '@natgrad/tensor/laws';
import { isLeft } from 'fp-ts/lib/Either.js';
import { describe, expect, test } from 'vitest';

const [forChoices, forBoxes] = exampleSpaces as [Spaces, Spaces];
const options = { hidden: [5, 4], valueHidden: [3], outputScale: 1, sharedLayers: 2 };
const models: readonly Model[] = [mlpModel(forChoices, options), mlpModel(forBoxes, { ...options, sharedLayers: 1 })];

const configurations: readonly (readonly [name: string, options: Omit<StepConfig, 'model'>])[] = [
  ['defaults', {}],
  ['trust-region fit, normalised returns', { valueFit: 'trustRegion', normaliseReturns: true }],
  ['a heavy critic, the exact Hessian', { valueCoefficient: 50, fisher: 'hessian' }],
];

describe.each(configurations)('%s', (title, given) => {
  test.each(models.flatMap((model) => trunkLaws(trpoStep, { ...given, model })))('$name', (law) =>
    checkLaw(law, { numRuns: 4 }),
  );
  // All laws of a trust region hold; those that the trunk could break are tried with every option.
  const essential = /whole step|second order/;
  const laws = models.flatMap((model) => trustRegionLaws(trpoStep, { ...given, model }));
  test.each(laws.filter(({ name }) => title === 'defaults' || essential.test(name)))('$name', (law) =>
    checkLaw(law, { numRuns: 3 }),
  );
});

test.each(models.flatMap((model) => maxKlLaws(trpoStep, { model })))('$name', (law) => checkLaw(law, { numRuns: 3 }));

test.each(models.flatMap((model) => actingLaws({ model })))('$name', (law) => checkLaw(law, { numRuns: 3 }));

const run = (config: StepConfig, state: TrpoState, batch: Batch): StepResult => {
  const result = trpoStep(config)(state, batch);
  if (isLeft(result)) throw new Error(result.left.message);
  return result.right;
};

test('the critic sees the trunk’s last layer', () => {
  const [model] = models as [Model];
  const { policy, value } = model.initialise(key(1));
  expect(treeLeaves(value)[1]?.shape ?? treeLeaves(value)[0]?.shape).toContain(4);
  expect(model.features?.(policy, zeros([6, 3])).shape).toEqual([6, 4]);
  expect(model.value(value, zeros([6, 4])).shape).toEqual([6]);
});

test('without a trunk the coefficient changes nothing, to the bit', () => {
  const [model] = exampleModels as [Model];
  const { state, batch } = problemOf({ model }, 2);
  const [none, some] = [0, 7].map((valueCoefficient) => run({ model, valueCoefficient }, state, batch));
  expect(some).toEqual(none);
});

test('step after step on the same batch both the surrogate and the critic improve', () => {
  const [model] = models as [Model];
  const config: StepConfig = { model, valueEpochs: 20, valueLearningRate: 0.01 };
  const { state, batch } = problemOf(config, 8, { lengths: [40] });
  const first = run(config, state, batch);
  expect(first.report.improvement).toBeGreaterThan(0);
  let last = first;
  for (let n = 0; n < 10; n += 1)
    last = run(config, { ...last.state, delta: 1e-6 }, { ...batch, ...drawnBy(model, last.state, batch) });
  expect(last.report.valueLossAfter).toBeLessThan(first.report.valueLossBefore);
});

/** What the policy of a state says about the observations of a batch: as if it had drawn the actions. */
const drawnBy = (model: Model, state: TrpoState, batch: Batch): Pick<Batch, 'oldParameters' | 'logProbabilities'> => {
  const oldParameters = model.policy(state.policy, batch.observations);
  return { oldParameters, logProbabilities: model.distribution.logProbability(oldParameters, batch.actions) };
};

test('the metric of a step is that of the policy and the curvature of the critic', () => {
  const [model] = models as [Model];
  const config: StepConfig = { model, valueCoefficient: 0.7 };
  const { state, batch } = problemOf(config, 4);
  const metricOf = (given: StepConfig) => {
    let found: PolicyMetric | null = null;
    const step = defineAlgorithm({
      name: 'looking at the metric',
      prepare: () => (input) => {
        const data = estimateAdvantages(input);
        if (isLeft(data)) return data;
        const gradient = policyGradient(input, data.right);
        if (isLeft(gradient)) return gradient;
        const metric = policyMetric(input, data.right, gradient.right.atOld);
        if (isLeft(metric)) return metric;
        found = metric.right;
        const critic = fitCritic(input, data.right);
        return finish(input, { data: data.right, ...gradient.right, taken: null, critic });
      },
    })(given);
    const result = step(state, batch);
    if (isLeft(result) || found === null) throw new Error('no metric');
    return (found as PolicyMetric).fisher;
  };
  const values = linearize(
    (theta: ParameterTree): Tensor =>
      model.value(state.value, (model.features as NonNullable<Model['features']>)(theta, batch.observations)),
    state.policy,
  );
  const v = state.policy;
  const [without, having] = [metricOf({ model, valueCoefficient: 0 })(v), metricOf(config)(v)];
  const curvature = values.transpose(multiply(values.apply(v), (2 * 0.7) / 16));
  const numbersOf = (tree: unknown): readonly number[] => treeLeaves(tree).flatMap((leaf) => [...toTypedArray(leaf)]);
  numbersOf(having).forEach((x, i) =>
    expect(x).toBeCloseTo((numbersOf(without)[i] as number) + (numbersOf(curvature)[i] as number), 12),
  );
  expect(numbersOf(curvature).some((x) => Math.abs(x) > 1e-3)).toBe(true);
});

describe('refused', () => {
  const errorOf = (config: StepConfig) => {
    const result = initialState(config, key(0));
    if (!isLeft(result)) throw new Error('expected an error');
    return result.left;
  };

  test('shared layers that the policy does not have', () => {
    const [model] = models as [Model];
    const error = errorOf({ model, hidden: [8], sharedLayers: 2 });
    expect(error.issues).toMatchObject([{ code: 'contradiction', field: 'sharedLayers' }]);
    expect(error.message).toBe(
      'sharedLayers: found 2 of a policy with 1 hidden layers, expected at most 1, or more widths in hidden',
    );
  });

  test('a model that was built without', () => {
    const [model] = exampleModels as [Model];
    expect(errorOf({ model, sharedLayers: 1 }).message).toBe(
      'sharedLayers: found 1 for a model without features, expected a model that was built with them, such as mlpModel(spaces, { sharedLayers }), or 0',
    );
  });

  test('algorithms whose objective does not have the critic in it', () => {
    const [model] = models as [Model];
    const { state, batch } = problemOf({ model }, 2);
    const result = ppoStep({ model })(state, batch);
    expect(isLeft(result) && result.left.issues).toMatchObject([{ code: 'contradiction', field: 'sharedLayers' }]);
  });

  test('features with another number of rows, as an error of the model', () => {
    const [model] = models as [Model];
    const { state, batch } = problemOf({ model }, 2);
    const broken: Model = { ...model, initialise: (k) => model.initialise(k), features: () => zeros([1, 4]) };
    const result = trpoStep({ model: broken })(state, batch);
    expect(isLeft(result) && result.left.code).toBe('ModelFailed');
  });
});

test('the numbers of a step are finite and the old trunk is not written to', () => {
  const [, model] = models as [Model, Model];
  const { state, batch } = problemOf({ model }, 5);
  const before = treeLeaves(state.policy).map((leaf) => [...toTypedArray(leaf)]);
  const { state: after } = run({ model }, state, batch);
  expect(treeLeaves(state.policy).map((leaf) => [...toTypedArray(leaf)])).toEqual(before);
  expect(treeLeaves(after.policy).every((leaf) => [...toTypedArray(leaf)].every(Number.isFinite))).toBe(true);
});
