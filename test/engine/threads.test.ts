/** Threads change no bit: on random programs, on products and loops of every shape, and on a whole step. */
import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { add, exp, jit, matmul, multiply, sum, tanh, transpose, type WasmEngine } from '@natgrad/autodiff';
import { occupyCores } from '@natgrad/autodiff/internal';
import { checkLaw, engineLaws, sameBitsLaws } from '@natgrad/autodiff/laws';
import { mlpModel, type StepConfig, trpoStep } from '@natgrad/rl-trpo';
import { problemOf } from '@natgrad/rl-trpo/laws';
import { key, normal, type Tensor, toTypedArray, treeLeaves } from '@natgrad/tensor';
import { lawRuns } from '@natgrad/tensor/laws';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StartMember } from '../../packages/autodiff/src/backends/wasm/threads/start.js';
import { afterBlocks, COARSE, engineOfThreads, FINE, gathered, type Kind, kinds, starter } from './_threads.js';

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

test('threads that are at work elsewhere are left a core each', async () => {
  const engine = await gathered(engineOfThreads(3, COARSE));
  const program = jit((a: Tensor, b: Tensor) => matmul(a, b), { engine });
  const [a, b] = [normal(key(0), [600, 100]), normal(key(1), [100, 60])];
  const expected = bitsOf([program(a, b)]);
  /** Tasks that were divided, and blocks that workers took, of a few runs. */
  const done = (): readonly [tasks: number, blocks: number] => {
    const { tasks } = engine.statistics().threads;
    const blocks = blocksOf(engine);
    for (let turn = 0; turn < 200; turn += 1) expect(bitsOf([program(a, b)])).toEqual(expected);
    return [engine.statistics().threads.tasks - tasks, blocksOf(engine) - blocks];
  };
  // As many cores as threads, or more, have room for one more elsewhere.
  const cores = Math.max(3, availableParallelism());
  const releases = [occupyCores(cores - 2), occupyCores(1)];
  expect(done()).toEqual([0, 0]);
  releases[1]?.();
  releases[1]?.();
  expect(done()[0]).toBe(200);
  releases[0]?.();
  const [tasks, blocks] = done();
  expect([tasks, blocks > 0]).toEqual([200, true]);
});

test('of several workers only as many take part as have a core', async () => {
  /** The second worker ends in its first block. */
  let started = 0;
  const start: StartMember = (...args) => {
    started += 1;
    return (started === 2 ? afterBlocks(1, 'process.exit(3);') : starter())(...args);
  };
  const engine = engineOfThreads(3, COARSE, { start });
  const release = occupyCores(Math.max(3, availableParallelism()) - 2);
  await gathered(engine);
  const program = jit((a: Tensor, b: Tensor) => matmul(a, b), { engine });
  const args = [normal(key(0), [600, 100]), normal(key(1), [100, 60])] as const;
  for (let turn = 0; turn < 500; turn += 1) program(...args);
  expect(engine.statistics().threads).toMatchObject({ ready: 3, lost: 0 });
  expect(blocksOf(engine)).toBeGreaterThan(0);
  release();
  expect(() => {
    for (let turn = 0; turn < 500; turn += 1) program(...args);
  }).toThrow('a worker of the engine was lost');
});

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

  /** What a whole step is of: every form of it, policies of choices and of numbers, in both precisions. */
  interface Step {
    readonly seed: number;
    readonly choices: boolean;
    readonly hidden: readonly number[];
    readonly lengths: readonly number[];
    readonly options: Pick<
      StepConfig,
      'dtype' | 'fisher' | 'entropyBonus' | 'valueMinibatch' | 'normaliseObservations'
    >;
  }
  const steps: fc.Arbitrary<Step> = fc.record({
    seed: fc.nat(1e6),
    choices: fc.boolean(),
    hidden: fc.array(fc.constantFrom(20, 64, 100), { minLength: 1, maxLength: 2 }),
    lengths: fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 1, maxLength: 3 }),
    options: fc.record({
      dtype: fc.constantFrom('f32' as const, 'f64' as const),
      fisher: fc.constantFrom('gaussNewton' as const, 'hessian' as const),
      entropyBonus: fc.constantFrom(0, 0.01),
      valueMinibatch: fc.constantFrom(64, 300),
      normaliseObservations: fc.boolean(),
    }),
  });
  const large = { hidden: [64, 64], lengths: [700, 900], seed: 3, choices: false } as const;
  const plain = {
    dtype: 'f32',
    fisher: 'gaussNewton',
    entropyBonus: 0,
    valueMinibatch: 64,
    normaliseObservations: false,
  } as const;
  const other = {
    dtype: 'f64',
    fisher: 'hessian',
    entropyBonus: 0.01,
    valueMinibatch: 300,
    normaliseObservations: true,
  } as const;

  test('a whole step: one, two and three threads', () => {
    const before = engines.map(blocksOf);
    let accepted = 0;
    const law = fc.property(steps, ({ seed, choices, hidden, lengths, options }) => {
      const model = mlpModel(
        {
          observationSpace: { low: [0, 0, 0] },
          actionSpace: choices ? { kind: 'discrete', n: 4 } : { kind: 'box', low: [0, 0] },
        },
        { hidden, valueHidden: hidden, dtype: options.dtype ?? 'f64' },
      );
      const problem = problemOf({ ...options, model }, seed, { lengths });
      const [one, ...many] = engines.map((engine) => {
        const result = trpoStep(problem.config, undefined, engine)(problem.state, problem.batch);
        if (result._tag === 'Left') return result.left.message;
        const { state, report } = result.right;
        const { engine: _, ...numbers } = report;
        return { bits: bitsOf(treeLeaves([state.policy, state.value])), numbers };
      });
      for (const each of many) expect(each).toEqual(one);
      if (typeof one === 'object' && one.numbers.lineSearch.status === 'accepted') accepted += 1;
    });
    fc.assert(law, {
      numRuns: lawRuns(6),
      examples: [[{ ...large, options: plain }], [{ ...large, options: other }]],
    });
    expect(accepted).toBeGreaterThan(1);
    engines.slice(1).forEach((engine, k) => expect(blocksOf(engine)).toBeGreaterThan(before[k + 1] as number));
  });
});
