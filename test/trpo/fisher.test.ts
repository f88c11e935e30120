/** The Fisher operator of every kind of policy keeps its laws; chunks bound memory, and a step takes rows as its options say. */
import { wasmEngine } from '@natgrad/autodiff';
import {
  drawRows,
  fisherPrograms,
  type Model,
  mlpModel,
  type StepConfig,
  type StepResult,
  trpoStep,
} from '@natgrad/rl-trpo';
import { exampleModels, fisherLaws, problemOf } from '@natgrad/rl-trpo/laws';
import { arange, foldIn, key, normal, reshape, toTypedArray, treeLeaves } from '@natgrad/tensor';
import { checkLaw } from '@natgrad/tensor/laws';
import { isLeft } from 'fp-ts/lib/Either.js';
import { describe, expect, test } from 'vitest';

test.each(exampleModels.flatMap(fisherLaws))('$name', (law) => checkLaw(law, { numRuns: 10 }));

const numbersOf = (tree: unknown): readonly number[] => treeLeaves(tree).flatMap((leaf) => [...toTypedArray(leaf)]);

describe('drawn rows', () => {
  const rows = {
    observations: reshape(arange(0, 40, 1), [20, 2]),
    oldParameters: { logits: reshape(arange(0, 20, 1), [20, 1]) },
  };

  test('are as many as asked for, each with its own old parameters, and the same for the same key', () => {
    const drawn = drawRows(rows, 6, key(1));
    expect(drawn.observations.shape).toEqual([6, 2]);
    const first = toTypedArray(drawn.observations).filter((_, i) => i % 2 === 0);
    expect([...toTypedArray(drawn.oldParameters['logits'] as never)].map((row) => 2 * row)).toEqual([...first]);
    const again = (seed: number): readonly number[] => numbersOf(drawRows(rows, 6, key(seed)));
    expect(again(1)).toEqual(numbersOf(drawn));
    expect(again(2)).not.toEqual(numbersOf(drawn));
  });

  test('are the batch itself where it has no more', () => {
    for (const count of [null, 20, 21]) expect(drawRows(rows, count, key(1))).toBe(rows);
  });

  test('are any row as often as any other', () => {
    const [draws, count, all] = [600, 5, 20];
    const times = Array<number>(all).fill(0);
    for (let i = 0; i < draws; i += 1)
      for (const row of toTypedArray(drawRows(rows, count, foldIn(key(3), i)).oldParameters['logits'] as never))
        times[row] = (times[row] as number) + 1;
    // Binomial with mean 150 and deviation 10.6: the seed is fixed, five deviations are far.
    for (const found of times) expect(Math.abs(found - (draws * count) / all)).toBeLessThan(53);
  });
});

const step = (config: StepConfig, lengths: readonly number[]): StepResult => {
  const { state, batch } = problemOf(config, 7, { lengths });
  const result = trpoStep(config)(state, batch);
  if (isLeft(result)) throw new Error(result.left.message);
  return result.right;
};
const difference = (a: unknown, b: unknown): number => {
  const [x, y] = [numbersOf(a), numbersOf(b)];
  return Math.hypot(...x.map((each, i) => each - (y[i] as number))) / Math.hypot(...y);
};

describe.each(['gaussNewton', 'hessian'] as const)('a step with %s', (fisher) => {
  const [model] = exampleModels as [Model];
  const lengths = [9, 14, 11];
  const whole = step({ model, fisher }, lengths);

  test.each([1, 10, 33])('in chunks of %i rows is the same up to rounding', (fisherChunk) => {
    const found = step({ model, fisher, fisherChunk }, lengths);
    // Rounding of 1e-16, grown through ten products by the condition number, about 10⁴.
    expect(difference(found.state.policy, whole.state.policy)).toBeLessThan(1e-9);
    expect(found.report.lineSearch?.status).toBe('accepted');
  });

  test('with a chunk or a number of rows as large as the batch it is the same to the bit', () => {
    const found = step({ model, fisher, fisherChunk: 34, fisherRows: 34 }, lengths);
    expect(numbersOf(found.state.policy)).toEqual(numbersOf(whole.state.policy));
  });

  test('over some rows is another one, the same each time, and within the trust region of the whole batch', () => {
    const found = step({ model, fisher, fisherRows: 12 }, lengths);
    expect(difference(found.state.policy, whole.state.policy)).toBeGreaterThan(1e-6);
    expect(found.report.lineSearch?.status).toBe('accepted');
    expect(found.report.kl).toBeLessThanOrEqual(0.01);
    expect(numbersOf(step({ model, fisher, fisherRows: 12 }, lengths).state.policy)).toEqual(
      numbersOf(found.state.policy),
    );
    // And in chunks the same rows.
    const chunked = step({ model, fisher, fisherRows: 12, fisherChunk: 5 }, lengths);
    expect(difference(chunked.state.policy, found.state.policy)).toBeLessThan(1e-9);
  });
});

describe('memory', () => {
  const model = mlpModel(
    { observationSpace: { low: [0, 0, 0] }, actionSpace: { kind: 'box', low: [0] } },
    { hidden: [64, 64] },
  );
  const rows = 16_384;
  const observations = normal(key(1), [rows, 3]);
  const theta = model.initialise(key(2)).policy;
  const old = model.policy(theta, observations);

  /** Bytes that an engine's memory has grown to after a product of either form. */
  const bytes = (fisherChunk: number | null): number => {
    const engine = wasmEngine();
    const programs = fisherPrograms(model, { engine, fisherChunk });
    const linearised = programs.linearisedPolicy(theta, { observations });
    linearised.fisher(theta);
    linearised.transpose(linearised.value);
    programs.hessian(theta, { observations, oldParameters: old })(theta);
    return engine.statistics().memoryBytes;
  };

  test('of a product in chunks is a small part of that at once', () => {
    expect(bytes(1024)).toBeLessThan(bytes(null) / 4);
  });
});
