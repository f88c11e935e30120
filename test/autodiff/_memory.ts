/** What tests of the engine's memory share. */
import type { DType, Tensor, TypedArray } from '@natgrad/tensor';
import { allocate, bytesPerElement } from '@natgrad/tensor/internal';
import { expect } from 'vitest';
import type { EngineMemory } from '../../packages/autodiff/src/backends/wasm/memory.js';

/** What lies inside at an offset; a view that is good until memory is taken. */
export const inside = (memory: EngineMemory, dtype: DType, offset: number, size: number): TypedArray => {
  const all = { f32: memory.f32, f64: memory.f64, i32: memory.i32, bool: memory.u8 }[dtype]();
  const first = offset / bytesPerElement(dtype);
  return all.subarray(first, first + size);
};

export const pattern = (dtype: DType, size: number, seed: number): TypedArray => {
  const out = allocate(dtype, size);
  for (let i = 0; i < size; i += 1) out[i] = dtype === 'bool' ? ((seed + i) >> (i & 7)) & 1 : seed * 1000 + i;
  return out;
};

export const sameBytes = (a: TypedArray, b: TypedArray): boolean =>
  Buffer.compare(
    Buffer.from(a.buffer, a.byteOffset, a.byteLength),
    Buffer.from(b.buffer, b.byteOffset, b.byteLength),
  ) === 0;

export const expectBytes = (found: TypedArray | undefined, expected: TypedArray): void => {
  expect(found).toBeInstanceOf(expected.constructor);
  expect(sameBytes(found as TypedArray, expected)).toBe(true);
};

/** A result of a call of its own that fills it with `values`. */
export const resultOf = (memory: EngineMemory, dtype: DType, values: TypedArray): Tensor =>
  memory.call('fill', () => {
    const offset = memory.take(values.byteLength);
    inside(memory, dtype, offset, values.length).set(values);
    return memory.adoptResult(offset, dtype, [values.length]);
  });

export const upload = (memory: EngineMemory, ...tensors: readonly Tensor[]): readonly TypedArray[] =>
  memory.call('upload', () => {
    const offsets = tensors.map((x) => memory.resident(x));
    return tensors.map((x, i) => inside(memory, x.dtype, offsets[i] as number, x.size).slice());
  });
