/** Functions that put tensors together and take them apart: views wherever strides allow. */
import { allocate, checkLiteral, type TypedArray } from './dtype.js';
import { dtypeError, invalid, NatgradError, shapeError } from './errors.js';
import { type Described, replaceAxis, splitAtAxis } from './kernels/axis.js';
import {
  checkShape,
  describe,
  normaliseAxes,
  normaliseAxis,
  type Shape,
  sameShape,
  sizeOf,
  stridesOf,
} from './shape.js';
import { adopt, describeForeign, elements, fromView, isTensor, makeView, type Tensor, viewOf } from './tensor.js';

/** Throws unless `tensors` is a list of tensors, traced ones included. */
export const checkList = (operation: string, tensors: readonly unknown[]): void => {
  if (!Array.isArray(tensors))
    throw invalid(
      operation,
      `expected an array of tensors, found ${describeForeign(tensors)}: write ${operation}([a, b])`,
      {
        argument: 'tensors',
        found: describeForeign(tensors),
        expected: 'an array of tensors',
      },
    );
  tensors.forEach((each, i) => {
    if (!isTensor(each))
      throw new NatgradError('NotATensor', `tensors[${i}] is ${describeForeign(each)}, not a tensor`, {
        operation,
        argument: `tensors[${i}]`,
        found: describeForeign(each),
        expected: 'a tensor',
      });
  });
};

/** Checks that there is an operand and that all have the dtype of the first, which is returned. */
const checkOperands = (operation: string, operands: readonly Described[]): Described => {
  const first = operands[0];
  if (first === undefined)
    throw invalid(operation, 'the list of tensors is empty, so that neither dtype nor shape of the result is known', {
      argument: 'tensors',
      found: 'no tensors',
      expected: 'at least one tensor',
    });
  operands.forEach((operand, i) => {
    if (operand.dtype !== first.dtype)
      throw dtypeError(
        operation,
        `tensors[0] is ${describe(first)}, tensors[${i}] is ${describe(operand)}: cast one to the dtype of the other`,
        {
          argument: `tensors[${i}]`,
          found: describe(operand),
          expected: `dtype ${first.dtype}`,
        },
      );
  });
  return first;
};

/** Checks the operands of `concatenate` and returns the shape of the result; `axis` may be negative. */
export const concatenateShape = (operation: string, operands: readonly Described[], axis: number): Shape => {
  const first = checkOperands(operation, operands);
  if (first.shape.length === 0)
    throw shapeError(operation, `tensors[0] is ${describe(first)}, which has no axis to join along: use stack`, {
      argument: 'tensors[0]',
      found: describe(first),
      expected: 'rank 1 or more',
    });
  const along = normaliseAxis(operation, axis, first.shape);
  let extent = 0;
  operands.forEach((operand, i) => {
    const clash =
      operand.shape.length === first.shape.length
        ? operand.shape.findIndex((each, k) => k !== along && each !== first.shape[k])
        : first.shape.length;
    if (clash >= 0)
      throw shapeError(
        operation,
        `tensors[0] is ${describe(first)}, tensors[${i}] is ${describe(operand)}: ` +
          (clash === first.shape.length
            ? `ranks ${first.shape.length} and ${operand.shape.length} differ`
            : `extents ${first.shape[clash]} and ${operand.shape[clash]} of axis ${clash} differ, only those of axis ${along} may`),
        {
          argument: `tensors[${i}]`,
          found: describe(operand),
          expected: `${describe(first)} up to the extent of axis ${along}`,
        },
      );
    extent += operand.shape[along] as number;
  });
  return checkShape(operation, replaceAxis(first.shape, along, [extent]));
};

/** Checks the operands of `stack` and returns the shape of the result; `axis` counts in the result and may be negative. */
export const stackShape = (operation: string, operands: readonly Described[], axis: number): Shape => {
  const first = checkOperands(operation, operands);
  operands.forEach((operand, i) => {
    if (!sameShape(operand.shape, first.shape))
      throw shapeError(
        operation,
        `tensors[0] is ${describe(first)}, tensors[${i}] is ${describe(operand)}: the shapes differ`,
        {
          argument: `tensors[${i}]`,
          found: describe(operand),
          expected: describe(first),
        },
      );
  });
  const at = normaliseAxis(operation, axis, [operands.length, ...first.shape]);
  return checkShape(operation, [...first.shape.slice(0, at), operands.length, ...first.shape.slice(at)]);
};

/** Takes turns: for each of `outer` rounds, the next block of every piece (its size divided by `outer`). */
const interleave = (pieces: readonly TypedArray[], outer: number, out: TypedArray): void => {
  let to = 0;
  for (let o = 0; o < outer; o += 1)
    for (const piece of pieces) {
      const block = piece.length / outer;
      const from = o * block;
      for (let i = 0; i < block; i += 1) out[to + i] = piece[from + i] as number;
      to += block;
    }
};

/**
 * Joins tensors end to end along an axis that they have: `[…, nᵢ, …]` give `[…, Σ nᵢ, …]`. All other extents are equal,
 * and so are the dtypes (nothing is promoted). Extents of 0 are fine.
 *
 * @throws `InvalidArgument` for an empty list or a wrong axis, `DTypeMismatch`, `ShapeMismatch` (rank 0 included: use
 * `stack`).
 * @example
 * ```ts
 * const a = tensor([[1], [2]]);
 * const b = tensor([[3, 4], [5, 6]]);
 * console.log(toNested(concatenate([a, b], 1))); // [ [ 1, 3, 4 ], [ 2, 5, 6 ] ]
 * ```
 */
export const concatenate = (tensors: readonly Tensor[], axis = 0): Tensor => {
  checkList('concatenate', tensors);
  const shape = concatenateShape('concatenate', tensors, axis);
  const first = tensors[0] as Tensor;
  if (tensors.length === 1) {
    viewOf(first, 'concatenate');
    return first;
  }
  const data = allocate(first.dtype, sizeOf(shape));
  const { outer } = splitAtAxis(shape, normaliseAxis('concatenate', axis, shape));
  interleave(
    tensors.map((each) => elements(each, 'concatenate')),
    outer,
    data,
  );
  return adopt(data, first.dtype, shape);
};

/**
 * Joins tensors of one shape and dtype along a new axis at `axis`, counted in the result: n tensors `[a, b]` give
 * `[n, a, b]`, or `[a, b, n]` at axis −1. `unstack` is its inverse.
 *
 * @throws `InvalidArgument` for an empty list or a wrong axis, `DTypeMismatch`, `ShapeMismatch`.
 * @example
 * ```ts
 * const rows = [tensor([1, 2]), tensor([3, 4])];
 * console.log(toNested(stack(rows))); // [ [ 1, 2 ], [ 3, 4 ] ]
 * console.log(toNested(stack(rows, 1))); // [ [ 1, 3 ], [ 2, 4 ] ]
 * ```
 */
export const stack = (tensors: readonly Tensor[], axis = 0): Tensor => {
  checkList('stack', tensors);
  const shape = stackShape('stack', tensors, axis);
  const first = tensors[0] as Tensor;
  const data = allocate(first.dtype, sizeOf(shape));
  const { outer } = splitAtAxis(shape, normaliseAxis('stack', axis, shape));
  interleave(
    tensors.map((each) => elements(each, 'stack')),
    outer,
    data,
  );
  return adopt(data, first.dtype, shape);
};

/**
 * The slices along an axis, which they lose: `[n, a, b]` gives n tensors `[a, b]`. Zero-copy: each keeps the storage of the
 * whole alive. The inverse of `stack`, except that an extent of 0 gives an empty list.
 *
 * @throws `InvalidArgument` for a wrong axis; rank 0 has none.
 * @example
 * ```ts
 * const columns = unstack(tensor([[1, 2], [3, 4]]), 1);
 * console.log(columns.map(toNested)); // [ [ 1, 3 ], [ 2, 4 ] ]
 * ```
 */
export const unstack = (x: Tensor, axis = 0): readonly Tensor[] => {
  const view = viewOf(x, 'unstack');
  const along = normaliseAxis('unstack', axis, x.shape);
  const shape = replaceAxis(x.shape, along, []);
  const stride = replaceAxis(view.stride, along, []);
  const step = view.stride[along] as number;
  return Array.from({ length: x.shape[along] as number }, (_, i) =>
    fromView(makeView(view.data, shape, stride, view.offset + i * step), x.dtype),
  );
};

/** Checks the widths of `pad` and returns the shape of the result. */
export const padShape = (operation: string, x: Described, low: readonly number[], high: readonly number[]): Shape => {
  const rank = x.shape.length;
  for (const [argument, widths] of [['low', low] as const, ['high', high] as const]) {
    if (widths.length !== rank)
      throw shapeError(
        operation,
        `${describe(x)} has ${rank} axes, ${argument} = [${widths.join(',')}] has ${widths.length} entries`,
        {
          argument,
          found: `${widths.length} widths`,
          expected: `${rank} widths, one for each axis`,
        },
      );
    const bad = widths.findIndex((width) => !Number.isInteger(width) || width < 0);
    if (bad >= 0)
      throw invalid(
        operation,
        `${argument}[${bad}] = ${widths[bad]} for axis ${bad} of ${describe(x)}: widths are whole numbers ≥ 0; use slice to crop`,
        {
          argument,
          found: `[${widths.join(',')}]`,
          expected: 'whole numbers ≥ 0',
        },
      );
  }
  return checkShape(
    operation,
    x.shape.map((extent, axis) => extent + (low[axis] as number) + (high[axis] as number)),
  );
};

/**
 * Surrounds a tensor with a constant: axis k grows from n to `low[k] + n + high[k]`. At rank 0 both lists are empty and the
 * result is the input.
 *
 * @param value stored in the tensor's dtype: rounded for `f32`, a whole number for `i32`, 0 or 1 for `bool`.
 * @throws `ShapeMismatch` unless there is one width for each axis; `InvalidArgument` for a negative or fractional width
 * (crop with `slice`); `DTypeMismatch` for a value that the dtype does not have.
 * @example
 * ```ts
 * console.log(toNested(pad(tensor([1, 2]), [1], [2], 9))); // [ 9, 1, 2, 9, 9 ]
 * ```
 */
export const pad = (x: Tensor, low: readonly number[], high: readonly number[], value = 0): Tensor => {
  const flat = elements(x, 'pad');
  const shape = padShape('pad', x, low, high);
  const fill = checkLiteral('pad', value, x.dtype);
  const data = allocate(x.dtype, sizeOf(shape));
  if (fill !== 0 || Object.is(fill, -0)) data.fill(fill);
  const strides = stridesOf(shape);
  let from = 0;
  /** Copies the block of `x` below `axis` to where it starts in the result. */
  const place = (axis: number, start: number): void => {
    if (axis === x.rank) {
      data[start] = flat[from] as number;
      from += 1;
      return;
    }
    const first = start + (low[axis] as number) * (strides[axis] as number);
    const extent = x.shape[axis] as number;
    if (axis === x.rank - 1) {
      for (let i = 0; i < extent; i += 1) data[first + i] = flat[from + i] as number;
      from += extent;
    } else for (let i = 0; i < extent; i += 1) place(axis + 1, first + i * (strides[axis] as number));
  };
  if (x.size > 0) place(0, 0);
  return adopt(data, x.dtype, shape);
};

/**
 * The elements in opposite order along the given axes, along all of them if none are given. Zero-copy: strides become
 * negative. Its own inverse.
 *
 * @throws `InvalidArgument` for an axis outside `[-rank, rank)` or named twice.
 * @example
 * ```ts
 * console.log(toNested(reverse(tensor([[1, 2], [3, 4]]), [0]))); // [ [ 3, 4 ], [ 1, 2 ] ]
 * ```
 */
export const reverse = (x: Tensor, axes?: number | readonly number[]): Tensor => {
  const view = viewOf(x, 'reverse');
  const stride = [...view.stride];
  let offset = view.offset;
  for (const axis of normaliseAxes('reverse', axes, x.shape)) {
    const step = stride[axis] as number;
    // With extent 0 there is no last element to start from.
    offset += Math.max(0, (x.shape[axis] as number) - 1) * step;
    stride[axis] = -step;
  }
  return fromView(makeView(view.data, x.shape, stride, offset), x.dtype);
};
