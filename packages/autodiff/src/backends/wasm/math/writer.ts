/** What elementary functions are written with: vectors of either dtype under one set of names, and pairs of them as exact sums. */
import type { Code, Local, ValueType } from '../encode.js';
import type { MultiplyAdd } from '../gemm-tile.js';
import { type FloatLanes, f32x4, f64x2, i32, i32x4, i64x2, v128 } from '../instructions.js';

export type FloatDType = 'f32' | 'f64';
export type Declare = (type: ValueType) => Local;

/** Bit patterns of the lanes; shifts are by a number of bits. */
interface IntegerLanes {
  readonly const: (value: bigint) => Code;
  readonly add: (a: Code, b: Code) => Code;
  readonly sub: (a: Code, b: Code) => Code;
  readonly shl: (a: Code, bits: number) => Code;
  readonly shrU: (a: Code, bits: number) => Code;
  readonly eq: (a: Code, b: Code) => Code;
}

const INTEGERS: { readonly [dtype in FloatDType]: IntegerLanes } = {
  f32: {
    ...i32x4,
    const: (value) => i32x4.const(Number(BigInt.asIntN(32, value))),
    shl: (a, bits) => i32x4.shl(a, i32.const(bits)),
    shrU: (a, bits) => i32x4.shrU(a, i32.const(bits)),
  },
  f64: {
    ...i64x2,
    const: (value) => i64x2.const(BigInt.asIntN(64, value)),
    shl: (a, bits) => i64x2.shl(a, i32.const(bits)),
    shrU: (a, bits) => i64x2.shrU(a, i32.const(bits)),
  },
};

/** Numbers of the formats of IEEE 754. */
interface Format {
  readonly mantissa: number;
  readonly bias: number;
  readonly width: number;
  readonly smallestNormal: number;
}

const FORMATS: { readonly [dtype in FloatDType]: Format } = {
  f32: { mantissa: 23, bias: 127, width: 32, smallestNormal: 2 ** -126 },
  f64: { mantissa: 52, bias: 1023, width: 64, smallestNormal: 2 ** -1022 },
};

/** High part first; the value is the sum. */
export type Pair = readonly [Code, Code];

/** Writes straight-line code on vectors of one dtype. */
export interface Writer extends FloatLanes {
  readonly dtype: FloatDType;
  readonly multiplyAdd: MultiplyAdd;
  readonly format: Format;
  readonly int: IntegerLanes;
  /** Computes a value once; what it returns may be used any number of times. */
  readonly keep: (value: Code) => Code;
  /** A value that is kept and may be overwritten. */
  readonly variable: (value: Code) => Local;
  readonly run: (statement: Code) => void;
  readonly declare: Declare;
  /** a·b + c, rounded once or twice. */
  readonly madd: (a: Code, b: Code, c: Code) => Code;
  /** c − a·b, rounded once or twice. */
  readonly nmadd: (a: Code, b: Code, c: Code) => Code;
  /** `a` where the mask is 1, `b` elsewhere. */
  readonly select: (mask: Code, a: Code, b: Code) => Code;
  /** c₀ + c₁x + …, by Horner's rule. */
  readonly polynomial: (x: Code, coefficients: readonly number[]) => Code;
  readonly signOf: (x: Code) => Code;
}

const FLOATS: { readonly [dtype in FloatDType]: FloatLanes } = { f32: f32x4, f64: f64x2 };

/** Code that leaves the value of `body` on the stack. */
export const write = (
  dtype: FloatDType,
  multiplyAdd: MultiplyAdd,
  declare: Declare,
  body: (w: Writer) => Code | readonly Code[],
): Code => {
  const statements: Code[] = [];
  const float = FLOATS[dtype];
  const variable = (value: Code): Local => {
    const local = declare('v128');
    statements.push(local.set(value));
    return local;
  };
  const madd: Writer['madd'] =
    multiplyAdd === 'relaxed' ? float.relaxedMadd : (a, b, c) => float.add(float.mul(a, b), c);
  const nmadd: Writer['nmadd'] =
    multiplyAdd === 'relaxed' ? float.relaxedNmadd : (a, b, c) => float.sub(c, float.mul(a, b));
  const result = body({
    ...float,
    dtype,
    multiplyAdd,
    format: FORMATS[dtype],
    int: INTEGERS[dtype],
    declare,
    variable,
    keep: (value) => variable(value).get,
    run: (statement) => statements.push(statement),
    madd,
    nmadd,
    select: (mask, a, b) => v128.bitselect(a, b, mask),
    polynomial: (x, coefficients) =>
      coefficients
        .slice(0, -1)
        .reduceRight<Code>((sum, c) => madd(sum, x, float.const(c)), float.const(coefficients.at(-1) as number)),
    signOf: (x) => v128.and(x, float.const(-0)),
  });
  return [statements, result];
};

/** a + b = s + e exactly (Knuth, The Art of Computer Programming 2, 4.2.2, theorem B). */
export const twoSum = (w: Writer, a: Code, b: Code): Pair => {
  const s = w.keep(w.add(a, b));
  const t = w.keep(w.sub(s, a));
  return [s, w.keep(w.add(w.sub(a, w.sub(s, t)), w.sub(b, t)))];
};

/** a + b = s + e exactly where |a| ≥ |b| or a = 0 (Dekker 1971). */
export const fastTwoSum = (w: Writer, a: Code, b: Code): Pair => {
  const s = w.keep(w.add(a, b));
  return [s, w.keep(w.sub(b, w.sub(s, a)))];
};

/** The upper 26 bits of an f64 and the rest. */
const halves = (w: Writer, a: Code): Pair => {
  const high = w.keep(v128.and(a, w.int.const(-(1n << 27n))));
  return [high, w.keep(w.sub(a, high))];
};

/**
 * a·b = p + e up to 2⁻¹⁰⁵·|p|, in f64 (Dekker 1971, with halves cut off instead of rounded). Without multiply-add: the relaxed one
 * may round twice.
 */
export const twoProduct = (w: Writer, a: Code, b: Code): Pair => {
  const p = w.keep(w.mul(a, b));
  const [ah, al] = halves(w, a);
  const [bh, bl] = halves(w, b);
  const e = w.add(w.add(w.sub(w.mul(ah, bh), p), w.mul(ah, bl)), w.mul(al, bh));
  return [p, w.keep(w.add(e, w.mul(al, bl)))];
};

/** (a₀ + a₁)·(b₀ + b₁), without the product of the low parts. */
export const multiplyPairs = (w: Writer, a: Pair, b: Pair): Pair => {
  const [p, e] = twoProduct(w, a[0], b[0]);
  return [p, w.keep(w.add(e, w.add(w.mul(a[0], b[1]), w.mul(a[1], b[0]))))];
};
