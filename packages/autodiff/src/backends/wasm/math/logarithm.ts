/**
 * log and log1p by x = 2ᵏ·(1 + f), √½ ≤ 1 + f < √2, and log(1 + f) = f − (f²/2 − s·(f²/2 + R(s²))) with s = f/(2 + f), in the
 * arrangement of FreeBSD's e_log.c (Sun Microsystems, 1993): the rounding errors of the bracket count at most f/2 times.
 * R errs by less than 2⁻²⁹ (f32) and 2⁻⁵⁸ (f64) of the result; f is exact in log, and rounded once in log1p unless k = 0.
 */
import type { Code } from '../encode.js';
import { v128 } from '../instructions.js';
import { twoSum, type Writer } from './writer.js';

/** Fits `log32` and `log64` of scripts/minimax.py; ln 2 is split so that k times its high part is exact. */
const TABLES = {
  f32: {
    ln2: [0.693145751953125, 1.4286068203094173e-6],
    r: [0.6666677594184875, 0.3997754156589508, 0.2987173795700073],
  },
  f64: {
    ln2: [0.6931471803691238, 1.9082149292705877e-10],
    r: [
      0.6666666666666734, 0.39999999999414754, 0.28571428742368865, 0.2222219857524484, 0.18183564212842138,
      0.1531405359343265, 0.14795917983239942,
    ],
  },
} as const;

const bitsOf = (dtype: Writer['dtype'], value: number): bigint =>
  dtype === 'f32'
    ? BigInt(new Uint32Array(Float32Array.of(value).buffer)[0] as number)
    : (new BigUint64Array(Float64Array.of(value).buffer)[0] as bigint);

interface Decomposed {
  readonly k: Code;
  /** √½ ≤ m < √2. */
  readonly m: Code;
  /** The exponent field of 2ᵏ. */
  readonly exponent: Code;
}

/** x = 2ᵏ·m, for normal x > 0. */
const decomposeNormal = (w: Writer, x: Code): Decomposed => {
  const { mantissa, bias } = w.format;
  const rootHalf = bitsOf(w.dtype, Math.SQRT1_2);
  const shifted = w.keep(w.int.add(x, w.int.const(bitsOf(w.dtype, 1) - rootHalf)));
  const exponent = w.keep(v128.and(shifted, w.int.const(-1n << BigInt(mantissa))));
  // The number that has the exponent field as its lowest bits is 2^mantissa more than it.
  const integer = v128.or(w.int.shrU(shifted, mantissa), w.const(2 ** mantissa));
  const k = w.keep(w.sub(integer, w.const(2 ** mantissa + bias)));
  const fraction = v128.and(shifted, w.int.const((1n << BigInt(mantissa)) - 1n));
  return { k, m: w.keep(w.int.add(fraction, w.int.const(rootHalf))), exponent };
};

/** x = 2ᵏ·m, for finite x > 0. */
export const decompose = (w: Writer, x: Code): { readonly k: Code; readonly m: Code } => {
  const lift = w.format.mantissa + 1;
  const denormal = w.keep(w.lt(x, w.const(w.format.smallestNormal)));
  const { k, m } = decomposeNormal(w, w.keep(w.select(denormal, w.mul(x, w.const(2 ** lift)), x)));
  return { k: w.keep(w.sub(k, v128.and(denormal, w.const(lift)))), m };
};

/** k·ln 2 + log(1 + f). */
const combine = (w: Writer, k: Code, f: Code): Code => {
  const { ln2, r } = TABLES[w.dtype];
  const half = w.keep(w.mul(w.mul(f, f), w.const(0.5)));
  const s = w.keep(w.div(f, w.add(f, w.const(2))));
  const z = w.keep(w.mul(s, s));
  const bracket = w.sub(half, w.madd(s, w.madd(z, w.polynomial(z, r), half), w.mul(k, w.const(ln2[1]))));
  // Exact product: one rounding or two are the same.
  return w.madd(k, w.const(ln2[0]), w.sub(f, bracket));
};

/** Infinity and NaN are their own logarithms; NaN below the pole and −∞ at it. */
const withSpecial = (w: Writer, x: Code, pole: number, result: Code): Code => {
  const finite = w.select(w.lt(x, w.const(Infinity)), result, x);
  const real = v128.or(finite, w.lt(x, w.const(pole)));
  return w.select(w.eq(x, w.const(pole)), w.const(-Infinity), real);
};

export const log = (w: Writer, argument: Code): Code => {
  const x = w.keep(argument);
  const { k, m } = decompose(w, x);
  return withSpecial(w, x, 0, combine(w, k, w.keep(w.sub(m, w.const(1)))));
};

/** 1 + x = u + c = 2ᵏ·(m + c/2ᵏ) exactly: what the sum rounds off goes into f. */
export const log1p = (w: Writer, argument: Code): Code => {
  const { mantissa, bias } = w.format;
  const x = w.keep(argument);
  const [u, c] = twoSum(w, w.const(1), x);
  const { k, m, exponent } = decomposeNormal(w, u);
  const inverse = w.int.sub(w.int.const(BigInt(2 * bias) << BigInt(mantissa)), exponent);
  // Beyond 2^(mantissa + 4) c does not count, and 2⁻ᵏ need not be normal.
  const counts = w.lt(u, w.const(2 ** (mantissa + 4)));
  const f = w.keep(w.add(w.sub(m, w.const(1)), v128.and(counts, w.mul(c, inverse))));
  return v128.or(withSpecial(w, x, -1, combine(w, k, f)), w.signOf(x));
};
