/** Matrix products in linear memory by a native library. */
import type { Gemm } from '../wasm/gemm.js';
import { AS_IT_IS, type Blas, openBlas, ROW_MAJOR, TRANSPOSED } from './library.js';

const BYTES = { f32: 4, f64: 8 } as const;

/** The product of a library on a memory, shared or not. */
export const gemmBy = (blas: Blas, memory: WebAssembly.Memory, dtype: 'f32' | 'f64'): Gemm['run'] => {
  const multiply = blas[dtype];
  // A memory that is not shared may lie elsewhere after it has grown: its buffer is another one then.
  let buffer: ArrayBufferLike | undefined;
  let base = 0;
  const flag = (transposed: boolean): number => (transposed ? TRANSPOSED : AS_IT_IS);
  return (transposeA, transposeB, m, n, k, a, lda, b, ldb, c, ldc, accumulate) => {
    if (m === 0 || n === 0 || (k === 0 && accumulate)) return;
    if (k === 0) {
      for (let i = 0; i < m; i += 1)
        new Uint8Array(memory.buffer, c + i * ldc * BYTES[dtype], n * BYTES[dtype]).fill(0);
      return;
    }
    if (buffer !== memory.buffer) {
      buffer = memory.buffer;
      base = blas.addressOf(new Uint8Array(buffer));
    }
    const [left, right] = [flag(transposeA), flag(transposeB)];
    multiply(ROW_MAJOR, left, right, m, n, k, 1, base + a, lda, base + b, ldb, accumulate ? 1 : 0, base + c, ldc);
  };
};

/** The products of a library that a worker loads by its name. */
export const loadNative = (name: string, memory: WebAssembly.Memory): readonly [f32: Gemm['run'], f64: Gemm['run']] => {
  const blas = openBlas(name);
  if (blas._tag === 'Left') throw new Error(blas.left.found);
  return [gemmBy(blas.right, memory, 'f32'), gemmBy(blas.right, memory, 'f64')];
};
