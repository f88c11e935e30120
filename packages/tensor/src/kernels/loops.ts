/**
 * The loops under every elementwise function. An operand is read through its view; when strides do not allow a flat loop
 * it is walked row by row, so broadcasting and transposes cost no copy.
 */
import { allocate, type DType, type TypedArray } from '../dtype.js';
import { type Shape, sizeOf } from '../shape.js';
import { elements, isContiguous, type Tensor, viewOf } from '../tensor.js';

export type UnaryFunction = (x: number) => number;
export type BinaryFunction = (x: number, y: number) => number;

export const mapUnary = (x: Tensor, dtype: DType, f: UnaryFunction, operation: string): TypedArray => {
  const from = elements(x, operation);
  const out = allocate(dtype, x.size);
  for (let i = 0; i < out.length; i += 1) out[i] = f(from[i] as number);
  return out;
};

/** A flat operand: elements in row-major order, read with stride 1, or one element read with stride 0. */
interface Flat {
  readonly data: TypedArray;
  readonly offset: number;
  readonly stride: 0 | 1;
}

/** The operand as a flat run over `shape`, or undefined when its strides need the general walk. */
const asFlat = (x: Tensor, operation: string): Flat | undefined => {
  const view = viewOf(x, operation);
  if (isContiguous(view)) return { data: view.data, offset: view.offset, stride: 1 };
  if (view.stride.every((stride, axis) => stride === 0 || view.shape[axis] === 1))
    return { data: view.data, offset: view.offset, stride: 0 };
  return undefined;
};

/** Applies `f` to two tensors of one shape. */
export const mapBinary = (x: Tensor, y: Tensor, dtype: DType, f: BinaryFunction, operation: string): TypedArray => {
  const out = allocate(dtype, x.size);
  const a = asFlat(x, operation);
  const b = asFlat(y, operation);
  if (a !== undefined && b !== undefined) {
    for (let i = 0, p = a.offset, q = b.offset; i < out.length; i += 1, p += a.stride, q += b.stride)
      out[i] = f(a.data[p] as number, b.data[q] as number);
    return out;
  }
  const va = viewOf(x, operation);
  const vb = viewOf(y, operation);
  walkRows(x.shape, [va.stride, vb.stride], [va.offset, vb.offset], (at, count, written, inner) => {
    let p = at[0] as number;
    let q = at[1] as number;
    const stepA = inner[0] as number;
    const stepB = inner[1] as number;
    for (let i = 0; i < count; i += 1, p += stepA, q += stepB)
      out[written + i] = f(va.data[p] as number, vb.data[q] as number);
  });
  return out;
};

/**
 * Visits the rows (runs along the last axis) of `shape` in row-major order, handing each operand's offset at the start of
 * the row, the row's length, the count of elements before it and each operand's stride along the row.
 */
export const walkRows = (
  shape: Shape,
  strides: readonly (readonly number[])[],
  offsets: readonly number[],
  row: (at: readonly number[], count: number, before: number, inner: readonly number[]) => void,
): void => {
  const size = sizeOf(shape);
  if (size === 0) return;
  const last = shape.length - 1;
  const count = shape[last] ?? 1;
  const inner = strides.map((stride) => stride[last] ?? 0);
  const at = [...offsets];
  const index = new Array<number>(shape.length).fill(0);
  for (let before = 0; before < size; before += count) {
    row(at, count, before, inner);
    for (let axis = last - 1; axis >= 0; axis -= 1) {
      const next = (index[axis] as number) + 1;
      const carry = next === shape[axis];
      index[axis] = carry ? 0 : next;
      for (let k = 0; k < at.length; k += 1) {
        const stride = strides[k]?.[axis] as number;
        at[k] = (at[k] as number) + (carry ? -(next - 1) * stride : stride);
      }
      if (!carry) break;
    }
  }
};

/** `condition ? x : y` over three tensors of one shape. */
export const selectElements = (condition: Tensor, x: Tensor, y: Tensor): TypedArray => {
  const chosen = elements(condition, 'select');
  const a = elements(x, 'select');
  const b = elements(y, 'select');
  const out = allocate(x.dtype, x.size);
  for (let i = 0; i < out.length; i += 1) out[i] = (chosen[i] === 1 ? a[i] : b[i]) as number;
  return out;
};
