/** A policy that computes its activations again instead of keeping them. */
import { interpreter, jitLinearize } from '@natgrad/autodiff';
import {
  decodeConfig,
  initialState,
  type Model,
  mlpModel,
  type Spaces,
  type StepConfig,
  type StepResult,
  trpoStep,
} from '@natgrad/rl-trpo';
import { checkpointingLaws, exampleModels, exampleSpaces, problemOf } from '@natgrad/rl-trpo/laws';
import { key, normal, toTypedArray, treeLeaves } from '@natgrad/tensor';
import { checkLaw } from '@natgrad/tensor/laws';
import { isLeft } from 'fp-ts/lib/Either.js';
import { describe, expect, test } from 'vitest';

const [forChoices, forBoxes] = exampleSpaces as [Spaces, Spaces];

const pair = (spaces: Spaces, hidden: readonly number[]): readonly [Model, Model] => {
  const options = { hidden, valueHidden: [4], outputScale: 1 };
  return [mlpModel(spaces, options), mlpModel(spaces, { ...options, checkpointing: true })];
};

test.each([
  ...checkpointingLaws(...pair(forChoices, [5, 4])),
  ...checkpointingLaws(...pair(forBoxes, [6])),
  ...checkpointingLaws(...pair(forBoxes, [4, 5, 6, 5])),
])('$name', (law) => checkLaw(law, { numRuns: 10 }));

describe('what is kept', () => {
  const rows = 500;
  const floats = (model: Model): number => {
    const { policy } = model.initialise(key(1));
    const { residualBytes } = jitLinearize((theta: typeof policy) => model.policy(theta, normal(key(2), [rows, 2])))(
      policy,
    );
    return residualBytes / 8 / rows;
  };

  test('of 9 layers the inputs of 3 blocks, not of 9 layers', () => {
    const [plain, checkpointed] = pair(forBoxes, new Array<number>(8).fill(16));
    // An activation is 16 numbers a row; weights, which do not depend on the rows, are 4 of them here.
    expect(floats(plain)).toBeGreaterThan(8 * 16);
    expect(floats(checkpointed)).toBeLessThan(3 * 16 + 8);
  });
});

const run = (config: StepConfig, seed: number): StepResult => {
  // Both models begin with the same parameters.
  const { state, batch } = problemOf(config, seed);
  const result = trpoStep(config)(state, batch);
  if (isLeft(result)) throw new Error(result.left.message);
  return result.right;
};

const numbersOf = (tree: unknown): readonly number[] => treeLeaves(tree).flatMap((leaf) => [...toTypedArray(leaf)]);

test.each([
  ['gaussNewton', 'wasm'],
  ['hessian', 'wasm'],
  ['gaussNewton', 'interpreter'],
] as const)('a step is the same step: %s on %s', (fisher, engine) => {
  const [plain, checkpointed] = pair(forBoxes, [5, 4]);
  const [expected, found] = [
    run({ model: plain, fisher, engine }, 3),
    run({ model: checkpointed, checkpointing: true, fisher, engine }, 3),
  ];
  expect(found.report.lineSearch?.status).toBe('accepted');
  // Rounding of the products, which ten of them and the condition of F (about 10⁴) magnify.
  numbersOf(found.state.policy).forEach((x, i) =>
    expect(Math.abs(x - (numbersOf(expected.state.policy)[i] as number))).toBeLessThan(1e-9),
  );
});

describe('checkpointing nothing is refused', () => {
  test('a policy without hidden layers', () => {
    const found = decodeConfig({ checkpointing: true, hidden: [] });
    expect(isLeft(found) && found.left.issues).toMatchObject([{ code: 'contradiction', field: 'checkpointing' }]);
    expect(isLeft(found) && found.left.message).toMatch(/expected false, or widths in hidden$/);
  });

  test('a model that keeps its activations all the same, of one’s own or not built with the option', () => {
    const [model] = exampleModels as [Model];
    const found = initialState({ model, checkpointing: true }, key(0));
    expect(isLeft(found) && found.left.issues).toMatchObject([{ code: 'contradiction', field: 'checkpointing' }]);
    expect(isLeft(found) && found.left.message).toMatch(/mlpModel\(spaces, \{ checkpointing: true \}\), or false$/);
  });

  test('and on the interpreter it is one program as well', () => {
    const [, checkpointed] = pair(forChoices, [3]);
    const { state, batch } = problemOf({ model: checkpointed }, 1);
    expect(trpoStep({ model: checkpointed, checkpointing: true }, undefined, interpreter)(state, batch)._tag).toBe(
      'Right',
    );
  });
});
