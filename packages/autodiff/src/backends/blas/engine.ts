/** The compiled engine with matrix products by the system's BLAS, on the same plans and the same memory. */
import { NatgradError } from '@natgrad/tensor';
import { engineWith, type WasmEngine, type WasmOptions } from '../wasm/engine.js';
import type { Products } from '../wasm/kernels.js';
import { gemmBy } from './gemm.js';
import { findBlas } from './library.js';

/** How the engine computes; there is no deterministic mode: what a BLAS rounds to is its own affair. */
export type BlasOptions = Omit<WasmOptions, 'deterministic'>;

/** The BLAS of this process, looked for once. */
const looked: { found?: ReturnType<typeof findBlas> } = {};

/** Name of the library that {@link blasEngine} multiplies with, or why there is none. */
export const blasLibrary = (): ReturnType<typeof findBlas> => {
  looked.found ??= findBlas();
  return looked.found;
};

/**
 * The products of the system's BLAS.
 *
 * @throws `Unsupported` where there is none that works, with what to install
 */
export const blasProducts = (): Products => {
  const found = blasLibrary();
  if (found._tag === 'Left')
    throw new NatgradError('Unsupported', `no native BLAS: ${found.left.found}`, {
      operation: 'blasEngine',
      ...found.left,
    });
  return {
    library: found.right.library,
    gemm: (memory, dtype) => ({ run: gemmBy(found.right, memory, dtype), scratchBytes: () => 0 }),
  };
};

/**
 * An engine that leaves matrix products to a native BLAS, one of one thread for each thread of the engine, and does everything else
 * as `wasmEngine` does. It needs Node, the optional package koffi, and OpenBLAS or whatever the environment variable NATGRAD_BLAS
 * names; a library is tried on products of whole numbers before it is used.
 *
 * @throws `Unsupported`, when it first compiles, where one of these is missing, with what to install
 */
export const blasEngine = (options: BlasOptions = {}): WasmEngine => engineWith('blas', options, blasProducts);
