/** Elements as bytes: what `.npy` and safetensors have in common. */
import { allocate, bytesPerElement, type DType, type TypedArray } from '../dtype.js';
import { MAX_SIZE, type Shape, sizeOf } from '../shape.js';
import { elements, type Tensor } from '../tensor.js';
import type { Refuse } from './refuse.js';

/** NumPy’s own limit (2.0 and later). */
const MAX_RANK = 64;

const hostIsLittleEndian: boolean = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** Reverses the bytes of each element in place. */
const swapBytes = (bytes: Uint8Array, width: number): void => {
  for (let start = 0; start < bytes.length; start += width)
    for (let low = start, high = start + width - 1; low < high; low += 1, high -= 1) {
      const byte = bytes[low] as number;
      bytes[low] = bytes[high] as number;
      bytes[high] = byte;
    }
};

const bytesOf = (data: TypedArray): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

/**
 * Checks a shape whose extents are safe integers ≥ 0, and returns its element count. Extents beside a 0 must have a product
 * too: the reference implementations compute it, and refuse what overflows.
 */
export const checkGeometry = (shape: Shape, refuse: Refuse): number => {
  if (shape.length > MAX_RANK) throw refuse.unsupported('shape', `rank ${shape.length}`, `at most ${MAX_RANK} axes`);
  let product = 1;
  for (const extent of shape) {
    if (extent !== 0) product *= extent;
    // 2⁵³ elements of 8 bytes still fit the 64-bit sizes of the reference implementations.
    if (product > Number.MAX_SAFE_INTEGER)
      throw refuse.malformed('shape', `[${shape.join(',')}]`, 'extents whose product does not overflow');
  }
  const size = sizeOf(shape);
  if (size > MAX_SIZE)
    throw refuse.unsupported('shape', `[${shape.join(',')}], ${size} elements`, `at most ${MAX_SIZE} elements`);
  return size;
};

/** A fresh typed array with the elements in `bytes`, whatever their alignment there; every NaN keeps its bits. */
export const readElements = (bytes: Uint8Array, dtype: DType, littleEndian: boolean, refuse: Refuse): TypedArray => {
  const width = bytesPerElement(dtype);
  if (dtype === 'bool')
    for (let i = 0; i < bytes.length; i += 1)
      if ((bytes[i] as number) > 1) throw refuse.malformed('data', `byte ${bytes[i]} as bool ${i}`, '0 or 1');
  const data = allocate(dtype, bytes.length / width);
  const target = bytesOf(data);
  target.set(bytes);
  if (littleEndian !== hostIsLittleEndian) swapBytes(target, width);
  return data;
};

/** Writes the elements of a concrete tensor into `target` at `offset`: row-major and little-endian. */
export const writeElements = (tensor: Tensor, target: Uint8Array, offset: number, operation: string): void => {
  target.set(bytesOf(elements(tensor, operation)), offset);
  if (!hostIsLittleEndian)
    swapBytes(target.subarray(offset, offset + byteLength(tensor)), bytesPerElement(tensor.dtype));
};

export const byteLength = (tensor: Tensor): number => tensor.size * bytesPerElement(tensor.dtype);
