import { allocate, type DType, type TypedArray } from './dtype.js';
import { NatgradError } from './errors.js';
import { formatElements } from './kernels/format.js';
import { copyStrided } from './kernels/strided.js';
import { type Shape, sameShape, sizeOf, stridesOf } from './shape.js';

export { copyStrided };

/** Marks every tensor, traced ones of the autodiff package included, also across two copies of this package. */
export const tensorBrand: unique symbol = Symbol.for('@natgrad/tensor') as never;
declare const scalarBrand: unique symbol;

/**
 * An immutable array of numbers with a dtype and a shape. There is no method that changes it and none that hands out its
 * storage: everything is done by functions that return new tensors.
 *
 * While a function is traced by the autodiff package, the same type stands for a value that has a dtype and a shape but no
 * elements yet; asking for the elements of one is a `TracedValue` error.
 */
export interface Tensor {
  readonly dtype: DType;
  readonly shape: Shape;
  /** Number of axes. */
  readonly rank: number;
  /** Number of elements. */
  readonly size: number;
  readonly [tensorBrand]: true;
}

/** A tensor that is known, in the type system, to have rank 0: what a loss must be. */
export interface Scalar extends Tensor {
  readonly shape: readonly [];
  readonly [scalarBrand]: true;
}

/** What elementwise functions take beside tensors: JavaScript numbers and booleans are weakly typed scalars. */
export type TensorLike = Tensor | number | boolean;

/** True for tensors, traced values included. */
export const isTensor = (value: unknown): value is Tensor =>
  typeof value === 'object' && value !== null && (value as { readonly [tensorBrand]?: true })[tensorBrand] === true;

/**
 * Where elements are, as an `ndarray` has it: element (i, j, …) is `data[offset + i·stride[0] + j·stride[1] + …]`. A record of its
 * own, because `ndarray` compiles a class for each rank (`new Function`), which the content policy of a page may refuse.
 */
export interface View {
  readonly data: TypedArray;
  readonly shape: Shape;
  readonly stride: readonly number[];
  readonly offset: number;
}

/** Storage of a concrete tensor. For kernels and engines only: nobody may write to it. */
export let viewOf: (tensor: Tensor, operation?: string) => View;

/** True for a tensor that has elements: not a traced value. */
export let isConcrete: (value: unknown) => value is Tensor;

/** False for a deferred tensor whose elements nobody has needed yet. */
export let isLoaded: (tensor: Tensor) => boolean;

class DenseTensor implements Tensor {
  /** A deferred tensor starts with the function that fetches its elements; it gives way to the view of them. */
  #storage: View | (() => TypedArray);
  readonly dtype: DType;
  readonly shape: Shape;
  readonly rank: number;
  readonly size: number;

  constructor(dtype: DType, shape: Shape, storage: View | (() => TypedArray)) {
    this.#storage = storage;
    this.dtype = dtype;
    this.shape = Object.isFrozen(shape) ? shape : Object.freeze([...shape]);
    this.rank = shape.length;
    this.size = sizeOf(shape);
    Object.freeze(this);
  }

  get [tensorBrand](): true {
    return true;
  }

  /** Freezing does not reach private fields, and nobody can tell from outside that this one changes. */
  #fetched(load: () => TypedArray): View {
    const view = rowMajorView(load(), this.shape);
    this.#storage = view;
    return view;
  }

  toString(): string {
    return formatElements(elements(this), this.dtype, this.shape);
  }

  /** Node's `console.log` shows what `toString` shows. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }

  static {
    viewOf = (tensor, operation = 'toTypedArray') => {
      if (typeof tensor === 'object' && tensor !== null && #storage in tensor) {
        const storage = tensor.#storage;
        return typeof storage === 'function' ? tensor.#fetched(storage) : storage;
      }
      if (isTensor(tensor))
        throw new NatgradError(
          'TracedValue',
          `the argument ${tensor.dtype}[${tensor.shape.join(',')}] is a traced value, which has no elements yet`,
          {
            operation,
            expected:
              'inside a function that is being differentiated, vectorised or compiled, use the operations of @natgrad/autodiff; read elements only from results',
          },
        );
      throw notATensor(operation, tensor);
    };
    isConcrete = (value): value is Tensor => typeof value === 'object' && value !== null && #storage in value;
    isLoaded = (tensor) => #storage in tensor && typeof tensor.#storage !== 'function';
  }
}

const notATensor = (operation: string, value: unknown): NatgradError =>
  new NatgradError('NotATensor', `expected a tensor, found ${describeForeign(value)}`, {
    operation,
    found: describeForeign(value),
    expected: 'a tensor; build one with `tensor([...])`, `scalar(x)` or `fromTypedArray`',
  });

/** Throws unless `value` is a tensor, be it traced: for functions that look at shapes only. */
export const checkTensor = (operation: string, value: unknown): void => {
  if (!isTensor(value)) throw notATensor(operation, value);
};

/** Names a value that is not a tensor, for error messages. */
export const describeForeign = (value: unknown): string => {
  if (value === null) return 'null';
  if (Array.isArray(value)) return `an array of length ${value.length}`;
  if (typeof value === 'object') return `an object with keys {${Object.keys(value).slice(0, 5).join(', ')}}`;
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'string')
    return `the ${typeof value} ${String(value).slice(0, 40)}`;
  return `a value of type ${typeof value}`;
};

/**
 * Trusted constructor: takes ownership of a buffer that nobody else holds. Not exported from the package's root.
 * `data` is row-major and as long as `shape` says.
 */
export const adopt = (data: TypedArray, dtype: DType, shape: Shape): Tensor =>
  new DenseTensor(dtype, shape, rowMajorView(data, shape));

/**
 * Trusted constructor of a tensor whose elements stay elsewhere, such as in the memory of an engine, until somebody needs
 * them. `load` then returns them, row-major and as long as `shape` says, in a buffer that nobody else holds; it is called
 * at most once, unless it throws, and released afterwards. Not exported from the package's root.
 */
export const defer = (dtype: DType, shape: Shape, load: () => TypedArray): Tensor =>
  new DenseTensor(dtype, shape, load);

/** Trusted constructor from a view whose storage nobody writes to. Not exported from the package's root. */
export const fromView = (view: View, dtype: DType): Tensor => new DenseTensor(dtype, view.shape, view);

/** A view of explicit geometry on existing storage. */
export const makeView = (data: TypedArray, shape: Shape, stride: readonly number[], offset: number): View => ({
  data,
  // A list that the caller may still change is not the view's own.
  shape: Object.isFrozen(shape) ? shape : [...shape],
  stride,
  offset,
});

const rowMajorView = (data: TypedArray, shape: Shape): View => makeView(data, shape, stridesOf(shape), 0);

/** True when the elements lie in row-major order without gaps; their first is at `view.offset`. */
export const isContiguous = (view: View): boolean => {
  let expected = 1;
  for (let axis = view.shape.length - 1; axis >= 0; axis -= 1) {
    const extent = view.shape[axis] as number;
    if (extent !== 1 && view.stride[axis] !== expected) return false;
    expected *= extent;
  }
  return true;
};

/**
 * The elements in row-major order. The result may be the tensor's own storage: read it, never write it, never hand it out.
 */
export const elements = (tensor: Tensor, operation?: string): TypedArray => {
  const view = viewOf(tensor, operation);
  if (isContiguous(view))
    return view.offset === 0 && view.data.length === tensor.size
      ? view.data
      : view.data.subarray(view.offset, view.offset + tensor.size);
  const out = allocate(tensor.dtype, tensor.size);
  copyStrided(view, out);
  return out;
};

/** Equal dtype, shape and elements (NaN equals NaN, 0 and −0 differ): equality to the bit up to NaN payloads. */
export const identical = (a: Tensor, b: Tensor): boolean => {
  const [p, q] = [viewOf(a, 'identical'), viewOf(b, 'identical')];
  if (p === q) return true;
  if (a.dtype !== b.dtype || !sameShape(a.shape, b.shape)) return false;
  const x = elements(a);
  const y = elements(b);
  for (let i = 0; i < x.length; i += 1) if (!Object.is(x[i], y[i])) return false;
  return true;
};
