/**
 * Reading and adding at places that are data. Indices are `i32`, count from 0 and stay below the extent: a negative index
 * is refused rather than counted from the end, because in a training loop it is nearly always a bug.
 */
import { allocate, type DType } from './dtype.js';
import { dtypeError, invalid, NatgradError, shapeError } from './errors.js';
import { type Described, describePosition, replaceAxis, splitAtAxis } from './kernels/axis.js';
import { checkShape, describe, normaliseAxis, type Shape, sameShape, sizeOf } from './shape.js';
import { adopt, elements, type Tensor, viewOf } from './tensor.js';

const checkIndexDType = (operation: string, indices: Described): void => {
  if (indices.dtype !== 'i32')
    throw dtypeError(
      operation,
      `the indices are ${describe(indices)}: indices are i32, convert them with cast(indices, 'i32')`,
      {
        argument: 'indices',
        found: describe(indices),
        expected: 'i32',
      },
    );
};

/** The elements of `indices`, all of them in `[0, extent)`; `of` says in the error what has that extent. */
const checkedIndices = (operation: string, indices: Tensor, extent: number, of: string): Int32Array => {
  const flat = elements(indices, operation) as Int32Array;
  for (let k = 0; k < flat.length; k += 1) {
    const index = flat[k] as number;
    if (index < 0 || index >= extent)
      throw new NatgradError(
        'OutOfRange',
        `index ${index} at position ${describePosition(k, indices.shape)} of indices ${describe(indices)} is outside [0, ${extent}), ${of}` +
          (index < 0 ? '; negative indices do not count from the end here' : ''),
        { operation, argument: 'indices', found: String(index), expected: `indices in [0, ${extent})` },
      );
  }
  return flat;
};

const axisOf = (x: Described, axis: number): string => `the extent of axis ${axis} of ${describe(x)}`;

/** Checks the operands of `gather` and returns the shape of the result, which is also that of `scatterAdd`'s updates. */
export const gatherShape = (operation: string, x: Described, indices: Described, axis: number): Shape => {
  checkIndexDType(operation, indices);
  return checkShape(operation, replaceAxis(x.shape, normaliseAxis(operation, axis, x.shape), indices.shape));
};

/** Checks the operands of `takeAlong` and returns the shape of the result: that of `indices`. */
export const takeAlongShape = (operation: string, x: Described, indices: Described, axis: number): Shape => {
  checkIndexDType(operation, indices);
  const along = normaliseAxis(operation, axis, x.shape);
  if (
    indices.shape.length !== x.shape.length ||
    indices.shape.some((extent, k) => k !== along && extent !== x.shape[k])
  )
    throw shapeError(
      operation,
      `${describe(x)} and indices ${describe(indices)}: the extents may differ along axis ${along} only`,
      {
        argument: 'indices',
        found: describe(indices),
        expected: `[${x.shape.map((extent, k) => (k === along ? 'any' : extent)).join(',')}]`,
      },
    );
  return indices.shape;
};

/** Checks that `updates` has the target's dtype, one that adds, and the shape that the indices ask for. */
const checkUpdates = (
  operation: string,
  target: Described,
  indices: Described,
  updates: Described,
  shape: Shape,
): void => {
  if (target.dtype === 'bool' || updates.dtype !== target.dtype)
    throw dtypeError(
      operation,
      `target ${describe(target)} and updates ${describe(updates)}: ` +
        (target.dtype === 'bool' ? 'bool does not add, cast both to i32' : 'cast one to the dtype of the other'),
      {
        argument: 'updates',
        found: describe(updates),
        expected: target.dtype === 'bool' ? 'i32, f32 or f64' : target.dtype,
      },
    );
  if (!sameShape(updates.shape, shape))
    throw shapeError(
      operation,
      `target ${describe(target)} and indices ${describe(indices)} ask for updates [${shape.join(',')}], found ${describe(updates)}`,
      { argument: 'updates', found: describe(updates), expected: `[${shape.join(',')}]` },
    );
};

/** Checks the operands of `scatterAdd` and returns the shape of the result: that of `target`. */
export const scatterAddShape = (
  operation: string,
  target: Described,
  indices: Described,
  updates: Described,
  axis: number,
): Shape => {
  checkUpdates(operation, target, indices, updates, gatherShape(operation, target, indices, axis));
  return target.shape;
};

/** Checks the operands of `scatterAddAlong` and returns the shape of the result: that of `target`. */
export const scatterAddAlongShape = (
  operation: string,
  target: Described,
  indices: Described,
  updates: Described,
  axis: number,
): Shape => {
  checkUpdates(operation, target, indices, updates, takeAlongShape(operation, target, indices, axis));
  return target.shape;
};

/**
 * Picks whole slices of `x` along `axis`: the shape is `x.shape[:axis] ++ indices.shape ++ x.shape[axis+1:]` (NumPy's
 * `take`). Rank-0 indices drop the axis. Any dtype of `x`; values are moved, never computed with. Adjoint: `scatterAdd`.
 *
 * @throws `DTypeMismatch` unless the indices are `i32`; `OutOfRange` with the position of the first index outside
 * `[0, extent)`, negative ones included; `InvalidArgument` for a wrong axis (rank 0 has none).
 * @example
 * ```ts
 * const x = tensor([[1, 2], [3, 4], [5, 6]]);
 * console.log(toNested(gather(x, tensor([2, 0], 'i32')))); // [ [ 5, 6 ], [ 1, 2 ] ]
 * console.log(toNested(gather(x, scalar(1, 'i32'), 1))); // [ 2, 4, 6 ]
 * ```
 */
export const gather = (x: Tensor, indices: Tensor, axis = 0): Tensor => {
  const from = elements(x, 'gather');
  viewOf(indices, 'gather');
  const shape = gatherShape('gather', x, indices, axis);
  const along = normaliseAxis('gather', axis, x.shape);
  const { outer, extent, inner } = splitAtAxis(x.shape, along);
  const at = checkedIndices('gather', indices, extent, axisOf(x, along));
  const out = allocate(x.dtype, sizeOf(shape));
  let to = 0;
  for (let o = 0; o < outer; o += 1)
    for (let k = 0; k < at.length; k += 1) {
      const start = (o * extent + (at[k] as number)) * inner;
      for (let i = 0; i < inner; i += 1) out[to + i] = from[start + i] as number;
      to += inner;
    }
  return adopt(out, x.dtype, shape);
};

/**
 * Adds slices to `target` along `axis`: slice k of `updates`, whose shape is
 * `target.shape[:axis] ++ indices.shape ++ target.shape[axis+1:]`, goes to slice `indices[k]`. The adjoint of `gather`.
 *
 * Where an index repeats, updates are added one after the other in the row-major order of the indices, each sum rounded to
 * the dtype (`i32` wraps modulo 2³²), so that the bits of the result are defined. NaN and infinities follow IEEE addition.
 *
 * @throws as `gather`; also `DTypeMismatch` for `bool` or unless target and updates have one dtype, and `ShapeMismatch` for
 * updates of another shape.
 * @example
 * ```ts
 * const counts = scatterAdd(zeros([3]), tensor([0, 2, 0], 'i32'), ones([3]));
 * console.log(toNested(counts)); // [ 2, 0, 1 ]
 * ```
 */
export const scatterAdd = (target: Tensor, indices: Tensor, updates: Tensor, axis = 0): Tensor => {
  const base = elements(target, 'scatterAdd');
  viewOf(indices, 'scatterAdd');
  const from = elements(updates, 'scatterAdd');
  const shape = scatterAddShape('scatterAdd', target, indices, updates, axis);
  const along = normaliseAxis('scatterAdd', axis, shape);
  const { outer, extent, inner } = splitAtAxis(shape, along);
  const at = checkedIndices('scatterAdd', indices, extent, axisOf(target, along));
  const out = allocate(target.dtype, target.size);
  out.set(base);
  let next = 0;
  for (let o = 0; o < outer; o += 1)
    for (let k = 0; k < at.length; k += 1) {
      const start = (o * extent + (at[k] as number)) * inner;
      for (let i = 0; i < inner; i += 1) out[start + i] = (out[start + i] as number) + (from[next + i] as number);
      next += inner;
    }
  return adopt(out, target.dtype, shape);
};

/**
 * Picks one element for each index: `out[…, j, …] = x[…, indices[…, j, …], …]`, the axis in the middle (NumPy's
 * `take_along_axis`). `indices` has the rank of `x` and its extents except along `axis`; nothing broadcasts. This reads the
 * log-probabilities of the actions taken. Adjoint: `scatterAddAlong`.
 *
 * @throws as `gather`; also `ShapeMismatch` when another extent or the rank differs.
 * @example
 * ```ts
 * const logProbabilities = tensor([[-1, -2, -3], [-4, -5, -6]]);
 * const actions = tensor([[2], [0]], 'i32');
 * console.log(toNested(takeAlong(logProbabilities, actions, 1))); // [ [ -3 ], [ -4 ] ]
 * ```
 */
export const takeAlong = (x: Tensor, indices: Tensor, axis: number): Tensor => {
  const from = elements(x, 'takeAlong');
  viewOf(indices, 'takeAlong');
  const shape = takeAlongShape('takeAlong', x, indices, axis);
  const along = normaliseAxis('takeAlong', axis, x.shape);
  const { outer, extent, inner } = splitAtAxis(x.shape, along);
  const at = checkedIndices('takeAlong', indices, extent, axisOf(x, along));
  const out = allocate(x.dtype, at.length);
  const count = shape[along] as number;
  for (let o = 0, k = 0; o < outer; o += 1)
    for (let j = 0; j < count; j += 1)
      for (let i = 0; i < inner; i += 1, k += 1) out[k] = from[(o * extent + (at[k] as number)) * inner + i] as number;
  return adopt(out, x.dtype, shape);
};

/**
 * Adds one element for each index: `target[…, indices[…, j, …], …] += updates[…, j, …]`. `updates` has the shape of
 * `indices`. The adjoint of `takeAlong`; repeated indices add up as in `scatterAdd`.
 *
 * @throws as `scatterAdd` and `takeAlong`.
 * @example
 * ```ts
 * const actions = tensor([[2], [0]], 'i32');
 * const sums = scatterAddAlong(zeros([2, 3]), actions, tensor([[10], [20]]), 1);
 * console.log(toNested(sums)); // [ [ 0, 0, 10 ], [ 20, 0, 0 ] ]
 * ```
 */
export const scatterAddAlong = (target: Tensor, indices: Tensor, updates: Tensor, axis: number): Tensor => {
  const base = elements(target, 'scatterAddAlong');
  viewOf(indices, 'scatterAddAlong');
  const from = elements(updates, 'scatterAddAlong');
  const shape = scatterAddAlongShape('scatterAddAlong', target, indices, updates, axis);
  const along = normaliseAxis('scatterAddAlong', axis, shape);
  const { outer, extent, inner } = splitAtAxis(shape, along);
  const at = checkedIndices('scatterAddAlong', indices, extent, axisOf(target, along));
  const out = allocate(target.dtype, target.size);
  out.set(base);
  const count = indices.shape[along] as number;
  for (let o = 0, k = 0; o < outer; o += 1)
    for (let j = 0; j < count; j += 1)
      for (let i = 0; i < inner; i += 1, k += 1) {
        const to = (o * extent + (at[k] as number)) * inner + i;
        out[to] = (out[to] as number) + (from[k] as number);
      }
  return adopt(out, target.dtype, shape);
};

/** Checks the operands of `oneHot` and returns the shape of the result. */
export const oneHotShape = (operation: string, indices: Described, depth: number): Shape => {
  checkIndexDType(operation, indices);
  if (!Number.isInteger(depth) || depth < 0)
    throw invalid(operation, `depth ${depth} for indices ${describe(indices)}: the depth is a whole number ≥ 0`, {
      argument: 'depth',
      found: String(depth),
      expected: 'a whole number ≥ 0',
    });
  return checkShape(operation, [...indices.shape, depth]);
};

/**
 * Unit vectors: the shape is `indices.shape ++ [depth]`, 1 where the last index equals the entry of `indices`, 0 elsewhere.
 *
 * @throws `DTypeMismatch` unless the indices are `i32`; `OutOfRange` with the position of the first index outside
 * `[0, depth)`: an index that is out of range is an error, not a row of zeros.
 * @example
 * ```ts
 * console.log(toNested(oneHot(tensor([1, 0], 'i32'), 3))); // [ [ 0, 1, 0 ], [ 1, 0, 0 ] ]
 * ```
 */
export const oneHot = (indices: Tensor, depth: number, dtype: DType = 'f64'): Tensor => {
  viewOf(indices, 'oneHot');
  const shape = oneHotShape('oneHot', indices, depth);
  const at = checkedIndices('oneHot', indices, depth, 'the depth');
  const out = allocate(dtype, sizeOf(shape));
  for (let k = 0; k < at.length; k += 1) out[k * depth + (at[k] as number)] = 1;
  return adopt(out, dtype, shape);
};
