/** Workers that die, hang or fail: a typed error within a second, and the engine goes on. */
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jit, matmul, multiply, sum, tanh, type WasmEngine } from '@natgrad/autodiff';
import { isNatgradError, key, normal, type Tensor, toTypedArray } from '@natgrad/tensor';
import { lawRuns } from '@natgrad/tensor/laws';
import { describe, expect, test } from 'vitest';
import { MOST_MODULES } from '../../packages/autodiff/src/backends/wasm/threads/control.js';
import type { Started, StartMember } from '../../packages/autodiff/src/backends/wasm/threads/start.js';
import { errorOf } from '../errors.js';
import { afterBlocks, COARSE, engineOfThreads, FINE, gathered, starter, until } from './_threads.js';

const [a, b] = [normal(key(1), [2000, 100]), normal(key(2), [100, 96])];
const program = (engine: WasmEngine): (() => readonly number[]) => {
  const compiled = jit((x: Tensor, y: Tensor) => sum(tanh(matmul(x, y)), 0), { engine });
  return () => [...toTypedArray(compiled(a, b))];
};

/** Starts what the others start only once; then the usual workers. */
const once = (first: StartMember): StartMember => {
  let isFirst = true;
  return (...args) => {
    const start = isFirst ? first : starter();
    isFirst = false;
    return start(...args);
  };
};

/** The usual workers, and what there is of them. */
const watched = (retires: number): { readonly start: StartMember; readonly workers: Started[] } => {
  const workers: Started[] = [];
  const start: StartMember = (setup, ended) => {
    const started = starter()({ ...setup, retires }, ended);
    workers.push(started);
    return started;
  };
  return { start, workers };
};

const expected = program(engineOfThreads(1, COARSE))();

/** Runs until the worker is lost; the error, and the milliseconds of the call that threw it. */
const runUntilLost = (run: () => readonly number[]): { readonly error: Error; readonly milliseconds: number } => {
  for (let turn = 0; turn < 5000; turn += 1) {
    const before = performance.now();
    try {
      expect(run()).toEqual(expected);
    } catch (error) {
      if (!isNatgradError(error)) throw error;
      return { error, milliseconds: performance.now() - before };
    }
  }
  throw new Error('no worker was lost');
};

describe('a worker that is lost in the middle of a block', () => {
  test.each([
    ['ends', 'process.exit(3);', /did not come back/],
    ['hangs', 'for (;;);', /did not come back/],
    ['throws', "throw new RangeError('out of luck');", /RangeError: out of luck/],
  ])('%s: a typed error within a second, right results at once, and threads again', async (_, happens, found) => {
    const engine = engineOfThreads(2, COARSE, { start: once(afterBlocks(9, happens)) });
    const run = program(engine);
    await gathered(engine);
    const { error, milliseconds } = runUntilLost(run);
    expect(error).toMatchObject({ code: 'WorkerLost', found: expect.stringMatching(found) as unknown });
    expect(milliseconds).toBeLessThan(1000);
    expect(run()).toEqual(expected);
    expect(engine.statistics().threads).toMatchObject({ lost: 1, reason: null });
    await until(() => engine.statistics().threads.ready === 2);
    const { workerBlocks } = engine.statistics().threads;
    for (let turn = 0; turn < 100 && engine.statistics().threads.workerBlocks === workerBlocks; turn += 1)
      expect(run()).toEqual(expected);
    expect(engine.statistics().threads.workerBlocks).toBeGreaterThan(workerBlocks);
  });

  test('in a product that takes a second: known within a second too, not after the rest', async () => {
    const [x, y] = [normal(key(4), [2400, 2400]), normal(key(5), [2400, 2400])];
    const file = join(mkdtempSync(join(tmpdir(), 'natgrad-lost-')), 'when');
    const note = `writeFileSync(${JSON.stringify(file)}, String(Date.now())); process.exit(3);`;
    const engine = engineOfThreads(2, COARSE, { start: once(afterBlocks(9, note)) });
    const product = jit((u: Tensor, v: Tensor) => matmul(u, v), { engine });
    await gathered(engine);
    expect(errorOf(() => product(x, y))).toMatchObject({ code: 'WorkerLost' });
    expect(Date.now() - Number(readFileSync(file, 'utf8'))).toBeLessThan(1000);
  });

  test('what it may still write to is not used again before it has ended', async () => {
    const engine = engineOfThreads(2, COARSE, { start: once(afterBlocks(200, 'for (;;);')) });
    const run = program(engine);
    await gathered(engine);
    run();
    const before = engine.statistics().arenaBytes;
    runUntilLost(run);
    run();
    // The arena of the call that failed is kept beside a new one, until the event loop says that the worker has ended.
    expect(engine.statistics().arenaBytes).toBeGreaterThan(1.5 * before);
    await until(() => engine.statistics().arenaBytes <= 1.1 * before);
    expect(run()).toEqual(expected);
  });

  test('if that goes on, the engine stays on one thread and says why', async () => {
    const engine = engineOfThreads(2, COARSE, { start: afterBlocks(1, 'process.exit(3);') });
    const run = program(engine);
    for (let losses = 1; losses <= 3; losses += 1) {
      await gathered(engine).catch((error: unknown) => expect(error).toMatchObject({ code: 'WorkerLost' }));
      if (engine.statistics().threads.lost < losses) runUntilLost(run);
      expect(engine.statistics().threads.lost).toBe(losses);
    }
    expect(engine.statistics().threads).toMatchObject({
      ready: 1,
      reason: expect.stringMatching(/3 workers were lost/) as unknown,
    });
    expect(run()).toEqual(expected);
  });
});

test('a worker that is killed while it has nothing to do is no error: another one comes', async () => {
  const { start, workers } = watched(30_000);
  const engine = engineOfThreads(2, COARSE, { start });
  const run = program(engine);
  await gathered(engine);
  await until(() => engine.statistics().threads.asleep === 1);
  await workers[0]?.end();
  expect(run()).toEqual(expected);
  await until(() => {
    expect(run()).toEqual(expected);
    return workers.length === 2 && engine.statistics().threads.ready === 2;
  });
});

test('workers killed at random times: right results or a typed error, and right results again', async () => {
  const { start, workers } = watched(30_000);
  const engine = engineOfThreads(3, COARSE, { start });
  const run = program(engine);
  await gathered(engine);
  for (let turn = 0; turn < lawRuns(20); turn += 1) {
    // The signal arrives while the loop below has the thread.
    void workers.at(-1 - (turn % 2))?.end();
    for (let repeat = 0; repeat < turn % 7; repeat += 1) {
      try {
        expect(run()).toEqual(expected);
      } catch (error) {
        if (!isNatgradError(error)) throw error;
        expect(error.code).toBe('WorkerLost');
        expect(run()).toEqual(expected);
      }
    }
    await new Promise((resolve) => setTimeout(resolve, (turn % 5) * 10));
  }
  expect(run()).toEqual(expected);
});

test('a worker that has had nothing to do for long is gone, and comes again with the work', async () => {
  const { start, workers } = watched(300);
  const engine = engineOfThreads(2, COARSE, { start });
  const run = program(engine);
  await gathered(engine);
  await until(() => engine.statistics().threads.ready === 1);
  expect(workers.length).toBe(1);
  await until(() => {
    expect(run()).toEqual(expected);
    return engine.statistics().threads.workerBlocks > 0;
  });
  expect(workers.length).toBeGreaterThan(1);
  expect(engine.statistics().threads).toMatchObject({ lost: 0, reason: null });
});

test('workers that know too many programs make room for new ones', async () => {
  const { start, workers } = watched(30_000);
  const engine = engineOfThreads(2, FINE, { start });
  await gathered(engine);
  const x = normal(key(3), [9]);
  const [first, ...rest] = [...toTypedArray(x)];
  for (let i = 1; i <= MOST_MODULES + 50; i += 1) {
    // Each number is a loop of its own.
    const scaled = jit((value: Tensor) => multiply(value, i), { engine })(x);
    expect([...toTypedArray(scaled)]).toEqual([first, ...rest].map((value) => (value as number) * i));
  }
  expect(workers.length).toBe(2);
  await until(() => engine.statistics().threads.ready === 2);
  expect(engine.statistics().threads).toMatchObject({ lost: 0, reason: null });
});

test('threads that nobody can start are none, and a word about it', async () => {
  const engine = engineOfThreads(2, COARSE, { start: starter(new URL('file:///nowhere/engine-worker.js')) });
  const run = program(engine);
  expect(run()).toEqual(expected);
  await until(() => engine.statistics().threads.reason !== null);
  expect(engine.statistics().threads).toMatchObject({
    ready: 1,
    lost: 0,
    reason: expect.stringMatching(/could not start: .*nowhere/) as unknown,
  });
  const refused = engineOfThreads(2, COARSE, {
    start: () => {
      throw new Error('refused by a policy');
    },
  });
  expect(program(refused)()).toEqual(expected);
  expect(refused.statistics().threads.reason).toMatch(/refused by a policy/);
});

test('a number of threads that is none is an error', () => {
  for (const threads of [0, -1, 1.5, Number.NaN, 65])
    expect(errorOf(() => engineOfThreads(threads, COARSE))).toMatchObject({
      code: 'InvalidArgument',
      argument: 'threads',
    });
});
