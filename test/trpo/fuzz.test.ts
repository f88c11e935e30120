/** Whatever a step is given: a typed error or a finite state, never an exception, never a half-updated policy. */
import { type Batch, type Model, type StepConfig, type TrpoState, trpoStep } from '@natgrad/rl-trpo';
import { exampleModels, problemOf } from '@natgrad/rl-trpo/laws';
import { checkLaw, law } from '@natgrad/tensor/laws';
import fc from 'fast-check';
import { test } from 'vitest';
import { checkStep, fields, large, replace, spoilt, spoiltTree, weird } from './fuzz.js';

const check = (config: StepConfig, state: TrpoState, batch: Batch): void => checkStep(trpoStep(config), state, batch);

const settings: fc.Arbitrary<Omit<StepConfig, 'model'>> = fc
  .record(
    {
      normaliseObservations: fc.boolean(),
      scaleRewards: fc.boolean(),
      normaliseAdvantages: fc.boolean(),
      fisher: fc.constantFrom('gaussNewton', 'hessian'),
      fisherRows: fc.constantFrom(null, 1, 3),
      fisherChunk: fc.constantFrom(null, 1, 3),
      preconditioner: fc.constantFrom('none', 'diagonal', 'kfac'),
      stepSize: fc.constantFrom('boundary', 'undamped', 'damped'),
      dampingKind: fc.constantFrom('constant', 'relative'),
      damping: fc.constantFrom(0, 0.1, 1e6),
      dtype: fc.constantFrom('f64', 'f32'),
      entropyBonus: fc.constantFrom(0, 0.01, 1e6),
      delta: fc.constantFrom(1e-9, 0.01, 100),
      valueLearningRate: fc.constantFrom(1e-3, 10),
      valueMinibatch: fc.constantFrom(null, 3),
      valueFit: fc.constantFrom('adam', 'trustRegion'),
      normaliseReturns: fc.boolean(),
      klKind: fc.constantFrom('mean', 'max'),
      adaptiveDelta: fc.constantFrom('off', 'improvement'),
    },
    { requiredKeys: [] },
  )
  // Bounds that hold every δ above: others are refused, which is not what is tried here.
  .map((each) => ({ ...each, deltaMinimum: 1e-9, deltaMaximum: 100 }));

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
        const spoil = (tree: unknown): unknown => spoiltTree(tree, values, places);
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
