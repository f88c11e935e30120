/**
 * Sorting by one total order on every dtype: −∞ < … < −0 < +0 < … < +∞ < NaN. All NaNs count as equal, whatever their sign
 * and payload, and come last; `false` comes before `true`.
 */
import { allocate, type TypedArray } from './dtype.js';
import { splitAtAxis } from './kernels/axis.js';
import { normaliseAxis } from './shape.js';
import { adopt, elements, type Tensor } from './tensor.js';

/** Negative when `a` comes before `b` in the total order, 0 when neither does. */
const compare = (a: number, b: number): number => {
  if (a < b) return -1;
  if (a > b) return 1;
  if (a === b) return a === 0 ? Number(Object.is(b, -0)) - Number(Object.is(a, -0)) : 0;
  return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
};

/** Calls `order` on every run of `x` along `axis` (copied into scratch) and writes what it returns in the run's place. */
const mapRuns = (
  operation: string,
  x: Tensor,
  axis: number,
  out: TypedArray,
  order: (run: TypedArray) => TypedArray,
): void => {
  const flat = elements(x, operation);
  const { outer, extent, inner } = splitAtAxis(x.shape, axis);
  const run = allocate(x.dtype, extent);
  for (let o = 0; o < outer; o += 1)
    for (let i = 0; i < inner; i += 1) {
      const start = o * extent * inner + i;
      for (let k = 0; k < extent; k += 1) run[k] = flat[start + k * inner] as number;
      const ordered = order(run);
      for (let k = 0; k < extent; k += 1) out[start + k * inner] = ordered[k] as number;
    }
};

/**
 * The elements of every run along `axis` (the last by default) in ascending order; the shape stays. −0 comes before +0 and
 * NaN last. Equal to `takeAlong(x, argsort(x, axis), axis)`.
 *
 * @throws `InvalidArgument` for a wrong axis; rank 0 has none.
 * @example
 * ```ts
 * console.log(toNested(sort(tensor([3, NaN, 1, 2])))); // [ 1, 2, 3, NaN ]
 * ```
 */
export const sort = (x: Tensor, axis = -1): Tensor => {
  const data = elements(x, 'sort');
  const along = normaliseAxis('sort', axis, x.shape);
  const out = allocate(x.dtype, data.length);
  // Without a comparator, typed arrays sort by exactly the total order above (ECMAScript, CompareTypedArrayElements).
  mapRuns('sort', x, along, out, (run) => run.sort());
  return adopt(out, x.dtype, x.shape);
};

/**
 * For every run along `axis` (the last by default) the `i32` indices that put it in ascending order; the shape is that of
 * `x`. Stable: equal elements, NaNs among themselves included, keep their order; −0 comes before +0 and NaN last.
 *
 * @throws `InvalidArgument` for a wrong axis; rank 0 has none.
 * @example
 * ```ts
 * console.log(toNested(argsort(tensor([30, 10, 20])))); // [ 1, 2, 0 ]
 * ```
 */
export const argsort = (x: Tensor, axis = -1): Tensor => {
  const data = elements(x, 'argsort');
  const along = normaliseAxis('argsort', axis, x.shape);
  const out = allocate('i32', data.length);
  const order = new Int32Array(x.shape[along] as number);
  mapRuns('argsort', x, along, out, (run) => {
    for (let k = 0; k < order.length; k += 1) order[k] = k;
    // Ties go by index, so that stability does not rest on the engine's sorting algorithm.
    return order.sort((i, j) => compare(run[i] as number, run[j] as number) || i - j);
  });
  return adopt(out, 'i32', x.shape);
};
