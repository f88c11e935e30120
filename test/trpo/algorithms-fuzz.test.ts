/** Whatever the step of an algorithm is given: a typed error or a finite state. */
import { type AlgorithmName, algorithms, type Model, type StepConfig, type TrpoState } from '@natgrad/rl-trpo';
import { exampleModels, problemOf, withCosts } from '@natgrad/rl-trpo/laws';
import { checkLaw, law } from '@natgrad/tensor/laws';
import fc from 'fast-check';
import { describe, test } from 'vitest';
import { checkStep, fields, large, replace, spoilt, spoiltTree, weird } from './fuzz.js';

// TRPO itself has tests of its own.
const others = Object.entries(algorithms).filter(([name]) => name !== 'trpo') as [
  AlgorithmName,
  (typeof algorithms)[AlgorithmName],
][];
const [choices, continuous] = exampleModels as [Model, Model];

/** Options up to their extremes. Interpreted: a program compiled for each case would take most of the time. */
const settings: fc.Arbitrary<Omit<StepConfig, 'model'>> = fc.record(
  {
    engine: fc.constant('interpreter' as const),
    normaliseObservations: fc.boolean(),
    scaleRewards: fc.boolean(),
    normaliseAdvantages: fc.boolean(),
    damping: fc.constantFrom(0, 0.1, 1e6),
    dtype: fc.constantFrom('f64', 'f32'),
    entropyBonus: fc.constantFrom(0, 0.01, 1e6),
    delta: fc.constantFrom(1e-9, 0.01, 100),
    valueLearningRate: fc.constantFrom(1e-3, 10),
    policyOptimiser: fc.constantFrom('adam', 'plain'),
    policyLearningRate: fc.constantFrom(1e-3, 1, 1e6),
    policyGradientClip: fc.constantFrom(null, 1e-9, 1),
    policyEpochs: fc.constantFrom(0, 1, 3),
    policyMinibatch: fc.constantFrom(null, 1, 3),
    clipRange: fc.constantFrom(1e-9, 0.2, 1e12),
    targetKl: fc.constantFrom(null, 1e-9, 1),
    klPenalty: fc.constantFrom(1e-9, 1, 1e12),
    costLimit: fc.constantFrom(0, 1, 25, 1e12),
    costGamma: fc.constantFrom(0, 0.99, 1),
    costLambda: fc.constantFrom(0, 1),
  },
  { requiredKeys: ['engine'] },
);

const values = (of: fc.Arbitrary<number>) => fc.array(of, { minLength: 1, maxLength: 4 });
const places = fc.array(fc.nat(100_000), { minLength: 1, maxLength: 20 });

describe.each(others)('%s', (_name, algorithm) => {
  test.each([choices, continuous])('$distribution.name: arbitrary and extreme numbers in the batch', (model) => {
    checkLaw(
      law(
        'a typed error or a finite state',
        fc.tuple(
          settings,
          fc.nat(1000),
          fc.subarray([...fields, 'costs' as const]),
          fc.oneof(values(weird), values(large)),
          places,
        ),
        ([options, seed, chosen, numbers, at]) => {
          const config = { ...options, model };
          const { state, batch } = problemOf(config, seed, { lengths: [3, 4] });
          checkStep(
            algorithm(config),
            state,
            chosen.reduce((each, field) => replace(each, field, (x) => spoilt(x, numbers, at)), withCosts(batch, seed)),
          );
        },
      ),
      { numRuns: 60 },
    );
  });

  test.each([choices, continuous])('$distribution.name: arbitrary numbers in the state and its memory', (model) => {
    checkLaw(
      law(
        'a typed error or a finite state',
        fc.tuple(
          settings,
          fc.nat(1000),
          fc.constantFrom('policy', 'value', 'memory'),
          fc.oneof(values(weird), values(large)),
          places,
        ),
        ([options, seed, part, numbers, at]) => {
          const config = { ...options, model };
          const { state, batch } = problemOf(config, seed, { lengths: [3, 4] });
          const costed = withCosts(batch, seed);
          const step = algorithm(config);
          const first = step(state, costed);
          if (first._tag === 'Left') return;
          const after: TrpoState = first.right.state;
          checkStep(step, { ...after, [part]: spoiltTree(after[part], numbers, at) }, costed);
        },
      ),
      { numRuns: 40 },
    );
  });

  test('anything in place of batch, state, memory, costs and options', () => {
    const anything = fc.anything({ withBigInt: true, withMap: true, withTypedArray: true, withNullPrototype: true });
    const { state, batch } = problemOf({ model: choices }, 1);
    const costed = withCosts(batch, 1);
    checkLaw(
      law(
        'a typed error or a finite state',
        fc.tuple(anything, anything, fc.dictionary(fc.string(), anything)),
        ([a, b, options]) => {
          const step = algorithm({ engine: 'interpreter', model: choices });
          checkStep(step, a as never, costed);
          checkStep(step, state, b as never);
          checkStep(step, { ...state, memory: a as never }, costed);
          checkStep(step, state, { ...costed, costs: b as never });
          checkStep(algorithm({ ...options, model: choices }), state, costed);
        },
      ),
      { numRuns: 40 },
    );
  });
});
