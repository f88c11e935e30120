/** A whole step keeps its laws, for every kind of policy and the options that change its course. */
import { type Model, mlpModel, type StepConfig, trpoStep } from '@natgrad/rl-trpo';
import { actingLaws, exactnessLaws, exampleModels, trustRegionLaws } from '@natgrad/rl-trpo/laws';
import { checkLaw } from '@natgrad/tensor/laws';
import { describe, test } from 'vitest';

const configurations: readonly (readonly [name: string, options: Omit<StepConfig, 'model'>])[] = [
  ['defaults', {}],
  ['Hessian, relative damping', { fisher: 'hessian', dampingKind: 'relative' }],
  // With raw advantages L(θ_old) is not 0.
  [
    'raw advantages, minibatches, gradient clip',
    { normaliseAdvantages: false, valueMinibatch: 5, valueGradientClip: 0.5, valueDecaySteps: 1000 },
  ],
];

describe.each(configurations)('%s', (_name, options) => {
  test.each(exampleModels.flatMap((model) => trustRegionLaws(trpoStep, { ...options, model })))('$name', (law) =>
    checkLaw(law, { numRuns: 5 }),
  );
});

test.each(exactnessLaws(trpoStep))('$name', (law) => checkLaw(law, { numRuns: 20 }));

const withoutInference = exampleModels.map(
  (model): Model =>
    Object.fromEntries(Object.entries(model).filter(([name]) => name !== 'inference')) as unknown as Model,
);
const byTensors = exampleModels.map((model): Model => {
  const { packed: _packed, ...distribution } = model.distribution;
  return { ...model, distribution };
});
test.each(
  [...exampleModels, ...withoutInference, ...byTensors].flatMap((model) =>
    actingLaws({ model, normaliseObservations: true }),
  ),
)('$name', (law) => checkLaw(law, { numRuns: 10 }));
// Wide enough to act through a compiled program, several rows at a time.
const wide = (['discrete', 'box'] as const).map((kind) =>
  mlpModel(
    {
      observationSpace: { low: [0, 0, 0] },
      actionSpace: kind === 'box' ? { kind, low: [0, 0] } : { kind, n: 3 },
    },
    { hidden: [128, 129], valueHidden: [4], outputScale: 1 },
  ),
);
test.each(wide.flatMap((model) => actingLaws({ model })))('wide, $name', (law) => checkLaw(law, { numRuns: 4 }));

test.each(withoutInference.flatMap((model) => actingLaws({ model, engine: 'interpreter' })))(
  'interpreter, $name',
  (law) => checkLaw(law, { numRuns: 5 }),
);
