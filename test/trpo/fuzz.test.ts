/** Whatever a step is given: a typed error or a finite state, never an exception, never a half-updated policy. */
import { type Batch, type Model, type StepConfig, type TrpoState, trpoStep } from '@natgrad/rl-trpo';
import { exampleModels, problemOf } from '@natgrad/rl-trpo/laws';
import { fromTypedArray, isTensor, type Tensor, toTypedArray, treeLeaves } from '@natgrad/tensor';
import { checkLaw, law } from '@natgrad/tensor/laws';
import fc from 'fast-check';
import { test } from 'vitest';

const weird: fc.Arbitrary<number> = fc.oneof(
  fc.double(),
  fc.constantFrom(NaN, Infinity, -Infinity, 0, -0, 1e300, -1e300, 1e-300, 1e20, 5e-324),
);

/** The same tensor with some elements replaced by anything. */
const spoilt = (x: Tensor, values: readonly number[], places: readonly number[]): Tensor => {
  const data = toTypedArray(x);
  places.forEach((place, k) => {
    if (data.length > 0)
      data[place % data.length] = x.dtype === 'bool' ? (place >> 8) % 2 : (values[k % values.length] as number);
  });
  return fromTypedArray(data, x.shape);
};

const fields = [
  'observations',
  'actions',
  'logProbabilities',
  'oldParameters',
  'rewards',
  'terminated',
  'truncated',
  'finalObservations',
] as const;

const replace = (batch: Batch, field: (typeof fields)[number], change: (x: Tensor) => unknown): Batch =>
  (field === 'oldParameters'
    ? {
        ...batch,
        oldParameters: Object.fromEntries(Object.entries(batch.oldParameters).map(([name, x]) => [name, change(x)])),
      }
    : { ...batch, [field]: change(batch[field]) }) as Batch;

const finite = (value: unknown): boolean => {
  if (typeof value === 'number') return Number.isFinite(value);
  if (isTensor(value)) return toTypedArray(value).every((x: number) => Number.isFinite(x));
  return typeof value !== 'object' || value === null || Object.values(value).every(finite);
};

const check = (config: StepConfig, state: TrpoState, batch: Batch): void => {
  const result = trpoStep(config)(state, batch);
  if (result._tag === 'Left') {
    if (result.left.issues.length === 0 || result.left.message === '') throw new Error('an error without content');
    return;
  }
  const { state: next, report } = result.right;
  if (!finite(next)) throw new Error('the state is not finite');
  if (
    report.lineSearch.status === 'rejected' &&
    treeLeaves(next.policy).some((leaf, k) => leaf !== treeLeaves(state.policy)[k])
  )
    throw new Error('rejected, but the policy is another');
  if (report.lineSearch.status === 'accepted' && !(report.kl <= state.delta))
    throw new Error(`accepted with KL ${report.kl}`);
};

const settings: fc.Arbitrary<Omit<StepConfig, 'model'>> = fc.record(
  {
    normaliseObservations: fc.boolean(),
    scaleRewards: fc.boolean(),
    normaliseAdvantages: fc.boolean(),
    fisher: fc.constantFrom('gaussNewton', 'hessian'),
    stepSize: fc.constantFrom('boundary', 'undamped', 'damped'),
    dampingKind: fc.constantFrom('constant', 'relative'),
    damping: fc.constantFrom(0, 0.1, 1e6),
    dtype: fc.constantFrom('f64', 'f32'),
    entropyBonus: fc.constantFrom(0, 0.01, 1e6),
    delta: fc.constantFrom(1e-9, 0.01, 100),
    valueLearningRate: fc.constantFrom(1e-3, 10),
    valueMinibatch: fc.constantFrom(null, 3),
  },
  { requiredKeys: [] },
);

const numbersOf = (model: Model) =>
  fc
    .tuple(
      settings,
      fc.nat(1000),
      fc.subarray([...fields]),
      fc.array(weird, { minLength: 1, maxLength: 4 }),
      fc.array(fc.nat(100_000), { minLength: 1, maxLength: 20 }),
    )
    .map(([options, ...rest]) => ({ config: { ...options, model }, rest }));

test.each(exampleModels)('$distribution.name: arbitrary numbers anywhere in the batch', (model) => {
  checkLaw(
    law('a typed error or a finite state', numbersOf(model), ({ config, rest: [seed, chosen, values, places] }) => {
      const { state, batch } = problemOf(config, seed, { lengths: [3, 4] });
      check(
        config,
        state,
        chosen.reduce((each, field) => replace(each, field, (x) => spoilt(x, values, places)), batch),
      );
    }),
    { numRuns: 70 },
  );
});

test.each(exampleModels)('$distribution.name: large but finite numbers pass validation and stay finite', (model) => {
  const large = fc.constantFrom(0, 1, 1e10, -1e10, 1e100, 1e154, 1e160, -1e300, 1e-300);
  checkLaw(
    law(
      'a typed error or a finite state',
      fc.tuple(
        settings,
        fc.nat(1000),
        fc.subarray(['observations', 'rewards', 'finalObservations'] as const, { minLength: 1 }),
        fc.array(large, { minLength: 1, maxLength: 3 }),
        fc.array(fc.nat(1000), { minLength: 1, maxLength: 20 }),
      ),
      ([options, seed, chosen, values, places]) => {
        const config = { ...options, model };
        const { state, batch } = problemOf(config, seed, { lengths: [3, 4] });
        check(
          config,
          state,
          chosen.reduce((each, field) => replace(each, field, (x) => spoilt(x, values, places)), batch),
        );
      },
    ),
    { numRuns: 70 },
  );
});

test.each(exampleModels)('$distribution.name: arbitrary numbers in the state', (model) => {
  checkLaw(
    law(
      'a typed error or a finite state',
      fc.tuple(
        settings,
        fc.nat(1000),
        fc.array(weird, { minLength: 1, maxLength: 3 }),
        fc.array(fc.nat(1000), { minLength: 1, maxLength: 5 }),
        weird,
      ),
      ([options, seed, values, places, delta]) => {
        const config = { ...options, model };
        const { state, batch } = problemOf(config, seed, { lengths: [3, 4] });
        const spoil = (tree: unknown): unknown =>
          isTensor(tree)
            ? spoilt(tree, values, places)
            : Array.isArray(tree)
              ? tree.map(spoil)
              : Object.fromEntries(Object.entries(tree as object).map(([k, v]) => [k, spoil(v)]));
        check(config, { ...state, policy: spoil(state.policy) as never }, batch);
        check(config, { ...state, value: spoil(state.value) as never }, batch);
        check(config, { ...state, delta }, batch);
      },
    ),
    { numRuns: 25 },
  );
});

test('arbitrary values in place of batch, state and options', () => {
  const [model] = exampleModels as [Model];
  const { state, batch } = problemOf({ model }, 1);
  const anything = fc.anything({ withBigInt: true, withMap: true, withTypedArray: true, withNullPrototype: true });
  checkLaw(
    law(
      'a typed error or a finite state',
      fc.tuple(
        anything,
        anything,
        fc.dictionary(fc.oneof(fc.string(), fc.constantFrom('gamma', 'hidden', 'dtype', '__proto__')), anything),
        fc.constantFrom(...fields, 'segments' as const),
        fc.constantFrom(...Object.keys(state)),
      ),
      ([a, b, options, field, part]) => {
        check({ model }, a as never, batch);
        check({ model }, state, b as never);
        check({ model }, state, { ...batch, [field]: a });
        check({ model }, { ...state, [part]: b }, batch);
        check({ ...options, model }, state, batch);
      },
    ),
    { numRuns: 100 },
  );
});
