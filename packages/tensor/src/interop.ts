/** Tensors to and from `ndarray`, the interchange type of the scijs family. Everything copies at the border. */
import ndarray, { type NdArray } from 'ndarray';
import { toTypedArray } from './create.js';
import { allocate, checkLiteral, type DType, type TypedArray } from './dtype.js';
import { dtypeError, invalid, shapeError } from './errors.js';
import { checkShape, type Shape, sizeOf } from './shape.js';
import { adopt, copyStrided, describeForeign, makeView, type Tensor, viewOf } from './tensor.js';

/** Storage as `ndarray` knows it: a typed array, a plain one, or an object that is read by `get`. */
type Storage = ArrayLike<unknown> | { readonly length: number; readonly get: (index: number) => unknown };

/** Parts of an ndarray that are read here; none of them is trusted. */
interface Parts {
  readonly data: Storage;
  readonly shape: Shape;
  readonly stride: readonly number[];
  readonly offset: number;
}

const EXACT: ReadonlyMap<string, DType> = new Map([
  ['Float64Array', 'f64'],
  ['Float32Array', 'f32'],
  ['Int32Array', 'i32'],
  ['Int16Array', 'i32'],
  ['Int8Array', 'i32'],
  ['Uint16Array', 'i32'],
  ['Uint32Array', 'f64'],
  ['Uint8Array', 'bool'],
  ['Uint8ClampedArray', 'i32'],
]);

/** The narrowest dtype that holds all values of a storage type; bytes are `bool`, as in `fromTypedArray`. */
const naturalDType = (data: Storage): DType => EXACT.get(Object.prototype.toString.call(data).slice(8, -1)) ?? 'f64';

const checkParts = (nd: unknown): Parts => {
  const parts = nd as Partial<Parts> | null | undefined;
  if (
    typeof parts !== 'object' ||
    parts === null ||
    !Array.isArray(parts.shape) ||
    !Array.isArray(parts.stride) ||
    typeof parts.data !== 'object' ||
    parts.data === null
  )
    throw invalid('fromNdarray', `expected an ndarray, found ${describeForeign(nd)}`, {
      argument: 'nd',
      expected: 'an ndarray, with data, shape, stride and offset',
    });
  const { data, shape, stride, offset } = parts as Parts;
  checkShape('fromNdarray', shape);
  if (stride.length !== shape.length || ![...stride, offset].every(Number.isInteger))
    throw shapeError(
      'fromNdarray',
      `shape [${shape.join(',')}], strides [${stride.join(',')}] and offset ${offset} do not fit together`,
      {
        argument: 'nd',
        expected: 'one whole stride per axis and a whole offset',
      },
    );
  if (sizeOf(shape) > 0) {
    let first = offset;
    let last = offset;
    shape.forEach((extent, axis) => {
      const reach = (extent - 1) * (stride[axis] as number);
      if (reach < 0) first += reach;
      else last += reach;
    });
    if (first < 0 || last >= data.length)
      throw shapeError(
        'fromNdarray',
        `shape [${shape.join(',')}] with strides [${stride.join(',')}] reaches elements ${first} to ${last} of ${data.length}`,
        {
          argument: 'nd',
          found: `elements ${first} to ${last}`,
          expected: `elements within 0 to ${data.length - 1}`,
        },
      );
  }
  return { data, shape, stride, offset };
};

/** Elements in row-major order, as they are: copying straight into a typed array would convert without a check. */
const gather = ({ data, shape, stride, offset }: Parts): readonly unknown[] => {
  const readable = 'get' in data ? Array.from({ length: data.length }, (_, i) => data.get(i)) : data;
  const out = new Array<unknown>(sizeOf(shape));
  copyStrided(makeView(readable as unknown as TypedArray, shape, stride, offset), out as unknown as TypedArray);
  return out;
};

/**
 * A tensor with a copy of an ndarray's elements, whatever its strides and offset. Without a dtype: `Float64Array`,
 * `Float32Array` and `Int32Array` give `f64`, `f32` and `i32`, smaller integers `i32`, `Uint32Array` and plain arrays `f64`,
 * and a `Uint8Array` `bool`, which must hold 0 and 1 only (pass `'i32'` for bytes).
 *
 * @throws `DTypeMismatch` for an element that the dtype cannot hold, `ShapeMismatch` for a view that leaves its data,
 * `InvalidArgument` for anything but an ndarray.
 * @example
 * ```ts
 * import ndarray from 'ndarray';
 * const columns = ndarray(new Float64Array([1, 2, 3, 4]), [2, 2]).transpose(1, 0);
 * console.log(format(fromNdarray(columns))); // f64[2,2] [[1, 3], [2, 4]]
 * ```
 */
export const fromNdarray = (nd: NdArray, dtype?: DType): Tensor => {
  const parts = checkParts(nd);
  const target = dtype ?? naturalDType(parts.data);
  const out = allocate(target, sizeOf(parts.shape));
  if (Object.getPrototypeOf(parts.data) === Object.getPrototypeOf(out) && target !== 'bool') {
    copyStrided(makeView(parts.data as TypedArray, parts.shape, parts.stride, parts.offset), out);
    return adopt(out, target, parts.shape);
  }
  gather(parts).forEach((value, i) => {
    if (typeof value !== 'number' && typeof value !== 'boolean')
      throw dtypeError('fromNdarray', `element ${i} is ${describeForeign(value)}, not a number`, {
        argument: 'nd',
        found: describeForeign(value),
        expected: 'numbers or booleans',
      });
    out[i] = checkLiteral('fromNdarray', value, target);
  });
  return adopt(out, target, parts.shape);
};

/**
 * A row-major ndarray with a copy of the elements: writing to it changes no tensor. `bool` comes as bytes 0 and 1.
 *
 * @throws `TracedValue` inside a traced function.
 * @example
 * ```ts
 * const nd = toNdarray(tensor([[1, 2], [3, 4]]));
 * nd.set(0, 1, 20);
 * console.log(nd.get(0, 1)); // 20
 * ```
 */
export const toNdarray = (x: Tensor): NdArray<TypedArray> => {
  viewOf(x, 'toNdarray');
  return ndarray(toTypedArray(x), [...x.shape]);
};
