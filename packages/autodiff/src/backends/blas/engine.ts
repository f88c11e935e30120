/** The compiled engine with matrix products by the system's BLAS, on the same plans and the same memory. */
import { NatgradError } from '@natgrad/tensor';
import { engineWith, type WasmEngine, type WasmOptions } from '../wasm/engine.js';
import type { Gemm } from '../wasm/gemm.js';
import type { Products } from '../wasm/kernels.js';
import { AS_IT_IS, type Blas, findBlas, ROW_MAJOR, TRANSPOSED } from './library.js';

/** How the engine computes; there is no deterministic mode: what a BLAS rounds to is its own affair. */
export type BlasOptions = Omit<WasmOptions, 'deterministic'>;

const gemmBy = (blas: Blas, memory: WebAssembly.Memory, dtype: 'f32' | 'f64'): Gemm => {
  const multiply = blas[dtype];
  const view = (at: number): ArrayBufferView =>
    dtype === 'f32' ? new Float32Array(memory.buffer, at) : new Float64Array(memory.buffer, at);
  const flag = (transposed: boolean): number => (transposed ? TRANSPOSED : AS_IT_IS);
  return {
    run: (transposeA, transposeB, m, n, k, a, lda, b, ldb, c, ldc, accumulate) => {
      if (m === 0 || n === 0 || (k === 0 && accumulate)) return;
      if (k === 0) {
        for (let i = 0; i < m; i += 1)
          new Uint8Array(memory.buffer, c + i * ldc * BYTES[dtype], n * BYTES[dtype]).fill(0);
        return;
      }
      const [x, y, z] = [view(a), view(b), view(c)];
      multiply(ROW_MAJOR, flag(transposeA), flag(transposeB), m, n, k, 1, x, lda, y, ldb, accumulate ? 1 : 0, z, ldc);
    },
    scratchBytes: () => 0,
  };
};

const BYTES = { f32: 4, f64: 8 } as const;

/** The BLAS of this process, looked for once. */
const looked: { found?: ReturnType<typeof findBlas> } = {};

/** Name of the library that {@link blasEngine} multiplies with, or why there is none. */
export const blasLibrary = (): ReturnType<typeof findBlas> => {
  looked.found ??= findBlas();
  return looked.found;
};

/**
 * An engine that leaves matrix products to a native BLAS, on one thread, and does everything else as `wasmEngine` does. It needs
 * Node, the optional package koffi, and OpenBLAS or whatever the environment variable NATGRAD_BLAS names; a library is tried on
 * products of whole numbers before it is used.
 *
 * @throws `Unsupported`, when it first compiles, where one of these is missing, with what to install
 */
export const blasEngine = (options: BlasOptions = {}): WasmEngine => {
  const products = (): Products => {
    const found = blasLibrary();
    if (found._tag === 'Left')
      throw new NatgradError('Unsupported', `no native BLAS: ${found.left.found}`, {
        operation: 'blasEngine',
        ...found.left,
      });
    return (memory, dtype) => gemmBy(found.right, memory, dtype);
  };
  return engineWith('blas', options, products);
};
