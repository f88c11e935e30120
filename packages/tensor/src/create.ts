/** Tensors from numbers, and numbers from tensors. Everything copies at the border. */
import { castFor, scalarFor, tensorFor } from './convert.js';
import { allocate, checkLiteral, type DType, literalDType, type TypedArray } from './dtype.js';
import { dtypeError, invalid, NatgradError, shapeError } from './errors.js';
import { checkShape, describe, type Shape, sizeOf } from './shape.js';
import { adopt, checkTensor, describeForeign, elements, type Scalar, type Tensor, type TensorLike } from './tensor.js';

/** Numbers nested to any depth; all rows of one level have one length. */
export type Nested = number | boolean | readonly Nested[];

/**
 * A tensor from nested arrays, e.g. `tensor([[1, 2], [3, 4]])`. Without a dtype, booleans give `bool` and numbers `f64`.
 *
 * @throws `ShapeMismatch` for ragged rows, with the path to the first one; `InvalidArgument` for anything but numbers.
 * @example
 * ```ts
 * const a = tensor([[1, 2, 3], [4, 5, 6]]);
 * console.log(a.shape.join('x')); // 2x3
 * ```
 */
export const tensor = (nested: Nested, dtype?: DType): Tensor => {
  const shape: number[] = [];
  const open = new Set<Nested>();
  for (let level: Nested = nested; Array.isArray(level); level = level[0] as Nested) {
    if (open.has(level))
      throw invalid('tensor', `the arrays contain themselves at input${'[0]'.repeat(shape.length)}`, {
        argument: `input${'[0]'.repeat(shape.length)}`,
        expected: 'nested arrays of finite depth',
      });
    open.add(level);
    shape.push(level.length);
    if (level.length === 0) break;
  }
  checkShape('tensor', shape);
  const flat: number[] = [];
  let booleans = 0;
  const visit = (level: Nested, depth: number, path: string): void => {
    if (Array.isArray(level)) {
      const row = level as readonly Nested[];
      if (depth >= shape.length)
        throw shapeError(
          'tensor',
          `the arrays are ragged: at ${path} there is an array where the first row has a number`,
          {
            argument: path,
            found: `an array of length ${row.length}`,
            expected: 'a number',
          },
        );
      if (row.length !== shape[depth])
        throw shapeError(
          'tensor',
          `the arrays are ragged: ${path} has length ${row.length}, the first one ${shape[depth]}`,
          {
            argument: path,
            found: `length ${row.length}`,
            expected: `length ${shape[depth]}`,
          },
        );
      // A hole of a sparse array is no number; `forEach` would pass over it.
      for (let i = 0; i < row.length; i += 1) visit(row[i] as Nested, depth + 1, `${path}[${i}]`);
      return;
    }
    if (typeof level !== 'number' && typeof level !== 'boolean')
      throw invalid('tensor', `at ${path}: expected a number or an array, found ${describeForeign(level)}`, {
        argument: path,
      });
    if (depth !== shape.length)
      throw shapeError(
        'tensor',
        `the arrays are ragged: at ${path} there is a number where the first row has an array`,
        {
          argument: path,
          found: 'a number',
          expected: `an array of length ${shape[depth]}`,
        },
      );
    if (typeof level === 'boolean') booleans += 1;
    flat.push(dtype === undefined ? Number(level) : checkLiteral('tensor', level, dtype));
  };
  visit(nested, 0, 'input');
  const inferred: DType = dtype ?? (booleans > 0 && booleans === flat.length ? 'bool' : 'f64');
  const data = allocate(inferred, flat.length);
  data.set(flat);
  return adopt(data, inferred, shape);
};

/** A rank-0 tensor, `f64` (or `bool` for a boolean) unless a dtype is given. */
export const scalar = (value: number | boolean, dtype: DType = literalDType(value)): Scalar =>
  scalarFor('scalar', value, dtype);

/** Every element `value`. */
export const full = (shape: Shape, value: number | boolean, dtype: DType = literalDType(value)): Tensor => {
  checkShape('full', shape);
  const data = allocate(dtype, sizeOf(shape));
  data.fill(checkLiteral('full', value, dtype));
  return adopt(data, dtype, shape);
};

export const zeros = (shape: Shape, dtype: DType = 'f64'): Tensor =>
  adopt(allocate(dtype, sizeOf(checkShape('zeros', shape))), dtype, shape);

export const ones = (shape: Shape, dtype: DType = 'f64'): Tensor => full(shape, 1, dtype);

/**
 * `start, start + step, …` up to but without `stop`; `arange(n)` is `0 … n−1`. The i-th element is `start + i·step`, so
 * errors do not accumulate.
 *
 * @example
 * ```ts
 * console.log(toNested(arange(2, 8, 2))); // [ 2, 4, 6 ]
 * ```
 */
export const arange = (start: number, stop?: number, step = 1, dtype: DType = 'f64'): Tensor => {
  const [from, to] = stop === undefined ? [0, start] : [start, stop];
  if (![from, to, step].every(Number.isFinite) || step === 0)
    throw invalid('arange', `arange(${from}, ${to}, ${step}) needs finite bounds and a step other than 0`, {
      argument: 'step',
    });
  let count = Math.max(0, Math.ceil((to - from) / step));
  // The quotient is rounded: (1.3 − 1)/0.1 is a little more than 3, and a fourth element would be the stop itself.
  if (count > 0 && (step > 0 ? from + (count - 1) * step >= to : from + (count - 1) * step <= to)) count -= 1;
  const data = allocate(dtype, sizeOf(checkShape('arange', [count])));
  for (let i = 0; i < count; i += 1) data[i] = checkLiteral('arange', from + i * step, dtype);
  return adopt(data, dtype, [count]);
};

/** `count` evenly spaced points from `start` to `stop`, both included. */
export const linspace = (start: number, stop: number, count: number, dtype: 'f32' | 'f64' = 'f64'): Tensor => {
  checkShape('linspace', [count]);
  const data = allocate(dtype, count);
  for (let i = 0; i < count; i += 1)
    data[i] = i === 0 ? start : i === count - 1 ? stop : start + (i * (stop - start)) / (count - 1);
  return adopt(data, dtype, [count]);
};

/** The identity matrix, or a rectangular one with ones on the main diagonal. */
export const eye = (rows: number, dtype: DType = 'f64', columns: number = rows): Tensor => {
  checkShape('eye', [rows, columns]);
  const data = allocate(dtype, rows * columns);
  for (let i = 0; i < Math.min(rows, columns); i += 1) data[i * columns + i] = 1;
  return adopt(data, dtype, [rows, columns]);
};

const dtypeOf = (data: TypedArray, operation: string): DType => {
  if (data instanceof Float64Array) return 'f64';
  if (data instanceof Float32Array) return 'f32';
  if (data instanceof Int32Array) return 'i32';
  if (data instanceof Uint8Array) return 'bool';
  throw dtypeError(
    operation,
    `expected a Float32Array, Float64Array, Int32Array or Uint8Array, found ${describeForeign(data)}`,
    {
      argument: 'data',
    },
  );
};

/** A tensor with a copy of `data` (row-major). A `Uint8Array` becomes `bool` and must hold 0 and 1 only. */
export const fromTypedArray = (data: TypedArray, shape: Shape = [data.length]): Tensor => {
  const dtype = dtypeOf(data, 'fromTypedArray');
  checkShape('fromTypedArray', shape);
  if (data.length !== sizeOf(shape))
    throw shapeError(
      'fromTypedArray',
      `${data.length} elements do not fill [${shape.join(',')}], which has ${sizeOf(shape)}`,
      {
        argument: 'shape',
        found: `${data.length} elements`,
        expected: `${sizeOf(shape)} elements`,
      },
    );
  if (dtype === 'bool') data.forEach((x) => void checkLiteral('fromTypedArray', x, 'bool'));
  return adopt(copyOf(data, dtype), dtype, shape);
};

/** Not `slice`, which for Node's `Buffer`, a `Uint8Array` too, gives a view of the same bytes. */
const copyOf = (data: TypedArray, dtype: DType): TypedArray => {
  const copy = allocate(dtype, data.length);
  copy.set(data);
  return copy;
};

/** A copy of the elements, row-major; `bool` comes as bytes 0 and 1. */
export const toTypedArray = (x: Tensor): TypedArray => copyOf(elements(x, 'toTypedArray'), x.dtype);

/** The elements as nested arrays of numbers (booleans for `bool`); rank 0 gives the bare number. */
export const toNested = (x: Tensor): Nested => {
  const flat = elements(x, 'toNested');
  const leaf = (i: number): number | boolean => (x.dtype === 'bool' ? flat[i] === 1 : (flat[i] as number));
  const build = (axis: number, start: number, count: number): Nested => {
    if (axis === x.rank) return leaf(start);
    const extent = x.shape[axis] as number;
    const each = extent === 0 ? 0 : count / extent;
    return Array.from({ length: extent }, (_, i) => build(axis + 1, start + i * each, each));
  };
  return build(0, 0, x.size);
};

/** The only element of a one-element tensor, as a JavaScript number. */
export const item = (x: Tensor): number => {
  const flat = elements(x, 'item');
  if (flat.length !== 1)
    throw shapeError(
      'item',
      `${describe(x)} has ${x.size} elements, item reads the element of a tensor that has exactly one`,
      {
        found: describe(x),
        expected: 'size 1',
      },
    );
  return flat[0] as number;
};

/** Converts to another dtype: to `i32` truncates toward zero and wraps like JavaScript's `| 0`; to `bool` is `x ≠ 0`. */
export const cast = (x: Tensor, dtype: DType): Tensor => castFor('cast', x, dtype);

/** A tensor from a tensor or a JavaScript literal. */
export const asTensor = (like: TensorLike, dtype?: DType): Tensor => tensorFor('asTensor', like, dtype);

/**
 * The same tensor, known to the type system to be a scalar. Checks the shape only, so it may be used on traced values.
 *
 * @throws `NotScalar` unless the rank is 0.
 */
export const asScalar = (x: Tensor): Scalar => {
  checkTensor('asScalar', x);
  if (x.shape.length !== 0)
    throw new NatgradError('NotScalar', `${describe(x)} has rank ${x.shape.length}, a scalar has rank 0`, {
      operation: 'asScalar',
      found: describe(x),
      expected: 'rank 0: sum or average first',
    });
  return x as Scalar;
};
