/** The functions that must have the same bits on every engine, against exact values. */
import { logPortable, normalLowerQuantile, powerPortable } from '@natgrad/tensor/internal';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

/** Fixed point with 160 fractional bits. */
const BITS = 160n;
const ONE = 1n << BITS;

/** log(1 + f) = 2 artanh(f/(2 + f)) summed in fixed point, for a rational n/d near 1. */
const logRatio = (n: bigint, d: bigint): bigint => {
  const s = ((n - d) * ONE) / (n + d);
  const square = (s * s) >> BITS;
  let power = s;
  let total = 0n;
  for (let odd = 1n; power !== 0n && power !== -1n; odd += 2n) {
    total += power / odd;
    power = (power * square) >> BITS;
  }
  return 2n * total;
};

const LN2 = logRatio(2n, 1n);

/** Mantissa in [1, 2) as an integer over 2⁵², and exponent. */
const decompose = (x: number): readonly [bigint, number] => {
  let exponent = 0;
  let m = x;
  for (; m >= 2; m /= 2) exponent += 1;
  for (; m < 1; m *= 2) exponent -= 1;
  return [BigInt(m * 2 ** 52), exponent];
};

/** The error of `y` as log(x), in units of y's last place. */
const logError = (x: number, y: number): number => {
  const [mantissa, exponent] = decompose(x);
  const exact = logRatio(mantissa, 1n << 52n) + BigInt(exponent) * LN2;
  const [yMantissa, yExponent] = decompose(Math.abs(y));
  // y in fixed point, its last place being 2^(yExponent − 52); 160 bits leave 40 below the smallest result, 2⁻⁵³.
  const shift = BITS + BigInt(yExponent) - 52n;
  const difference = (y < 0 ? -1n : 1n) * (yMantissa << shift) - exact;
  return Math.abs(Number(difference) / Number(1n << shift));
};

describe('logPortable', () => {
  const positive = fc.oneof(
    fc.double({ min: Number.MIN_VALUE, max: Number.MAX_VALUE, noNaN: true }),
    fc.double({ min: 0.5, max: 2, noNaN: true }),
    fc.double({ min: 2 ** -60, max: 1, noNaN: true }),
  );

  test('is within one unit in the last place of the exact logarithm', () => {
    fc.assert(
      fc.property(positive, (x) => {
        fc.pre(x !== 1);
        expect(logError(x, logPortable(x))).toBeLessThan(1);
      }),
      { numRuns: 500 },
    );
    for (const x of [
      Number.MIN_VALUE,
      2 ** -1022,
      Math.SQRT1_2,
      Math.SQRT2,
      1 - 2 ** -53,
      1 + 2 ** -52,
      Number.MAX_VALUE,
    ])
      expect(logError(x, logPortable(x))).toBeLessThan(1);
  });

  test('rises wherever neighbouring floats are compared around the seams of its reduction', () => {
    for (const seam of [0.5, Math.SQRT1_2, 1, Math.SQRT2, 2])
      for (let i = -200; i < 200; i += 1) {
        const step = seam * 2 ** -50;
        expect(logPortable(seam + i * step)).toBeLessThan(logPortable(seam + (i + 1) * step));
      }
  });

  test('has the special values of IEEE 754', () => {
    expect(logPortable(1)).toBe(0);
    expect(logPortable(0)).toBe(-Infinity);
    expect(logPortable(-0)).toBe(-Infinity);
    expect(logPortable(Infinity)).toBe(Infinity);
    expect(logPortable(-1)).toBeNaN();
    expect(logPortable(-Infinity)).toBeNaN();
    expect(logPortable(Number.NaN)).toBeNaN();
  });
});

describe('powerPortable', () => {
  test('is the exact power to a relative n·2⁻⁵³, and itself where that is a float', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.5, max: 1, noNaN: true }), fc.nat(400), (x, n) => {
        // In integers: x = m / 2⁵³.
        const exact = BigInt(x * 2 ** 53) ** BigInt(n);
        const scale = 1n << BigInt(53 * n);
        const error = (BigInt(Math.round(powerPortable(x, n) * 2 ** 1000)) * scale) / exact - (1n << 1000n);
        expect(Math.abs(Number((error * 2n ** 53n) / (1n << 1000n)))).toBeLessThanOrEqual(n);
      }),
    );
    expect([powerPortable(2, 0), powerPortable(3, 4), powerPortable(-2, 3), powerPortable(0, 5)]).toEqual([
      1, 81, -8, 0,
    ]);
  });
});

describe('normalLowerQuantile', () => {
  test('agrees with exact quantiles to a relative 10⁻¹⁵', () => {
    // √2·erf⁻¹(2p − 1) of the doubles p in 300-bit arithmetic (mpmath 1.3), so good to half a unit in the last place. The
    // values at 0.25 and 0.001 are also the checks that Wichura prints.
    const exact: readonly (readonly [number, number])[] = [
      [2 ** -65, -9.155293772686072],
      [1e-14, -7.650628092935269],
      [1e-10, -6.361340902404057],
      [0.001, -3.0902323061678136],
      [0.075, -1.439531470938456],
      [0.25, -0.6744897501960817],
    ];
    for (const [p, x] of exact) expect(Math.abs(normalLowerQuantile(p) / x - 1)).toBeLessThan(1e-15);
    expect(Math.abs(normalLowerQuantile(0.5))).toBe(0);
  });

  test('rises with p, also where one ratio of polynomials takes over from another', () => {
    const seams = [0.075, Math.exp(-25)];
    for (const seam of seams)
      for (let i = -50; i < 50; i += 1) {
        // Steps of 10⁻¹³ of p move x by far more than its rounding errors.
        const [a, b] = [seam * (1 + i * 1e-13), seam * (1 + (i + 1) * 1e-13)];
        expect(normalLowerQuantile(b) - normalLowerQuantile(a)).toBeGreaterThan(0);
      }
  });
});
