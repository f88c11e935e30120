import type { DType } from './dtype.js';
import { invalid, shapeError } from './errors.js';

/** Extents of the axes, outermost first; `[]` is rank 0. */
export type Shape = readonly number[];

/** Number of elements of a shape. */
export const sizeOf = (shape: Shape): number => {
  let size = 1;
  for (const extent of shape) size *= extent;
  return size;
};

/** Row-major strides, in elements. */
export const stridesOf = (shape: Shape): number[] => {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
    strides[axis] = stride;
    stride *= shape[axis] as number;
  }
  return strides;
};

export const sameShape = (a: Shape, b: Shape): boolean => {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let axis = 0; axis < a.length; axis += 1) if (a[axis] !== b[axis]) return false;
  return true;
};

/** `f64[3,4]`: how a value of that dtype and shape is written everywhere. */
export const describe = (value: { readonly dtype: DType; readonly shape: Shape }): string =>
  `${value.dtype}[${value.shape.join(',')}]`;

/** Largest element count a tensor may have: the longest typed array that every supported engine allocates. */
export const MAX_SIZE: number = 2 ** 31 - 1;

const isList: (value: unknown) => boolean = Array.isArray;

/** Checks that `shape` is a list of whole, non-negative extents whose product fits. */
export const checkShape = (operation: string, shape: Shape): Shape => {
  if (!isList(shape))
    throw invalid(operation, `the shape must be an array of extents, found ${typeof shape}`, { argument: 'shape' });
  let size = 1;
  for (const extent of shape) {
    if (!Number.isInteger(extent) || extent < 0)
      throw shapeError(operation, `extents are whole numbers ≥ 0, found [${shape.join(',')}]`, {
        argument: 'shape',
        found: `[${shape.join(',')}]`,
      });
    size *= extent;
  }
  if (size > MAX_SIZE)
    throw shapeError(operation, `[${shape.join(',')}] has ${size} elements, at most ${MAX_SIZE} fit`, {
      argument: 'shape',
      found: `[${shape.join(',')}]`,
    });
  return shape;
};

/** Turns a negative axis into its positive counterpart; throws outside `[-rank, rank)`. */
export const normaliseAxis = (operation: string, axis: number, shape: Shape): number => {
  const rank = shape.length;
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank)
    throw invalid(operation, `axis ${axis} of a value of shape [${shape.join(',')}] is outside [${-rank}, ${rank})`, {
      argument: 'axis',
      found: String(axis),
      expected: `an axis in [${-rank}, ${rank})`,
    });
  return axis < 0 ? axis + rank : axis;
};

/** Axes as a sorted list without repeats; `undefined` means all of them. */
export const normaliseAxes = (
  operation: string,
  axes: number | readonly number[] | undefined,
  shape: Shape,
): number[] => {
  if (axes === undefined) return shape.map((_, axis) => axis);
  const written = typeof axes === 'number' ? [axes] : axes;
  const listed = written.map((axis) => normaliseAxis(operation, axis, shape));
  const sorted = [...new Set(listed)].sort((a, b) => a - b);
  if (sorted.length !== listed.length)
    throw invalid(
      operation,
      `axes [${written.join(',')}] of a value of shape [${shape.join(',')}] name one axis twice`,
      { argument: 'axes' },
    );
  return sorted;
};

/**
 * The common shape of two operands: aligned at the last axis, an extent of 1 stretches.
 * Throws with both full shapes when they do not fit.
 */
export const broadcastShapes = (operation: string, a: Shape, b: Shape): Shape => {
  if (sameShape(a, b)) return a;
  const rank = Math.max(a.length, b.length);
  const out = new Array<number>(rank);
  for (let i = 1; i <= rank; i += 1) {
    const m = a[a.length - i] ?? 1;
    const n = b[b.length - i] ?? 1;
    if (m !== n && m !== 1 && n !== 1)
      throw shapeError(
        operation,
        `[${a.join(',')}] and [${b.join(',')}] do not broadcast: extents ${m} and ${n} differ`,
        {
          found: `[${a.join(',')}] and [${b.join(',')}]`,
          expected: 'extents that are equal or 1, aligned at the last axis',
        },
      );
    out[rank - i] = m === 1 ? n : m;
  }
  return out;
};

/** Shape left after reducing `axes` (sorted); `keep` leaves extents of 1 in their place. */
export const reducedShape = (shape: Shape, axes: readonly number[], keep: boolean): number[] =>
  keep
    ? shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent))
    : shape.filter((_, axis) => !axes.includes(axis));

/** Number of elements along `axes`. */
export const axesSize = (shape: Shape, axes: readonly number[]): number =>
  axes.reduce((size, axis) => size * (shape[axis] as number), 1);
