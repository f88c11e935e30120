/** Threads change no bit: on random programs, on products and loops of every shape, and on a whole step. */
import { createHash } from 'node:crypto';
import { add, exp, jit, matmul, multiply, sum, tanh, transpose, type WasmEngine } from '@natgrad/autodiff';
import { checkLaw, engineLaws, sameBitsLaws } from '@natgrad/autodiff/laws';
import { mlpModel, type StepConfig, trpoStep } from '@natgrad/rl-trpo';
import { problemOf } from '@natgrad/rl-trpo/laws';
import { key, normal, type Tensor, toTypedArray, treeLeaves } from '@natgrad/tensor';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { COARSE, engineOfThreads, FINE, gathered, type Kind, kinds } from './_threads.js';

/** A line for each tensor that has the same bits only. */
const bitsOf = (values: readonly Tensor[]): readonly string[] =>
  values.map((value) => createHash('sha256').update(toTypedArray(value)).digest('hex'));

/** Blocks that workers of an engine have taken. */
const blocksOf = (engine: WasmEngine): number => engine.statistics().threads.workerBlocks;

describe.each(kinds.flatMap((kind) => [2, 3].map((threads) => [kind, threads] as const)))(
  '%s, %d threads',
  (kind, threads) => {
    const one = engineOfThreads(1, FINE, { kind });
    const many = engineOfThreads(threads, FINE, { kind });
    beforeAll(() => gathered(many));

    test.each(
      [...sameBitsLaws(one, many), ...sameBitsLaws(one, many, { while: true })].map((law) => [law.name, law] as const),
    )('%s', (_, law) => {
      const before = many.statistics().threads.tasks;
      checkLaw(law, { numRuns: 30 });
      expect(many.statistics().threads.tasks).toBeGreaterThan(before);
    });

    afterAll(() => expect(blocksOf(many)).toBeGreaterThan(0));

    test.each(engineLaws(many).map((law) => [law.name, law] as const))('%s', (_, law) => {
      checkLaw(law, { numRuns: 5 });
    });
  },
);

/** Products of all transposes with and without an addend, sums of all directions, and functions of elements. */
const work = (a: Tensor, b: Tensor, c: Tensor): readonly Tensor[] => {
  const product = matmul(a, b);
  const added = [add(matmul(transpose(a), c), b), add(matmul(c, transpose(b)), a)];
  const activated = tanh(multiply(product, 0.1));
  return [product, ...added, activated, sum(activated), sum(activated, 0), sum(exp(activated), 1)];
};

describe.each(kinds)('%s', (kind: Kind) => {
  const engines = [1, 2, 3].map((threads) => engineOfThreads(threads, COARSE, { kind }));
  beforeAll(async () => {
    await Promise.all(engines.slice(1).map(gathered));
  });

  test.each(
    (['f32', 'f64'] as const).flatMap((dtype) =>
      // Rows, inner, columns: tall, wide, narrow with a long sum, and sizes that no block divides.
      [
        [1000, 64, 64],
        [64, 500, 300],
        [7, 2000, 131],
        [513, 77, 259],
        [1, 40_000, 3],
      ].map((shape) => [dtype, shape] as const),
    ),
  )('%s of %j: one, two and three threads', (dtype, [m, k, n]) => {
    const [a, b, c] = [
      [m, k],
      [k, n],
      [m, n],
    ].map((shape, seed) => normal(key(seed), shape as number[], { dtype }));
    const [one, ...many] = engines.map((engine) => {
      const program = jit((...args: readonly [Tensor, Tensor, Tensor]) => work(...args), { engine });
      return { engine, run: () => bitsOf(program(a as Tensor, b as Tensor, c as Tensor)) };
    });
    const expected = one?.run();
    for (const { engine, run } of many) {
      const before = blocksOf(engine);
      // On a busy core a worker may come late: until it has taken part, and once more.
      for (let turn = 0; turn < 200 && blocksOf(engine) === before; turn += 1) expect(run()).toEqual(expected);
      expect(run()).toEqual(expected);
      expect(blocksOf(engine)).toBeGreaterThan(before);
    }
  });

  const model = mlpModel(
    { observationSpace: { low: [0, 0, 0] }, actionSpace: { kind: 'box', low: [0, 0] } },
    { hidden: [64, 64], valueHidden: [64], dtype: 'f32' },
  );
  const configurations: readonly Omit<StepConfig, 'model'>[] = [
    {},
    { fisher: 'hessian', entropyBonus: 0.01, valueMinibatch: 300, normaliseObservations: true },
  ];
  test.each(configurations.map((config) => [config]))('a whole step: one, two and three threads, %j', (config) => {
    const problem = problemOf({ ...config, model, dtype: 'f32' }, 3, { lengths: [700, 900] });
    const steps = engines.map((engine) => {
      const result = trpoStep(problem.config, undefined, engine)(problem.state, problem.batch);
      if (result._tag === 'Left') throw new Error(result.left.message);
      const { state, report } = result.right;
      const { engine: _, ...numbers } = report;
      return { bits: bitsOf(treeLeaves([state.policy, state.value])), numbers };
    });
    expect(steps[0]?.numbers.lineSearch).toMatchObject({ status: 'accepted' });
    for (const step of steps) expect(step).toEqual(steps[0]);
  });
});
