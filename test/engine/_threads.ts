/** Engines with threads whose work is cut so finely that small programs are divided too. */
import { blasLibrary, jit, matmul, type WasmEngine, type WasmOptions } from '@natgrad/autodiff';
import { ones, type Tensor } from '@natgrad/tensor';
import { afterBlock } from '../../bench/src/worker-script.js';
import { gemmBy } from '../../packages/autodiff/src/backends/blas/gemm.js';
import { type EngineParts, engineWith } from '../../packages/autodiff/src/backends/wasm/engine.js';
import type { Products } from '../../packages/autodiff/src/backends/wasm/kernels.js';
import { GRAIN, type Grain } from '../../packages/autodiff/src/backends/wasm/threads/cut.js';
import { memberStarter, type StartMember } from '../../packages/autodiff/src/backends/wasm/threads/start.js';

/** Blocks of a few elements, and everything is worth dividing. */
export const FINE: Grain = { flops: 8, elements: 4, rows: 2, step: 0, plan: 0 };

/** The usual blocks, and everything that has several is worth dividing. */
export const COARSE: Grain = { ...GRAIN, step: 0, plan: 0 };

export type Kind = 'wasm' | 'wasm deterministic' | 'blas';

export const kinds: readonly Kind[] = [
  'wasm',
  'wasm deterministic',
  ...(blasLibrary()._tag === 'Right' ? (['blas'] as const) : []),
];

const native = (): Products => {
  const found = blasLibrary();
  if (found._tag === 'Left') throw new Error(found.left.found);
  return {
    library: found.right.library,
    gemm: (memory, dtype) => ({ run: gemmBy(found.right, memory, dtype), scratchBytes: () => 0 }),
  };
};

export const engineOfThreads = (
  threads: number,
  grain: Grain,
  { kind = 'wasm', ...options }: WasmOptions & EngineParts & { readonly kind?: Kind } = {},
): WasmEngine => {
  const { start, ...rest } = options;
  return engineWith(
    `${kind} of ${threads}`,
    { ...rest, threads, deterministic: kind === 'wasm deterministic' },
    kind === 'blas' ? native : undefined,
    start === undefined ? { grain } : { grain, start },
  );
};

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Polls until something holds, for at most so many milliseconds. */
export const until = async (holds: () => boolean, milliseconds = 20_000): Promise<void> => {
  const end = performance.now() + milliseconds;
  while (!holds()) {
    if (performance.now() > end) throw new Error('what was waited for did not happen');
    await pause(5);
  }
};

/** Work for all threads of an engine, and their start. */
export const gathered = async (engine: WasmEngine): Promise<WasmEngine> => {
  const product = jit((a: Tensor, b: Tensor) => matmul(a, b), { engine });
  product(ones([600, 100]), ones([100, 60]));
  await until(() => engine.statistics().threads.ready === engine.statistics().threads.wanted);
  return engine;
};

export const starter = (script?: URL): StartMember => {
  const start = memberStarter(script);
  if (start === null) throw new Error('no workers here');
  return start;
};

/** Starts a worker to which something happens right after it has taken its n-th block. */
export const afterBlocks = (n: number, happens: string): StartMember => starter(afterBlock(n, happens));
