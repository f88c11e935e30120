/**
 * Functions whose bits are the same on every engine. ECMAScript leaves the last places of `Math.log`, `Math.exp` and
 * `Math.cos` to the implementation, so whatever must be reproducible everywhere is built here from + − × ÷ and √, which
 * IEEE 754 rounds correctly, in a fixed order.
 */

const double = new Float64Array(1);
const words = new Int32Array(double.buffer);
/** Which of the two words holds sign and exponent: the second on little-endian machines. */
const HIGH: number = new Int32Array(new Float64Array([1]).buffer)[1] === 0 ? 0 : 1;

/** ln 2 in two parts: the first has 21 trailing zero bits, so k·LN2_HIGH is exact for every exponent k. */
const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;

/** The high word of √2: mantissas above it are halved, so that the reduced argument lies in [√½, √2]. */
const SQRT2_MANTISSA = 0x6a09e;

/**
 * The natural logarithm with the same bits everywhere, off by less than 1 unit in the last place.
 * As in IEEE 754: `±0` gives `−∞`, a negative number and NaN give NaN, `+∞` gives `+∞`.
 *
 * Method: x = 2ᵏ(1 + f) with 1 + f in [√½, √2]; with s = f/(2 + f), log(1 + f) = 2 artanh(s) = 2s + s·R where
 * R = 2(s²/3 + s⁴/5 + …), and 2s = f − s·f keeps the leading term exact. As |s| ≤ 0.1716, the terms after s²⁰/21 together
 * stay below 2⁻⁶⁰ of the result.
 */
export const logPortable = (x: number): number => {
  if (!(x > 0)) return x === 0 ? Number.NEGATIVE_INFINITY : Number.NaN;
  if (x === Number.POSITIVE_INFINITY) return x;
  let k = 0;
  if (x < 2 ** -1022) {
    x *= 2 ** 54;
    k = -54;
  }
  double[0] = x;
  const high = words[HIGH] as number;
  const mantissa = high & 0xfffff;
  const halve = mantissa > SQRT2_MANTISSA ? 1 : 0;
  k += (high >> 20) - 1023 + halve;
  words[HIGH] = mantissa | ((1023 - halve) << 20);
  const f = double[0] - 1;
  const s = f / (2 + f);
  const z = s * s;
  const tail = 2 / 13 + z * (2 / 15 + z * (2 / 17 + z * (2 / 19 + z * (2 / 21))));
  const R = z * (2 / 3 + z * (2 / 5 + z * (2 / 7 + z * (2 / 9 + z * (2 / 11 + z * tail)))));
  return k * LN2_HIGH - (s * (f - R) - k * LN2_LOW - f);
};

/**
 * x to a whole power n ≥ 0 with the same bits everywhere, by repeated squaring: relative error below n units in the last place. (The
 * last places of `x ** n` differ between versions of one engine.)
 */
export const powerPortable = (x: number, n: number): number => {
  let power = 1;
  let square = x;
  for (let rest = n; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) power *= square;
    square *= square;
  }
  return power;
};
