/** Where and when there are threads: only for enough work, on memory that can be shared, and never in the way of anything. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { jit, matmul, sum, type WasmEngine, wasm } from '@natgrad/autodiff';
import { loadEnv, vectorise } from '@natgrad/envs';
import { defaultConfig, initialState, modelFor, rollout } from '@natgrad/rl-trpo';
import { item, key, ones, type Scalar, type Tensor } from '@natgrad/tensor';
import { isLeft } from 'fp-ts/lib/Either.js';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { GRAIN } from '../../packages/autodiff/src/backends/wasm/threads/cut.js';
import { noSharing } from '../../packages/autodiff/src/backends/wasm/threads/start.js';
import { engineOfThreads, gathered, until } from './_threads.js';

const total = (engine: WasmEngine): ((a: Tensor, b: Tensor) => Scalar) =>
  jit((a: Tensor, b: Tensor) => sum(matmul(a, b)), { engine });

afterEach(() => vi.unstubAllGlobals());

test('small programs start no worker, large ones do', async () => {
  const started: unknown[] = [];
  const engine = engineOfThreads(3, GRAIN, {
    start: (setup) => (started.push(setup), { end: () => Promise.resolve() }),
  });
  const product = total(engine);
  for (let i = 0; i < 100; i += 1) product(ones([32, 32]), ones([32, 32]));
  expect([started.length, engine.statistics().threads]).toEqual([
    0,
    { wanted: 3, ready: 1, asleep: 0, tasks: 0, ownBlocks: 0, workerBlocks: 0, lost: 0, reason: null },
  ]);
  expect(item(product(ones([600, 500]), ones([500, 400])))).toBe(600 * 500 * 400);
  expect(started.length).toBe(2);
});

describe('one thread, with a reason', () => {
  const large = [ones([600, 500]), ones([500, 400])] as const;
  const expectAlone = (reason: RegExp): void => {
    const engine = engineOfThreads(2, GRAIN);
    expect(item(total(engine)(...large))).toBe(600 * 500 * 400);
    expect(engine.statistics().threads).toMatchObject({ wanted: 1, ready: 1, tasks: 0 });
    expect(engine.statistics().threads.reason).toMatch(reason);
  };

  test('where there is no SharedArrayBuffer', () => {
    vi.stubGlobal('SharedArrayBuffer', undefined);
    expectAlone(/no SharedArrayBuffer/);
  });

  test('in a page whose headers do not isolate it: the headers that do', () => {
    vi.stubGlobal('crossOriginIsolated', false);
    vi.stubGlobal('SharedArrayBuffer', undefined);
    expectAlone(/Cross-Origin-Opener-Policy: same-origin.*Cross-Origin-Embedder-Policy: require-corp/);
    vi.stubGlobal('crossOriginIsolated', true);
    vi.unstubAllGlobals();
    expect(noSharing()).toBeNull();
  });

  test('where the host refuses shared memory', () => {
    const { Memory } = WebAssembly;
    const refusing = vi.spyOn(WebAssembly, 'Memory').mockImplementation(function refuse(descriptor) {
      if (descriptor.shared === true) throw new RangeError('could not allocate memory');
      return new Memory(descriptor);
    });
    try {
      expectAlone(/refuses shared memory/);
    } finally {
      refusing.mockRestore();
    }
  });

  test('asked for one, none', () => {
    const engine = engineOfThreads(1, GRAIN);
    expect(item(total(engine)(...large))).toBe(600 * 500 * 400);
    expect(engine.statistics().threads).toMatchObject({ wanted: 1, reason: null });
  });
});

test('a host that has addresses for less has threads all the same', async () => {
  const { Memory } = WebAssembly;
  const small = vi.spyOn(WebAssembly, 'Memory').mockImplementation(function limited(descriptor) {
    if ((descriptor.maximum ?? 0) > 2 ** 14) throw new RangeError('could not allocate memory');
    return new Memory(descriptor);
  });
  try {
    const engine = await gathered(engineOfThreads(2, { ...GRAIN, plan: 0, step: 0 }));
    expect(engine.statistics().threads.ready).toBe(2);
  } finally {
    small.mockRestore();
  }
});

/** Runs a program of Node's and tells how long it goes on after the last line that it prints. */
const secondsAfterLastLine = (
  program: string,
): Promise<{ readonly seconds: number; readonly lines: readonly string[] }> =>
  new Promise((resolve, reject) => {
    const dist = (name: string): string =>
      fileURLToPath(new URL(`../../packages/${name}/dist/index.js`, import.meta.url));
    const imports = `import { blasLibrary, jit, matmul, sum, wasmEngine } from ${JSON.stringify(dist('autodiff'))};
      import { ones } from ${JSON.stringify(dist('tensor'))};`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', imports + program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let [text, last] = ['', performance.now()];
    child.stdout.on('data', (chunk: Buffer) => {
      text += String(chunk);
      last = performance.now();
    });
    child.on('error', reject);
    child.on('close', () => resolve({ seconds: (performance.now() - last) / 1000, lines: text.trim().split('\n') }));
  });

describe('a process ends by itself within a second of its last line', () => {
  const use = `
    const engine = wasmEngine({ threads: 2 });
    const program = jit((a, b) => sum(matmul(a, b)), { engine });
    const [a, b] = [ones([2000, 500]), ones([500, 400])];
    const { threads } = engine.statistics();`;

  test('while workers start', async () => {
    const { seconds, lines } = await secondsAfterLastLine(`${use} program(a, b); console.log(threads.wanted);`);
    expect(lines).toEqual(['2']);
    expect(seconds).toBeLessThan(1);
  });

  test('while they wait, after they have worked without a turn of the event loop', async () => {
    const { seconds, lines } = await secondsAfterLastLine(`${use}
      const end = performance.now() + 20_000;
      while (engine.statistics().threads.workerBlocks === 0 && performance.now() < end) program(a, b);
      console.log(engine.statistics().threads.workerBlocks > 0);`);
    expect(lines).toEqual(['true']);
    expect(seconds).toBeLessThan(1);
  });
});

test('acting uses no threads, and workers sleep meanwhile', async () => {
  const env = await loadEnv({ id: 'Pendulum-v1' })();
  if (isLeft(env)) throw env.left;
  // Large enough for compiled inference.
  const options = {
    ...defaultConfig,
    engine: 'wasm',
    dtype: 'f64',
    hidden: [64, 16_384],
    batchSize: 40,
    environments: 8,
  } as const;
  const model = modelFor(env.right, options);
  const state = initialState({ model, ...options }, key(1));
  if (isLeft(state)) throw new Error(state.left.message);
  const engine = await gathered(wasm);
  await until(() => engine.statistics().threads.asleep === engine.statistics().threads.wanted - 1);
  const before = engine.statistics().threads;
  const vector = vectorise(env.right, options.environments);
  const { state: start, observations } = vector.reset(key(2));
  const { batch } = rollout({ model, envs: vector, ...options }, state.right, { vector: start, observations });
  expect(batch.rewards.size).toBe(40);
  expect(engine.statistics().threads).toEqual(before);
});
