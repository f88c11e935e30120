/**
 * exp and expm1 by x = n·ln 2 + r, |r| ≤ ½·ln 2, and eʳ = 1 + r + r²·q(r); Cody & Waite, Software Manual for the Elementary
 * Functions (1980), chapters 6 and 13. ln 2 is split so that n times its high part is exact. The error of q is below 2⁻²⁶·|r| in f32
 * and 2⁻⁶¹·|r| in f64; the sum 1 + (r + …) adds ½ to 1 ulp.
 */
import type { Code } from '../encode.js';
import { v128 } from '../instructions.js';
import type { Writer } from './writer.js';

/** q, and p of tanh r = r + r³·p(r²) for |r| ≤ ¼·ln 2: fits `exp32`, `exp64`, `tanh32` and `tanh64` of scripts/minimax.py. */
const TABLES = {
  f32: {
    ln2: [0.693145751953125, 1.4286068203094173e-6],
    q: [0.5, 0.16666539013385773, 0.041666269302368164, 0.008367115631699562, 0.0013947421684861183],
    range: [-104, 89],
    expm1: { low: -18, tiny: 2 ** -25 },
    tanh: {
      one: 10,
      halfLn2: 0.3465735912322998,
      small: [-0.33333322405815125, 0.13331162929534912, -0.052721057087183],
    },
  },
  f64: {
    ln2: [0.6931471803691238, 1.9082149292705877e-10],
    q: [
      0.5, 0.16666666666666677, 0.041666666666666706, 0.00833333333332099, 0.0013888888888865614, 0.0001984126988813348,
      2.4801587363242084e-5, 2.755724186102617e-6, 2.755724032542981e-7, 2.5109954648410388e-8, 2.0925223681973742e-9,
    ],
    range: [-746, 710],
    expm1: { low: -40, tiny: 2 ** -54 },
    tanh: {
      one: 20,
      halfLn2: 0.34657359027997264,
      small: [
        -0.3333333333333246, 0.13333333332770092, -0.05396825275823775, 0.02186936893498129, -0.008857249017289069,
        0.003444098700193996,
      ],
    },
  },
} as const;

/** Rounds to an integer by adding it; plus the bias, so that the low bits are the exponent field of 2ⁿ. */
const roundingBias = ({ format: { mantissa, bias } }: Writer): number => 1.5 * 2 ** mantissa + bias;

/** 2ⁿ from n + `roundingBias`, for exponents of normal numbers. */
const powerOfTwo = (w: Writer, biased: Code): Code => w.int.shl(biased, w.format.mantissa);

interface Reduced {
  /** n + the shift. */
  readonly biased: Code;
  readonly r: Code;
  /** What r rounded off. */
  readonly rest: Code;
}

const reduce = (w: Writer, x: Code, shift: number = roundingBias(w)): Reduced => {
  const [high, low] = TABLES[w.dtype].ln2;
  const biased = w.keep(w.madd(x, w.const(Math.LOG2E), w.const(shift)));
  const n = w.keep(w.sub(biased, w.const(shift)));
  const coarse = w.keep(w.nmadd(n, w.const(high), x));
  const r = w.keep(w.nmadd(n, w.const(low), coarse));
  return { biased, r, rest: w.nmadd(n, w.const(low), w.sub(coarse, r)) };
};

/** eʳ − 1 for |r| ≤ ½·ln 2. */
export const expm1Reduced = (w: Writer, r: Code): Code =>
  w.madd(w.keep(w.mul(r, r)), w.polynomial(r, TABLES[w.dtype].q), r);

/** value·2ⁿ in two steps: the first is exact, and the second rounds, overflows and underflows as it must. */
export const scale = (w: Writer, value: Code, n: Code): Code => {
  const shift = w.const(roundingBias(w));
  const first = w.keep(w.madd(n, w.const(0.5), shift));
  const second = w.add(w.sub(n, w.sub(first, shift)), shift);
  return w.mul(w.mul(value, powerOfTwo(w, first)), powerOfTwo(w, second));
};

/** The integer nearest to x, for exponents. */
export const nearestExponent = (w: Writer, x: Code): Code =>
  w.keep(w.sub(w.add(x, w.const(roundingBias(w))), w.const(roundingBias(w))));

/** Keeps NaN. */
export const clamp = (w: Writer, x: Code, low: number, high: number): Code =>
  w.keep(w.pmax(w.pmin(x, w.const(high)), w.const(low)));

export const exp = (w: Writer, x: Code): Code => {
  const [low, high] = TABLES[w.dtype].range;
  const { biased, r } = reduce(w, clamp(w, x, low, high));
  const value = w.add(w.const(1), expm1Reduced(w, r));
  return scale(w, value, w.keep(w.sub(biased, w.const(roundingBias(w)))));
};

/** eˣ where it is a normal number. */
export const expNormal = (w: Writer, x: Code): Code => {
  const { biased, r } = reduce(w, x);
  return w.mul(w.add(w.const(1), expm1Reduced(w, r)), powerOfTwo(w, biased));
};

/** 2·(t·(eʳ − 1) + (t − ½)) with t = 2ⁿ⁻¹, which is finite where the result is. */
export const expm1 = (w: Writer, argument: Code): Code => {
  const { range, expm1: limits } = TABLES[w.dtype];
  const x = w.keep(argument);
  const { biased, r, rest } = reduce(w, clamp(w, x, limits.low, range[1]), roundingBias(w) - 1);
  const t = w.keep(powerOfTwo(w, biased));
  // Near ½ the result is less than twice what r contributes: here its rounding would show.
  const value = w.keep(w.add(r, w.madd(w.mul(r, r), w.polynomial(r, TABLES[w.dtype].q), rest)));
  const half = w.keep(w.madd(t, value, w.sub(t, w.const(0.5))));
  return w.select(w.lt(w.abs(x), w.const(limits.tiny)), x, w.add(half, half));
};

/**
 * With |x| = n·½·ln 2 + r, t = 2ⁿ and T = tanh r: (t − 1 + (t + 1)·T)/(t + 1 + (t − 1)·T). That is T where n = 0; the numerator is rounded to
 * no more than the denominator, so that no result is beyond 1; and it works on |x|, so that it is odd to the bit. One constant is enough
 * for ½·ln 2: of what it lacks, and of what rounding n·½·ln 2 may add, tanh makes less.
 *
 * Numerator, denominator and quotient are each rounded, which may add up to 2½ ulp. A polynomial below ½ and 1 − 2/(e²ˣ + 1) beyond stay
 * within 1¾, and take 2.4 times as long in f32 and 2.9 times in f64.
 */
export const tanh = (w: Writer, argument: Code): Code => {
  const { one, halfLn2, small } = TABLES[w.dtype].tanh;
  const x = w.keep(argument);
  const a = w.keep(w.pmin(w.abs(x), w.const(one)));
  const shift = w.const(roundingBias(w));
  const biased = w.keep(w.madd(a, w.const(2 * Math.LOG2E), shift));
  const r = w.keep(w.nmadd(w.sub(biased, shift), w.const(halfLn2), a));
  const square = w.keep(w.mul(r, r));
  const T = w.keep(w.madd(w.mul(r, square), w.polynomial(square, small), r));
  const t = w.keep(powerOfTwo(w, biased));
  const [less, more] = [w.keep(w.sub(t, w.const(1))), w.keep(w.add(t, w.const(1)))];
  return v128.or(w.div(w.madd(more, T, less), w.madd(less, T, more)), w.signOf(x));
};
