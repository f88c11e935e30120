/** Comparisons that say where two values differ. */
import type { DType } from '../dtype.js';
import { describe, type Shape, sameShape, stridesOf } from '../shape.js';
import { elements, isTensor, type Tensor, viewOf } from '../tensor.js';

const double = new Float64Array(1);
const doubleBits = new BigInt64Array(double.buffer);
const single = new Float32Array(1);
const singleBits = new Int32Array(single.buffer);

/** The place of a float among all floats of its kind in ascending order; both zeros are at 0. */
const rankOf = (x: number, dtype: DType): bigint => {
  double[0] = x;
  single[0] = x;
  const bits = dtype === 'f32' ? BigInt(singleBits[0] as number) : (doubleBits[0] as bigint);
  const lowest = dtype === 'f32' ? -(2n ** 31n) : -(2n ** 63n);
  return bits < 0n ? lowest - bits : bits;
};

/**
 * How many floats of `dtype` lie between two numbers, which is 0 for neighbours that are the same and for two NaNs;
 * infinite between NaN and a number. For integers and booleans it is their difference.
 *
 * @example
 * ```ts
 * import { ulpsBetween } from '@natgrad/tensor/laws';
 * console.log(ulpsBetween(1, 1 + Number.EPSILON)); // 1
 * ```
 */
export const ulpsBetween = (x: number, y: number, dtype: DType = 'f64'): number => {
  if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) && Number.isNaN(y) ? 0 : Infinity;
  if (dtype === 'i32' || dtype === 'bool') return Math.abs(x - y);
  const distance = rankOf(x, dtype) - rankOf(y, dtype);
  return Number(distance < 0n ? -distance : distance);
};

/** Every multi-index of a shape in row-major order; rank 0 has one, the empty list. */
export const indicesOf = (shape: Shape): readonly (readonly number[])[] =>
  shape.reduce<readonly (readonly number[])[]>(
    (before, extent) => before.flatMap((index) => Array.from({ length: extent }, (_, i) => [...index, i])),
    [[]],
  );

/** The element of `x` at a multi-index, `bool` as 0 and 1. */
export const elementAt = (x: Tensor, index: readonly number[]): number => {
  const strides = stridesOf(x.shape);
  return elements(x)[index.reduce((sum, i, axis) => sum + i * (strides[axis] as number), 0)] as number;
};

/** What a tensor should be: its dtype, its shape, and its elements as a formula over multi-indices. */
export interface Expected {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly at: (index: readonly number[]) => number;
}

/**
 * Throws unless `actual` is as expected. `agrees` decides about elements; without it NaN equals NaN, 0 and −0 differ, and
 * nothing else is forgiven.
 */
export const requireElements = (
  actual: unknown,
  expected: Expected,
  agrees: (actual: number, expected: number) => boolean = Object.is,
): void => {
  if (!isTensor(actual)) throw new Error(`expected ${describe(expected)}, found ${typeof actual}`);
  if (actual.dtype !== expected.dtype || !sameShape(actual.shape, expected.shape))
    throw new Error(`the result is ${describe(actual)}, expected ${describe(expected)}`);
  indicesOf(expected.shape).forEach((index, i) => {
    const [found, wanted] = [elements(actual)[i] as number, expected.at(index)];
    if (!agrees(found, wanted))
      throw new Error(
        `element [${index.join(',')}] of ${describe(actual)} is ${text(found)}, expected ${text(wanted)}`,
      );
  });
};

const text = (x: number): string => (Object.is(x, -0) ? '-0' : String(x));

/** All that can be seen of a value, as text that is equal for equal values to the bit (NaN payloads aside). */
export const fingerprint = (value: unknown): string => {
  if (isTensor(value)) return `${describe(value)} ${numbers(elements(value))}`;
  if (ArrayBuffer.isView(value))
    return `bytes ${numbers(new Uint8Array(value.buffer, value.byteOffset, value.byteLength))}`;
  if (Array.isArray(value)) return `[${value.map(fingerprint).join('; ')}]`;
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  if (typeof value === 'object' && value !== null)
    return `{${Object.entries(value)
      .map(([key, each]) => `${JSON.stringify(key)}: ${fingerprint(each)}`)
      .join('; ')}}`;
  if (typeof value === 'number') return text(value);
  return typeof value === 'string' ? JSON.stringify(value) : typeof value === 'function' ? 'function' : String(value);
};

/** The fingerprint of a value together with the whole storage of every tensor in it, gaps between strides included. */
export const storageFingerprint = (value: unknown): string => {
  if (isTensor(value)) return `${fingerprint(value)} of ${numbers(viewOf(value).data)}`;
  if (Array.isArray(value)) return `[${value.map(storageFingerprint).join('; ')}]`;
  if (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value))
    return `{${Object.entries(value)
      .map(([key, each]) => `${JSON.stringify(key)}: ${storageFingerprint(each)}`)
      .join('; ')}}`;
  return fingerprint(value);
};

const numbers = (data: ArrayLike<number>): string => Array.from(data, text).join(',');
