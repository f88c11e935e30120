/** Functions that move elements without computing: views wherever strides allow. */
import { allocate } from './dtype.js';
import { invalid, shapeError } from './errors.js';
import { walkRows } from './kernels/loops.js';
import { checkShape, describe, normaliseAxis, type Shape, sameShape, sizeOf, stridesOf } from './shape.js';
import { adopt, elements, fromView, isContiguous, makeView, type Tensor, viewOf } from './tensor.js';

/**
 * The same elements in row-major order under another shape; one extent may be −1 and is worked out. Zero-copy when the
 * input is contiguous.
 *
 * @throws `ShapeMismatch` when the sizes differ.
 * @example
 * ```ts
 * console.log(toNested(reshape(arange(4), [2, -1]))); // [ [ 0, 1 ], [ 2, 3 ] ]
 * ```
 */
export const reshape = (x: Tensor, shape: Shape): Tensor => {
  const view = viewOf(x, 'reshape');
  const target = resolveShape('reshape', x, shape);
  if (!isContiguous(view)) return adopt(elements(x), x.dtype, target);
  return fromView(makeView(view.data, target, stridesOf(target), view.offset), x.dtype);
};

/** Replaces an extent of −1 by what makes the size fit, and checks that it does. */
export const resolveShape = (
  operation: string,
  x: { readonly dtype: Tensor['dtype']; readonly shape: Shape },
  shape: Shape,
): Shape => {
  const size = sizeOf(x.shape);
  const free = shape.indexOf(-1);
  const known = sizeOf(shape.filter((_, axis) => axis !== free));
  const target =
    free < 0 ? shape : shape.map((extent, axis) => (axis === free ? (known === 0 ? 0 : size / known) : extent));
  if (target.includes(-1) || target.some((extent) => !Number.isInteger(extent)))
    throw shapeError(operation, `${describe(x)} does not fill [${shape.join(',')}]`, {
      argument: 'shape',
      found: `[${shape.join(',')}]`,
      expected: `extents whose product is ${size}, at most one of them −1`,
    });
  checkShape(operation, target);
  if (sizeOf(target) !== size)
    throw shapeError(operation, `${describe(x)} has ${size} elements, [${shape.join(',')}] has ${sizeOf(target)}`, {
      argument: 'shape',
      found: `${size} elements`,
      expected: `${sizeOf(target)} elements`,
    });
  return target;
};

/** Checks that `permutation` names every axis of `shape` once. */
export const checkPermutation = (
  operation: string,
  permutation: readonly number[],
  shape: Shape,
): readonly number[] => {
  const axes = permutation.map((axis) => normaliseAxis(operation, axis, shape));
  if (axes.length !== shape.length || new Set(axes).size !== axes.length)
    throw invalid(
      operation,
      `[${permutation.join(',')}] is not a permutation of the ${shape.length} axes of [${shape.join(',')}]`,
      {
        argument: 'permutation',
        found: `[${permutation.join(',')}]`,
        expected: `each of 0 … ${shape.length - 1} once`,
      },
    );
  return axes;
};

/** Reorders the axes; without a permutation reverses them (the matrix transpose at rank 2). Zero-copy. */
export const transpose = (x: Tensor, permutation?: readonly number[]): Tensor => {
  const view = viewOf(x, 'transpose');
  const axes = checkPermutation('transpose', permutation ?? x.shape.map((_, axis) => x.rank - 1 - axis), x.shape);
  const reordered = (of: readonly number[]): readonly number[] => axes.map((axis) => of[axis] as number);
  return fromView(makeView(view.data, reordered(view.shape), reordered(view.stride), view.offset), x.dtype);
};

/** Swaps the last two axes. Zero-copy. */
export const matrixTranspose = (x: Tensor): Tensor => {
  viewOf(x, 'matrixTranspose');
  if (x.rank < 2)
    throw shapeError('matrixTranspose', `${describe(x)} has rank ${x.rank}, a matrix has at least 2`, {
      found: describe(x),
    });
  const axes = x.shape.map((_, axis) => axis);
  axes.splice(x.rank - 2, 2, x.rank - 1, x.rank - 2);
  return transpose(x, axes);
};

/** Checks that `from` broadcasts to `to`, and throws with both full shapes otherwise. */
export const checkBroadcast = (operation: string, from: Shape, to: Shape): void => {
  const missing = to.length - from.length;
  if (missing < 0 || from.some((extent, axis) => extent !== 1 && extent !== to[axis + missing]))
    throw shapeError(operation, `[${from.join(',')}] does not broadcast to [${to.join(',')}]`, {
      argument: 'shape',
      found: `[${from.join(',')}]`,
      expected: `extents that are 1 or equal to those of [${to.join(',')}], aligned at the last axis`,
    });
};

/** Stretches extents of 1 and adds outer axes until the shape is `shape`. Zero-copy: the strides become 0. */
export const broadcastTo = (x: Tensor, shape: Shape): Tensor => {
  const view = viewOf(x, 'broadcastTo');
  if (sameShape(x.shape, shape)) return x;
  checkShape('broadcastTo', shape);
  checkBroadcast('broadcastTo', x.shape, shape);
  const missing = shape.length - x.rank;
  const stride = shape.map((extent, axis) =>
    axis < missing || (x.shape[axis - missing] === 1 && extent !== 1) ? 0 : (view.stride[axis - missing] as number),
  );
  return fromView(makeView(view.data, shape, stride, view.offset), x.dtype);
};

/** Checks a slice and returns the shape that it leaves. */
export const sliceShape = (
  operation: string,
  x: { readonly dtype: Tensor['dtype']; readonly shape: Shape },
  start: readonly number[],
  stop: readonly number[],
  step: readonly number[],
): number[] => {
  const rank = x.shape.length;
  if (start.length !== rank || stop.length !== rank || step.length !== rank)
    throw invalid(
      operation,
      `${describe(x)} has ${rank} axes; start, stop and step have ${start.length}, ${stop.length}, ${step.length} entries`,
      {
        argument: 'start',
        expected: `${rank} entries each`,
      },
    );
  return x.shape.map((extent, axis) => {
    const [from, to, by] = [start[axis] as number, stop[axis] as number, step[axis] as number];
    if (![from, to, by].every(Number.isInteger) || from < 0 || to < from || to > extent || by < 1)
      throw invalid(
        operation,
        `axis ${axis} of ${describe(x)}: ${from} ≤ index < ${to} step ${by} is not a range within 0 … ${extent}`,
        {
          argument: `axis ${axis}`,
          found: `start ${from}, stop ${to}, step ${by}`,
          expected: `0 ≤ start ≤ stop ≤ ${extent}, step ≥ 1`,
        },
      );
    return Math.ceil((to - from) / by);
  });
};

/**
 * A box of elements: `start[k] ≤ index < stop[k]` on axis `k`, every `step[k]`-th. Zero-copy. Bounds are absolute and
 * within the extents; nothing is clamped.
 *
 * @throws `InvalidArgument` with the axis and the bounds.
 * @example
 * ```ts
 * console.log(toNested(slice(arange(10), [2], [8], [3]))); // [ 2, 5 ]
 * ```
 */
export const slice = (
  x: Tensor,
  start: readonly number[],
  stop: readonly number[],
  step: readonly number[] = start.map(() => 1),
): Tensor => {
  const view = viewOf(x, 'slice');
  const shape = sliceShape('slice', x, start, stop, step);
  const offset = start.reduce((sum, from, axis) => sum + from * (view.stride[axis] as number), view.offset);
  const stride = view.stride.map((each, axis) => each * (step[axis] as number));
  return fromView(makeView(view.data, shape, stride, offset), x.dtype);
};

/** Adds an axis of extent 1 at `axis` (counted in the result). Zero-copy when the input is contiguous. */
export const expandDims = (x: Tensor, axis: number): Tensor => {
  viewOf(x, 'expandDims');
  const at = normaliseAxis('expandDims', axis, [...x.shape, 1]);
  return reshape(x, [...x.shape.slice(0, at), 1, ...x.shape.slice(at)]);
};

/** Checks a `squeeze` and returns the shape that it leaves. */
export const squeezeShape = (
  operation: string,
  x: { readonly dtype: Tensor['dtype']; readonly shape: Shape },
  axis: number | undefined,
): Shape => {
  if (axis === undefined) return x.shape.filter((extent) => extent !== 1);
  const at = normaliseAxis(operation, axis, x.shape);
  if (x.shape[at] !== 1)
    throw shapeError(operation, `axis ${axis} of ${describe(x)} has extent ${x.shape[at]}, not 1`, {
      argument: 'axis',
      found: describe(x),
      expected: 'an axis of extent 1',
    });
  return x.shape.filter((_, k) => k !== at);
};

/** Drops one axis of extent 1, or all of them without an axis. Zero-copy when the input is contiguous. */
export const squeeze = (x: Tensor, axis?: number): Tensor => {
  viewOf(x, 'squeeze');
  return reshape(x, squeezeShape('squeeze', x, axis));
};

/** Checks an `embed` and returns where the box ends on each axis. */
export const embedStop = (
  x: { readonly dtype: Tensor['dtype']; readonly shape: Shape },
  shape: Shape,
  start: readonly number[],
  step: readonly number[],
): number[] => {
  checkShape('embed', shape);
  const stop = x.shape.map((extent, axis) => {
    const [from, by] = [start[axis] ?? 0, step[axis] ?? 1];
    return extent === 0 ? from : from + (extent - 1) * by + 1;
  });
  if (
    shape.length !== x.shape.length ||
    !sameShape(sliceShape('embed', { dtype: x.dtype, shape }, start, stop, step), x.shape)
  )
    throw shapeError(
      'embed',
      `${describe(x)} does not fit in [${shape.join(',')}] from [${start.join(',')}] step [${step.join(',')}]`,
      {
        argument: 'shape',
        found: describe(x),
      },
    );
  return stop;
};

/** Zeros of `shape` with the elements of `x` at `start`, every `step`-th place: what `slice` would cut out again. */
export const embed = (
  x: Tensor,
  shape: Shape,
  start: readonly number[],
  step: readonly number[] = start.map(() => 1),
): Tensor => {
  const from = elements(x, 'embed');
  embedStop(x, shape, start, step);
  const data = allocate(x.dtype, sizeOf(shape));
  const strides = stridesOf(shape);
  const offset = start.reduce((sum, at, axis) => sum + at * (strides[axis] as number), 0);
  const stride = strides.map((each, axis) => each * (step[axis] as number));
  walkRows(x.shape, [stride], [offset], (at, count, before, inner) => {
    for (let i = 0, to = at[0] as number; i < count; i += 1, to += inner[0] as number)
      data[to] = from[before + i] as number;
  });
  return adopt(data, x.dtype, shape);
};
