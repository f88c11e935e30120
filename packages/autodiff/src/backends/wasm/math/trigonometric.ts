/**
 * sin and cos by |x| = n·π/2 + r, |r| ≤ π/4. Up to 2²⁰ with π/2 in four parts of which n times the first three is exact (Cody & Waite
 * 1980, chapter 8); beyond that by `hugeAngles`. r is a pair of numbers in f64, whose low part enters as in FreeBSD's k_sin.c and
 * k_cos.c: below 1 ulp. In f32 the reduction is in f64, and r is rounded to f32 once: ½ ulp more.
 */
import { type Code, call } from '../encode.js';
import { v128, when } from '../instructions.js';
import { lowWords, narrowHalves, wideHalf } from './halves.js';
import { hugeAngles } from './huge-angle.js';
import { fastTwoSum, multiplyPairs, type Pair, twoSum, type Writer, write } from './writer.js';

/** Of (sin r − r)/r³ and (cos r − 1 + r²/2)/r⁴ in r²: fits `sin32`, `cos32`, `sin64` and `cos64` of scripts/minimax.py. */
const TABLES = {
  f32: {
    sin: [-0.16666655242443085, 0.008332166820764542, -0.000195156637346372],
    cos: [0.04166664555668831, -0.0013887352542951703, 2.4436614694423042e-5],
  },
  f64: {
    sin: [
      -0.1666666666666663, 0.008333333333322144, -0.00019841269829582296, 2.7557313610510078e-6, -2.5050744909001777e-8,
      1.5896005303763598e-10,
    ],
    cos: [
      0.041666666666666595, -0.001388888888887376, 2.480158728924436e-5, -2.755731428073261e-7, 2.0875713174736698e-9,
      -1.1359107197145343e-11,
    ],
  },
} as const;

/** π/2, by 33, 33, 33 and 53 bits. */
const PARTS = [1.5707963267341256, 6.077100506303966e-11, 2.0222662487111665e-21, 8.4784276603689e-32] as const;
/** π/2 as a pair. */
const HALF_PI = [1.5707963267948966, 6.123233995736766e-17] as const;
const TWO_OVER_PI = 0.6366197723675814;
/** n·PARTS[i] is exact up to here: n has 20 bits. */
const LARGE = 2 ** 20;
const ROUNDING = 1.5 * 2 ** 52;

interface Reduced {
  /** n in the low bits. */
  readonly n: Code;
  readonly r: Pair;
}

/** |x| ≤ `LARGE`, in f64; with the low part only where it is wanted. */
const reduceModerate = (w: Writer, a: Code, precise: boolean): Reduced => {
  const rounded = w.keep(w.madd(a, w.const(TWO_OVER_PI), w.const(ROUNDING)));
  const n = w.keep(w.sub(rounded, w.const(ROUNDING)));
  const [p1, p2, p3, p4] = PARTS.map((part) => w.const(part)) as [Code, Code, Code, Code];
  const first = w.keep(w.nmadd(n, p1, a));
  // Rounding 2⁻⁶⁷ and the parts left out, 2⁻⁴⁶ together; no f32 below 2²⁰ comes nearer than 2⁻³³ to a multiple of π/2.
  if (!precise) return { n: rounded, r: [w.keep(w.nmadd(n, p3, w.nmadd(n, p2, first))), w.const(0)] };
  const [second, e2] = twoSum(w, first, w.keep(w.neg(w.mul(n, p2))));
  const [third, e3] = twoSum(w, second, w.keep(w.neg(w.mul(n, p3))));
  return { n: rounded, r: fastTwoSum(w, third, w.keep(w.nmadd(n, p4, w.add(e2, e3)))) };
};

/** Reduces some vectors of f64, the huge ones among them too; other lanes keep their bits. */
const reduce = (w: Writer, angles: readonly Code[], precise: boolean): readonly Reduced[] => {
  const reduced = angles.map((a) => {
    const { n, r } = reduceModerate(w, a, precise);
    // Infinities stay with the above, where ∞ − ∞ is NaN.
    const huge = w.keep(v128.and(w.gt(a, w.const(LARGE)), w.lt(a, w.const(Infinity))));
    return { a, huge, n: w.variable(n), high: w.variable(r[0]), low: w.variable(r[1]) };
  });
  const some = reduced.map(({ huge }) => huge).reduce((p, q) => v128.or(p, q));
  const slow = write(w.dtype, w.multiplyAdd, w.declare, (inner) =>
    reduced.map(({ a, huge, n, high, low }) => {
      const [q, g, gLow] = ['n', 'high', 'low'].map(() => w.declare('v128'));
      inner.run([call(hugeAngles, a), gLow!.set([]), g!.set([]), q!.set([])]);
      const pi = HALF_PI.map((part) => w.const(part)) as [Code, Code];
      const product = multiplyPairs(inner, [g!.get, gLow!.get], pi);
      const r = fastTwoSum(inner, product[0], product[1]);
      inner.run([
        n.set(w.select(huge, w.add(q!.get, w.const(ROUNDING)), n.get)),
        high.set(w.select(huge, r[0], high.get)),
        low.set(w.select(huge, r[1], low.get)),
      ]);
      return [];
    }),
  );
  w.run(when(v128.anyTrue(some), slow));
  return reduced.map(({ n, high, low }) => ({ n: n.get, r: [high.get, low.get] }));
};

/** r + e − r³/6 …: the low part counts 1 − r²/2 times. */
const sinReduced = (w: Writer, [r, e]: Pair, z: Code): Code => {
  const series = w.polynomial(z, TABLES[w.dtype].sin);
  const cube = w.mul(z, r);
  if (w.dtype === 'f32') return w.madd(cube, series, r);
  return w.add(r, w.madd(cube, series, w.nmadd(w.mul(w.const(0.5), z), e, e)));
};

/** 1 − r²/2 … − r·e, with what 1 − r²/2 rounds off. */
const cosReduced = (w: Writer, [r, e]: Pair, z: Code): Code => {
  const half = w.keep(w.mul(z, w.const(0.5)));
  const main = w.keep(w.sub(w.const(1), half));
  const square = w.keep(w.mul(z, z));
  const series = w.polynomial(z, TABLES[w.dtype].cos);
  if (w.dtype === 'f32') return w.madd(square, series, main);
  const rounding = w.sub(w.sub(w.const(1), main), half);
  return w.add(main, w.add(rounding, w.madd(square, series, w.neg(w.mul(r, e)))));
};

/** ±sin r or ±cos r, by the quadrant `n + quarters`. */
const inQuadrant = (w: Writer, { n, r }: Reduced, quarters: 0n | 1n): Code => {
  const quadrant = w.keep(quarters === 0n ? n : w.int.add(n, w.int.const(quarters)));
  const z = w.keep(w.mul(r[0], r[0]));
  const odd = w.int.eq(v128.and(quadrant, w.int.const(1n)), w.int.const(1n));
  const sign = w.int.shl(v128.and(quadrant, w.int.const(2n)), w.format.width - 2);
  return v128.xor(w.select(odd, cosReduced(w, r, z), sinReduced(w, r, z)), sign);
};

const circular = (w: Writer, x: Code, quarters: 0n | 1n): Code => {
  if (w.dtype === 'f64') return inQuadrant(w, reduce(w, [w.keep(w.abs(x))], true)[0]!, quarters);
  const halves = [false, true].map((upper) => w.keep(wideHalf(w.abs(x), upper)));
  // The writer of f64 shares the locals of this one, and its statements come first.
  const reduced: Reduced[] = [];
  w.run(
    write('f64', w.multiplyAdd, w.declare, (wide) => {
      reduced.push(...reduce(wide, halves, false));
      return [];
    }),
  );
  const [lower, upper] = reduced as [Reduced, Reduced];
  const n = w.keep(lowWords(lower.n, upper.n));
  const r: Pair = [w.keep(narrowHalves(lower.r[0], upper.r[0])), w.const(0)];
  return inQuadrant(w, { n, r }, quarters);
};

/** Of |x|, and then the sign of x: odd to the bit. */
export const sin = (w: Writer, argument: Code): Code => {
  const x = w.keep(argument);
  return v128.xor(circular(w, x, 0n), w.signOf(x));
};

export const cos = (w: Writer, argument: Code): Code => circular(w, w.keep(argument), 1n);
