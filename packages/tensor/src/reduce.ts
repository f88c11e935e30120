/** Reductions over any axes. Sums are pairwise; `f32` is accumulated in double precision and rounded once at the end. */
import { cast } from './create.js';
import { allocate, type DType, toFloatDType } from './dtype.js';
import { shapeError } from './errors.js';
import {
  pairwiseSum,
  type RowReduction,
  rowArgmax,
  rowArgmin,
  rowLogSumExp,
  rowMaximum,
  rowMinimum,
  rowProduct,
  rowProductInteger,
  rowSumInteger,
  rowVariance,
} from './kernels/reduce.js';
import { transpose } from './movement.js';
import { axesSize, describe, normaliseAxes, normaliseAxis, reducedShape, type Shape, sizeOf } from './shape.js';
import { adopt, elements, type Scalar, type Tensor, viewOf } from './tensor.js';

/** Reduces all axes to a `Scalar`, or the named axes (one, or a list); `keepDims` leaves extents of 1 in their place. */
export interface Reduction {
  (x: Tensor): Scalar;
  (x: Tensor, axes?: number | readonly number[], keepDims?: boolean): Tensor;
}

/** Refuses to reduce nothing where the reduction has no neutral element. */
export const checkNotEmpty = (
  operation: string,
  x: { readonly dtype: DType; readonly shape: Shape },
  axes: readonly number[],
): void => {
  const count = axesSize(x.shape, axes);
  if (count === 0)
    throw shapeError(
      operation,
      `${describe(x)} has no elements along axes [${axes.join(',')}], and ${operation} of nothing is undefined`,
      {
        argument: 'axes',
        found: describe(x),
        expected: 'at least one element along the reduced axes',
      },
    );
};

/** Applies `row` to the elements along `axes`, as `dtype`. */
const reduceRows = (
  x: Tensor,
  axes: readonly number[],
  keepDims: boolean,
  dtype: DType,
  row: RowReduction,
  operation: string,
): Tensor => {
  const kept = x.shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  const ordered = axes.length === 0 || axes[0] === x.rank - axes.length ? x : transpose(x, [...kept, ...axes]);
  const data = elements(ordered, operation);
  const shape = reducedShape(x.shape, axes, keepDims);
  const out = allocate(dtype, sizeOf(shape));
  const count = axesSize(x.shape, axes);
  for (let i = 0; i < out.length; i += 1) out[i] = row(data, i * count, count);
  return adopt(out, dtype, shape);
};

const reduction = (
  operation: string,
  row: RowReduction,
  options: { readonly dtype: (from: DType) => DType; readonly empty: boolean; readonly integer?: RowReduction },
): Reduction =>
  ((x: Tensor, axes?: number | readonly number[], keepDims: boolean = false): Tensor => {
    viewOf(x, operation);
    const over = normaliseAxes(operation, axes, x.shape);
    if (!options.empty) checkNotEmpty(operation, x, over);
    const dtype = options.dtype(x.dtype);
    return reduceRows(x, over, keepDims, dtype, dtype === 'i32' ? (options.integer ?? row) : row, operation);
  }) as Reduction;

const numeric = (from: DType): DType => (from === 'bool' ? 'i32' : from);
const same = (from: DType): DType => from;

/** Σ x. Nothing sums to 0; `bool` counts in `i32`. */
export const sum: Reduction = reduction('sum', pairwiseSum, { dtype: numeric, empty: true, integer: rowSumInteger });
/** Π x. Nothing multiplies to 1. */
export const prod: Reduction = reduction('prod', rowProduct, {
  dtype: numeric,
  empty: true,
  integer: rowProductInteger,
});
/** Largest element; NaN if any is. Throws `ShapeMismatch` over no elements. */
export const max: Reduction = reduction('max', rowMaximum, { dtype: same, empty: false });
/** Smallest element; NaN if any is. Throws `ShapeMismatch` over no elements. */
export const min: Reduction = reduction('min', rowMinimum, { dtype: same, empty: false });
/** Arithmetic mean, in floating point. */
export const mean: Reduction = reduction('mean', (data, at, count) => pairwiseSum(data, at, count) / count, {
  dtype: toFloatDType,
  empty: false,
});
/** Mean squared distance from the mean (the population variance, divisor n). */
export const variance: Reduction = reduction('variance', rowVariance, { dtype: toFloatDType, empty: false });
/** log Σ eˣ without overflow. Over nothing: −∞. */
export const logsumexp: Reduction = reduction('logsumexp', rowLogSumExp, { dtype: toFloatDType, empty: true });

const arg =
  (operation: string, row: RowReduction) =>
  (x: Tensor, axis = -1): Tensor => {
    viewOf(x, operation);
    const over = [normaliseAxis(operation, axis, x.shape)];
    checkNotEmpty(operation, x, over);
    return reduceRows(x, over, false, 'i32', row, operation);
  };

/** Index of the first largest element along `axis` (the last by default), `i32`; a NaN counts as largest. */
export const argmax: (x: Tensor, axis?: number) => Tensor = arg('argmax', rowArgmax);
/** Index of the first smallest element along `axis` (the last by default), `i32`; a NaN counts as smallest. */
export const argmin: (x: Tensor, axis?: number) => Tensor = arg('argmin', rowArgmin);

/**
 * Running sum along `axis`: element i is x₀ + … + xᵢ. Accumulated in double precision.
 *
 * @example
 * ```ts
 * console.log(toNested(cumulativeSum(tensor([1, 2, 3])))); // [ 1, 3, 6 ]
 * ```
 */
export const cumulativeSum = (x: Tensor, axis = -1): Tensor => {
  viewOf(x, 'cumulativeSum');
  const along = normaliseAxis('cumulativeSum', axis, x.shape);
  const dtype = numeric(x.dtype);
  const data = elements(cast(x, dtype), 'cumulativeSum');
  const out = allocate(dtype, x.size);
  const count = x.shape[along] as number;
  const inner = sizeOf(x.shape.slice(along + 1));
  for (let start = 0; start < out.length; start += count * inner)
    for (let j = start; j < start + inner; j += 1)
      for (let i = 0, at = j, total = 0; i < count; i += 1, at += inner) {
        total += data[at] as number;
        // Beyond 2⁵³ a sum of integers would be rounded before it wraps.
        if (dtype === 'i32') total |= 0;
        out[at] = total;
      }
  return adopt(out, dtype, x.shape);
};
