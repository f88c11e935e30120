/** Element types, their storage and the promotion between them. */
import { dtypeError } from './errors.js';

/** What the elements of a tensor are. */
export type DType = 'f32' | 'f64' | 'i32' | 'bool';
/** Dtypes that can be differentiated. */
export type FloatDType = 'f32' | 'f64';
/** `bool` is stored as bytes 0 and 1. */
export type TypedArray = Float32Array | Float64Array | Int32Array | Uint8Array;

/** From the narrowest to the widest: promotion takes the later one. */
export const DTYPES: readonly DType[] = ['bool', 'i32', 'f32', 'f64'];

/** True for dtypes that can be differentiated. */
export const isFloat = (dtype: DType): dtype is FloatDType => dtype === 'f32' || dtype === 'f64';

export const bytesPerElement = (dtype: DType): number => (dtype === 'f64' ? 8 : dtype === 'bool' ? 1 : 4);

/** A fresh zeroed buffer of `size` elements. */
export const allocate = (dtype: DType, size: number): TypedArray => {
  switch (dtype) {
    case 'f32':
      return new Float32Array(size);
    case 'f64':
      return new Float64Array(size);
    case 'i32':
      return new Int32Array(size);
    case 'bool':
      return new Uint8Array(size);
    default:
      throw dtypeError('dtype', `${String(dtype)} is not a dtype`, {
        argument: 'dtype',
        found: String(dtype),
        expected: `one of ${DTYPES.join(', ')}`,
      });
  }
};

/**
 * The dtype in which two tensors meet: `bool < i32 < f32 < f64`, the wider one wins.
 * `i32` with `f32` gives `f32`, which rounds integers beyond 2²⁴; cast to `f64` first where that matters.
 */
export const promote = (a: DType, b: DType): DType => (DTYPES.indexOf(a) >= DTYPES.indexOf(b) ? a : b);

/**
 * The dtype in which a tensor meets a JavaScript number or boolean, which are weakly typed: they take the tensor's dtype
 * where it can hold them. A whole number becomes `i32` beside `bool`; a fraction beside `bool` or `i32` becomes `f64`.
 */
export const promoteWeak = (dtype: DType, literal: number | boolean): DType => {
  if (isFloat(dtype) || typeof literal === 'boolean') return dtype;
  return Number.isInteger(literal) && literal >= -(2 ** 31) && literal < 2 ** 31 ? 'i32' : 'f64';
};

/** The dtype of a JavaScript number or boolean that stands alone: `f64` or `bool`. */
export const literalDType = (literal: number | boolean): DType => (typeof literal === 'boolean' ? 'bool' : 'f64');

/** The dtype in which functions that need fractions (exp, division, mean) compute: floats stay, the rest becomes `f64`. */
export const toFloatDType = (dtype: DType): FloatDType => (isFloat(dtype) ? dtype : 'f64');

/** Throws unless `value` can be stored in `dtype` without becoming another number (f32 rounding aside). */
export const checkLiteral = (operation: string, value: number | boolean, dtype: DType): number => {
  const x = Number(value);
  if (dtype === 'i32' && (!Number.isInteger(x) || x < -(2 ** 31) || x >= 2 ** 31))
    throw dtypeError(operation, `${x} is not an i32`, { found: String(x), expected: 'a whole number in [-2³¹, 2³¹)' });
  if (dtype === 'bool' && x !== 0 && x !== 1)
    throw dtypeError(operation, `${x} is not a bool`, { found: String(x), expected: 'true, false, 0 or 1' });
  return x;
};
