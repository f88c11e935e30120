/** Real-valued samplers: pure functions of a key, element i of each depending on the key and on i only. */
import { allocate, type FloatDType, isFloat } from '../dtype.js';
import { dtypeError, invalid } from '../errors.js';
import { logPortable } from '../kernels/portable-math.js';
import type { Shape } from '../shape.js';
import { adopt, type Tensor } from '../tensor.js';
import {
  BlockDomain,
  checkDraw,
  type FromWords,
  fillFromBlocks,
  openUnit52,
  sampleAt,
  unit24,
  unit53,
} from './block.js';
import type { Key } from './key.js';
import { normalLowerQuantile } from './normal-quantile.js';

export interface FloatOptions {
  /** `f64` unless given. */
  readonly dtype?: FloatDType;
}

export interface UniformOptions extends FloatOptions {
  /** Smallest value, itself possible; 0 unless given. */
  readonly minimum?: number;
  /** Upper bound, itself impossible; 1 unless given. */
  readonly maximum?: number;
}

const checkFloat = (operation: string, dtype: FloatDType): FloatDType => {
  if (!isFloat(dtype))
    throw dtypeError(operation, `real-valued samples are f32 or f64, not ${String(dtype)}`, {
      argument: 'dtype',
      found: String(dtype),
      expected: "'f32' or 'f64'",
    });
  return dtype;
};

const draw = (
  operation: string,
  key: Key,
  shape: Shape,
  dtype: FloatDType,
  domain: number,
  fromWords: FromWords,
): Tensor => {
  const size = checkDraw(operation, key, shape);
  return adopt(fillFromBlocks(key, domain, allocate(checkFloat(operation, dtype), size), fromWords), dtype, shape);
};

/** The next smaller number of the dtype: one less in the ordered integers that the bits of floats form. */
const predecessor = (x: number, dtype: FloatDType): number => {
  if (x === 0) return dtype === 'f32' ? -(2 ** -149) : -Number.MIN_VALUE;
  const toward = x > 0 ? -1 : 1;
  if (dtype === 'f32') {
    const ordered = new Int32Array(new Float32Array([x]).buffer);
    ordered[0] = (ordered[0] as number) + toward;
    return new Float32Array(ordered.buffer)[0] as number;
  }
  const ordered = new BigInt64Array(new Float64Array([x]).buffer);
  ordered[0] = (ordered[0] as bigint) + BigInt(toward);
  return new Float64Array(ordered.buffer)[0] as number;
};

/**
 * Uniform on [minimum, maximum): `minimum + u·(maximum − minimum)` where u has 53 random bits (`f64`) or 24 (`f32`).
 *
 * The bounds are first rounded to the dtype. Where the last rounding would give `maximum`, the number just below it is
 * given instead, so `maximum` never occurs. With equal bounds the `f32` u is the `f64` u rounded down. Element i depends on
 * the key and on i only.
 *
 * @throws `InvalidArgument` unless minimum < maximum in the dtype and the width is finite; `DTypeMismatch` for a dtype that
 * is not a float.
 * @example
 * ```ts
 * const x = uniform(key(0), [1000], { minimum: -1, maximum: 1 });
 * console.log(toTypedArray(x).every((v) => v >= -1 && v < 1)); // true
 * ```
 */
export const uniform = (key: Key, shape: Shape, options: UniformOptions = {}): Tensor => {
  const { minimum = 0, maximum = 1, dtype = 'f64' } = options;
  const round = checkFloat('uniform', dtype) === 'f32' ? Math.fround : (x: number): number => x;
  const low = round(minimum);
  const high = round(maximum);
  const width = high - low;
  if (!(low < high && width < Number.POSITIVE_INFINITY))
    throw invalid(
      'uniform',
      `[${String(minimum)}, ${String(maximum)}) is not an interval of finite width in ${dtype}`,
      {
        argument: 'minimum, maximum',
        found: `minimum ${String(minimum)}, maximum ${String(maximum)}`,
        expected: `finite bounds with minimum < maximum after rounding to ${dtype}`,
      },
    );
  const unit = dtype === 'f32' ? unit24 : unit53;
  if (low === 0 && high === 1) return draw('uniform', key, shape, dtype, BlockDomain.uniform, unit);
  const last = predecessor(high, dtype);
  return draw('uniform', key, shape, dtype, BlockDomain.uniform, (word0, word1) => {
    const x = round(low + unit(word0, word1) * width);
    return x < high ? x : last;
  });
};

/**
 * Element `index` of `uniform(key, …)` on [0, 1), as a number and without allocation: for code that draws one number at a
 * time.
 *
 * @throws `InvalidArgument` for an index that is not a whole number in [0, 2⁵³).
 * @example
 * ```ts
 * console.log(uniformAt(key(3), 1) === toTypedArray(uniform(key(3), [2]))[1]); // true
 * ```
 */
export const uniformAt = (key: Key, index: number): number =>
  sampleAt('uniformAt', key, BlockDomain.uniform, index, unit53);

/** One bit is the sign, the other 63 choose the tail probability, an odd multiple of 2⁻⁶⁵ in (0, ½]. */
const normalFromWords: FromWords = (word0, word1) => {
  const x = normalLowerQuantile(((word0 & 0x7fffffff) * 2 ** 32 + (word1 >>> 0) + 0.5) * 2 ** -64);
  return word0 < 0 ? -x : x;
};

/**
 * Standard normal, by inversion: a random sign and the quantile of a 63-bit tail probability. Exactly symmetric; the
 * largest magnitude, at probability 2⁻⁶⁵, is 9.155. `f32` is the `f64` sample rounded. Element i depends on the key and on i
 * only, and its bits are the same on every engine.
 *
 * Source: Wichura, AS 241 (Applied Statistics 37, 1988) for the quantile.
 *
 * @throws `DTypeMismatch` for a dtype that is not a float.
 * @example
 * ```ts
 * console.log(Math.abs(item(mean(normal(key(0), [10_000])))) < 0.04); // true
 * ```
 */
export const normal = (key: Key, shape: Shape, options: FloatOptions = {}): Tensor =>
  draw('normal', key, shape, options.dtype ?? 'f64', BlockDomain.normal, normalFromWords);

/**
 * Element `index` of `normal(key, …)`, as a number and without allocation.
 *
 * @throws `InvalidArgument` for an index that is not a whole number in [0, 2⁵³).
 * @example
 * ```ts
 * console.log(normalAt(key(3), 1) === toTypedArray(normal(key(3), [2]))[1]); // true
 * ```
 */
export const normalAt = (key: Key, index: number): number =>
  sampleAt('normalAt', key, BlockDomain.normal, index, normalFromWords);

const exponentialFromWords: FromWords = (word0, word1) => -logPortable(openUnit52(word0, word1));

/**
 * Exponential with rate 1: −log u with u from 52 bits, so between 2⁻⁵³ and 36.8. Divide by a rate for others.
 * Element i depends on the key and on i only.
 *
 * @throws `DTypeMismatch` for a dtype that is not a float.
 * @example
 * ```ts
 * console.log(toTypedArray(exponential(key(0), [1000])).every((x) => x > 0)); // true
 * ```
 */
export const exponential = (key: Key, shape: Shape, options: FloatOptions = {}): Tensor =>
  draw('exponential', key, shape, options.dtype ?? 'f64', BlockDomain.exponential, exponentialFromWords);

export const gumbelFromWords: FromWords = (word0, word1) => -logPortable(exponentialFromWords(word0, word1));

/**
 * Standard Gumbel: −log(−log u) with u from 52 bits, so between −3.61 and 36.8. Adding it to logits and taking the largest
 * is a draw from their softmax, which is how {@link categorical} works. Element i depends on the key and on i only.
 *
 * @throws `DTypeMismatch` for a dtype that is not a float.
 * @example
 * ```ts
 * console.log(gumbel(key(0), [2, 3]).shape.join('x')); // 2x3
 * ```
 */
export const gumbel = (key: Key, shape: Shape, options: FloatOptions = {}): Tensor =>
  draw('gumbel', key, shape, options.dtype ?? 'f64', BlockDomain.gumbel, gumbelFromWords);
