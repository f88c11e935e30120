/**
 * Elements in vectors. A loop has four lanes, or two if an f64 is in it; i32 and f32 then stay in the lower half. Truth values
 * are masks as wide as a lane.
 */
import type { DType } from '@natgrad/tensor';
import type { Code } from './encode.js';
import { type FloatLanes, f32x4, f64x2, i8x16, i16x8, i32, i32x4, i64x2, v128 } from './instructions.js';
import type { MathName } from './math/index.js';

export type Width = 4 | 2;

const LOW_WORDS = [0, 1, 2, 3, 8, 9, 10, 11, 0, 1, 2, 3, 8, 9, 10, 11];

const floats = (dtype: DType): FloatLanes => (dtype === 'f64' ? f64x2 : f32x4);

/** A mask of the loop's lanes from one of the dtype's, and back. */
const widen = (mask: Code, dtype: DType, width: Width): Code =>
  width === 2 && dtype !== 'f64' ? i64x2.extendLowI32(mask) : mask;
const maskFor = (mask: Code, dtype: DType, width: Width): Code =>
  width === 2 && dtype !== 'f64' ? v128.shuffle(mask, mask, LOW_WORDS) : mask;

export const constantVector = (value: number, dtype: DType): Code => {
  if (dtype === 'i32') return i32x4.const(value);
  return dtype === 'bool' ? i32x4.const(value === 0 ? 0 : -1) : floats(dtype).const(value);
};

const SIGN_BIT: { readonly f32: Code; readonly f64: Code } = {
  f32: i32x4.const(-0x8000_0000),
  f64: i64x2.const(-0x8000_0000_0000_0000n),
};

const signOf = (x: Code, dtype: 'f32' | 'f64'): Code => {
  const f = floats(dtype);
  // ±1 where x is neither zero nor NaN, else x itself.
  return v128.bitselect(v128.or(v128.and(x, SIGN_BIT[dtype]), f.const(1)), x, f.gt(f.abs(x), f.const(0)));
};

const castVector = (x: Code, from: DType, to: DType, width: Width): Code => {
  if (from === to) return x;
  if (from === 'bool') return v128.and(maskFor(x, to, width), to === 'i32' ? i32x4.const(1) : floats(to).const(1));
  if (to === 'bool')
    return widen(from === 'i32' ? i32x4.ne(x, i32x4.const(0)) : floats(from).ne(x, floats(from).const(0)), from, width);
  if (from === 'i32') return to === 'f64' ? f64x2.convertLowI32(x) : f32x4.convertI32(x);
  return from === 'f32' ? f64x2.promoteLowF32(x) : f32x4.demoteF64Zero(x);
};

const COMPARISON: { readonly [name: string]: 'eq' | 'ne' | 'lt' | 'gt' | 'le' | 'ge' } = {
  equal: 'eq',
  notEqual: 'ne',
  less: 'lt',
  lessEqual: 'le',
  greater: 'gt',
  greaterEqual: 'ge',
};

type Rule = (args: readonly [Code, Code], dtype: DType) => Code;
const either =
  (ofFloats: (f: FloatLanes, x: Code, y: Code) => Code, ofIntegers: (x: Code, y: Code) => Code): Rule =>
  ([x, y], dtype) =>
    dtype === 'i32' ? ofIntegers(x, y) : ofFloats(floats(dtype), x, y);

const ARITHMETIC: { readonly [name: string]: Rule } = {
  negate: either((f, x) => f.neg(x), i32x4.neg),
  absolute: either((f, x) => f.abs(x), i32x4.abs),
  square: either(
    (f, x) => f.mul(x, x),
    (x) => i32x4.mul(x, x),
  ),
  add: either((f, x, y) => f.add(x, y), i32x4.add),
  subtract: either((f, x, y) => f.sub(x, y), i32x4.sub),
  multiply: either((f, x, y) => f.mul(x, y), i32x4.mul),
  maximum: either((f, x, y) => f.max(x, y), i32x4.maxS),
  minimum: either((f, x, y) => f.min(x, y), i32x4.minS),
  divide: ([x, y], dtype) => floats(dtype).div(x, y),
  sqrt: ([x], dtype) => floats(dtype).sqrt(x),
  floor: ([x], dtype) => floats(dtype).floor(x),
  sign: ([x], dtype) => signOf(x, dtype as 'f32' | 'f64'),
  logicalNot: ([x]) => v128.not(x),
  logicalAnd: ([x, y]) => v128.and(x, y),
  logicalOr: ([x, y]) => v128.or(x, y),
};

/** Code for one of the elementary functions. */
export type MathCode = (name: MathName, dtype: 'f32' | 'f64', args: readonly Code[]) => Code;

/** The code of an elementwise operation on variables (each may be read twice). `from` are the dtypes of the arguments. */
export const operationVector = (
  name: string,
  args: readonly Code[],
  from: readonly DType[],
  to: DType,
  width: Width,
  math: MathCode,
): Code => {
  const [x, y, z] = args as readonly [Code, Code, Code];
  const [dtype] = from as readonly [DType];
  const comparison = COMPARISON[name];
  if (comparison !== undefined) return widen((dtype === 'i32' ? i32x4 : floats(dtype))[comparison](x, y), dtype, width);
  if (name === 'isFinite') {
    const f = floats(dtype);
    return widen(f.lt(f.abs(x), f.const(Number.POSITIVE_INFINITY)), dtype, width);
  }
  if (name === 'select') return v128.bitselect(y, z, maskFor(x, to, width));
  if (name === 'cast') return castVector(x, dtype, to, width);
  const rule = ARITHMETIC[name];
  if (rule !== undefined) return rule([x, y], dtype);
  return math(name as MathName, dtype as 'f32' | 'f64', args);
};

export const bytesOf = (dtype: DType): 1 | 4 | 8 => (dtype === 'f64' ? 8 : dtype === 'bool' ? 1 : 4);

/** Bytes 0 and 1 to masks. */
const boolMask = (bytes: Code, width: Width): Code =>
  widen(i32x4.neg(i32x4.extendLowU16(i16x8.extendLowU8(bytes))), 'bool', width);

/** As many elements as there are lanes. Reads up to 16 bytes, whatever the dtype. */
export const loadVector = (address: Code, dtype: DType, width: Width): Code => {
  if (dtype === 'bool')
    return boolMask(width === 4 ? v128.load32Zero(address) : v128.load16Lane(address, i32x4.const(0), 0), width);
  return dtype === 'f64' || width === 4 ? v128.load(address) : v128.load64Zero(address);
};

/** One element in all lanes. */
export const loadSplat = (address: Code, dtype: DType): Code => {
  if (dtype === 'bool') return i32x4.neg(i32x4.splat(i32.load8u(address)));
  return dtype === 'f64' ? v128.load64Splat(address) : v128.load32Splat(address);
};

const boolBytes = (mask: Code, width: Width): Code => {
  const ones = v128.and(maskFor(mask, 'bool', width), i32x4.const(1));
  const zero = i32x4.const(0);
  return i8x16.narrowI16(i16x8.narrowI32(ones, zero), zero);
};

/** Writes all lanes. `value` is a variable. */
export const storeVector = (address: Code, value: Code, dtype: DType, width: Width): Code => {
  if (dtype === 'bool') {
    const bytes = boolBytes(value, width);
    return width === 4 ? v128.store32Lane(address, bytes, 0) : v128.store16Lane(address, bytes, 0);
  }
  return dtype === 'f64' || width === 4 ? v128.store(address, value) : v128.store64Lane(address, value, 0);
};

/** Writes one lane, `lane` elements behind `address`. */
export const storeLane = (address: Code, value: Code, lane: number, dtype: DType, width: Width): Code => {
  if (dtype === 'bool') return v128.store8Lane(address, boolBytes(value, width), lane, lane);
  return dtype === 'f64'
    ? v128.store64Lane(address, value, lane, lane * 8)
    : v128.store32Lane(address, value, lane, lane * 4);
};

export type Reduction = 'sum' | 'max' | 'min';

/** What a reduction of nothing gives. */
export const identityOf = (name: Reduction): number =>
  name === 'sum' ? 0 : name === 'max' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;

export const combine = (name: Reduction, a: Code, b: Code, dtype: DType): Code => {
  const f = floats(dtype);
  return name === 'sum' ? f.add(a, b) : name === 'max' ? f.max(a, b) : f.min(a, b);
};

/** A mask of the lanes before `count`, for values of `dtype`. */
export const firstLanes = (count: Code, dtype: DType, width: Width): Code => {
  const lanes = [0, 1, 2, 3].flatMap((lane) => [lane, 0, 0, 0]);
  const mask = i32x4.lt(v128.const(lanes), i32x4.splat(count));
  return width === 2 && dtype === 'f64' ? i64x2.extendLowI32(mask) : mask;
};

/** Combines the lanes of a variable into its lane 0. */
export const foldLanes = (name: Reduction, get: Code, set: (value: Code) => Code, dtype: DType, width: Width): Code => {
  const byWords = (words: readonly number[]): readonly number[] =>
    words.flatMap((w) => [4 * w, 4 * w + 1, 4 * w + 2, 4 * w + 3]);
  const step = (words: readonly number[]): Code =>
    set(combine(name, get, v128.shuffle(get, get, byWords(words)), dtype));
  if (dtype === 'f64') return step([2, 3, 2, 3]);
  return width === 4 ? [step([2, 3, 2, 3]), step([1, 1, 1, 1])] : step([1, 1, 1, 1]);
};
