/**
 * x to the power y by 2^(y·log₂|x|), in f64 for both dtypes. log₂ is k + (2/ln 2)·artanh s with s = (m − 1)/(m + 1) and
 * artanh s = s/3·(3 + s² + s⁴·p(s²)). For f64 the logarithm is a pair of numbers: y·log₂|x| may be 1074, so that its error counts
 * 745 times; about 2⁻⁶⁵ leaves it below 0.2 ulp, and 2 to the fraction adds 1.4. For f32 one f64 has bits to spare.
 */
import type { Code } from '../encode.js';
import { v128 } from '../instructions.js';
import { clamp, expm1Reduced, nearestExponent, scale } from './exponential.js';
import { narrowHalves, wideHalf } from './halves.js';
import { decompose } from './logarithm.js';
import { fastTwoSum, multiplyPairs, type Pair, twoProduct, twoSum, type Writer, write } from './writer.js';

/** Fits `power64`, `power32` and `exp2` of scripts/minimax.py. */
const P = [
  0.6000000000000338, 0.42857142855150016, 0.3333333377974845, 0.2727267656397658, 0.2308013532933819,
  0.19885243295249616, 0.19794328859082622,
];
const LOG2 = [
  2.8853900817778495, 0.9617966941139744, 0.5770779421977533, 0.4122092679844605, 0.31990509986816595,
  0.2829081662950597,
];
const EXP2 = [
  1.0000000000000269, 0.6931471805459319, 0.24022650695469103, 0.055504109412139124, 0.009618129228282656,
  0.001333345056116642, 0.0001540341173415735, 1.5310080942068915e-5, 1.3264052490518704e-6,
];

/** 2/(3·ln 2). */
const TWO_THIRDS_OVER_LN2 = [0.9617966939259756, 5.0577616648125907e-17] as const;

/** Beyond, 2 to this power is no finite number, and neither is 2 to minus it more than 0. */
const OUT_OF_RANGE = 1100;

/** log₂(2ᵏ·m) as a pair. */
const preciseLog2 = (w: Writer, k: Code, m: Code): Pair => {
  const f = w.keep(w.sub(m, w.const(1)));
  const [d, dLow] = twoSum(w, m, w.const(1));
  const s = w.keep(w.div(f, d));
  const [sd, sdLow] = twoProduct(w, s, d);
  // What the division left over; f − s·d is exact.
  const rest = w.sub(w.sub(w.sub(f, sd), sdLow), w.mul(s, dLow));
  const sPair: Pair = [s, w.keep(w.div(rest, d))];
  const [z, zLow] = multiplyPairs(w, sPair, sPair);
  const [sum, sumLow] = fastTwoSum(w, w.const(3), z);
  const tail = w.madd(w.keep(w.mul(z, z)), w.polynomial(z, P), zLow);
  const series = multiplyPairs(w, sPair, [sum, w.keep(w.add(sumLow, tail))]);
  const [c, cLow] = TWO_THIRDS_OVER_LN2;
  const [log, logLow] = multiplyPairs(w, series, [w.const(c), w.const(cLow)]);
  const [high, low] = fastTwoSum(w, k, log);
  return fastTwoSum(w, high, w.keep(w.add(low, logLow)));
};

/** 2^(y·log₂ x) for finite x > 0. */
const precisePower = (w: Writer, k: Code, m: Code, y: Code): Code => {
  const log = preciseLog2(w, k, m);
  // A larger |y| changes nothing but that it overflows here: |log₂ x| is 0 or at least 2⁻⁵⁴.
  const [t, tLow] = twoProduct(w, clamp(w, y, -(2 ** 70), 2 ** 70), log[0]);
  const inRange = w.lt(w.abs(t), w.const(OUT_OF_RANGE));
  const low = w.keep(v128.and(inRange, w.madd(y, log[1], tLow)));
  const bounded = clamp(w, t, -OUT_OF_RANGE, OUT_OF_RANGE);
  const n = nearestExponent(w, bounded);
  const r = w.keep(w.mul(w.add(w.sub(bounded, n), low), w.const(Math.LN2)));
  return scale(w, w.keep(w.add(w.const(1), expm1Reduced(w, r))), n);
};

const quickPower = (w: Writer, k: Code, m: Code, y: Code): Code => {
  const s = w.keep(w.div(w.sub(m, w.const(1)), w.add(m, w.const(1))));
  const log = w.madd(s, w.polynomial(w.keep(w.mul(s, s)), LOG2), k);
  const bounded = clamp(w, w.keep(w.mul(y, log)), -OUT_OF_RANGE, OUT_OF_RANGE);
  const n = nearestExponent(w, bounded);
  return scale(w, w.polynomial(w.keep(w.sub(bounded, n)), EXP2), n);
};

/** ECMAScript's `**`: unlike IEEE 754's pow, 1 to the power ±∞ or NaN is NaN. */
const withSpecial = (w: Writer, x: Code, y: Code, magnitude: Code): Code => {
  const a = w.keep(w.abs(x));
  const [zero, one, infinity] = [w.const(0), w.const(1), w.const(Infinity)];
  const whole = w.keep(w.eq(w.trunc(y), y));
  const half = w.keep(w.mul(y, w.const(0.5)));
  const odd = v128.andnot(whole, w.eq(w.trunc(half), half));
  const sign = w.keep(v128.and(w.signOf(x), odd));
  // 0 to a negative power and ∞ to a positive one are ∞; the other way round, 0.
  const extreme = w.keep(v128.or(w.eq(a, zero), w.eq(a, infinity)));
  const ofExtreme = v128.andnot(infinity, v128.xor(w.gt(y, zero), w.gt(a, one)));
  const size = w.select(extreme, ofExtreme, magnitude);
  const ofNegative = v128.andnot(v128.andnot(w.lt(x, zero), extreme), whole);
  const ofOne = v128.and(w.eq(a, one), w.eq(w.abs(y), infinity));
  const undefinedHere = v128.or(v128.or(w.ne(x, x), w.ne(y, y)), v128.or(ofNegative, ofOne));
  return w.select(w.eq(y, zero), one, v128.or(v128.xor(size, sign), undefinedHere));
};

const powerIn = (w: Writer, x: Code, y: Code, of: typeof precisePower): Code => {
  const { k, m } = decompose(w, w.keep(w.abs(x)));
  return withSpecial(w, x, y, w.keep(of(w, k, m, y)));
};

export const power = (w: Writer, base: Code, exponent: Code): Code => {
  const [x, y] = [w.keep(base), w.keep(exponent)];
  if (w.dtype === 'f64') return powerIn(w, x, y, precisePower);
  const half = (upper: boolean): Code =>
    w.keep(
      write('f64', w.multiplyAdd, w.declare, (wide) =>
        powerIn(wide, wide.keep(wideHalf(x, upper)), wide.keep(wideHalf(y, upper)), quickPower),
      ),
    );
  return narrowHalves(half(false), half(true));
};
