/**
 * The error function in double precision, by three methods that meet at ½ and 2.
 *
 * Below ½ the Maclaurin series (Abramowitz & Stegun 7.1.5), which hardly cancels there. Up to 2 the Taylor series about the
 * nearest of three centres c: the derivative g(x) = 2/√π·e^(−x²) obeys g′ = −2x·g, so its coefficients obey
 * (n + 1)·gₙ₊₁ = −2·(c·gₙ + gₙ₋₁), and what is added to erf c is small. Beyond 2 the continued fraction of erfc
 * (A&S 7.1.14), evaluated backward.
 * Accuracy: within 4 ulp of the result below ½, 2 up to 2 and 1 beyond (test/tensor/elementwise.test.ts, against values computed to 40 digits).
 */
const TWO_OVER_SQRT_PI = 1.1283791670955126;
const INVERSE_SQRT_PI = 0.5641895835477563;

/** c, erf c and g(c); each c is the middle of an interval of length ½. */
const CENTRES: readonly (readonly [number, number, number])[] = [
  [0.75, 0.7111556336535151, 0.6429310691952074],
  [1.25, 0.9229001282564583, 0.2365211224472908],
  [1.75, 0.9866716712191824, 0.05277499593015037],
];

/** Terms of the Taylor series: at a distance of ¼ the next one is below 2⁻⁶⁰ of erf c. */
const TERMS = 20;

const maclaurin = (x: number): number => {
  const square = x * x;
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(sum); n += 1) {
    term *= -square / n;
    sum += term / (2 * n + 1);
  }
  return TWO_OVER_SQRT_PI * sum;
};

const taylor = (a: number): number => {
  const [centre, value, slope] = CENTRES[Math.floor(2 * a) - 1] as readonly [number, number, number];
  const h = a - centre;
  let before = 0;
  let coefficient = slope;
  let powerOfH = h;
  let sum = 0;
  for (let n = 1; n <= TERMS; n += 1) {
    sum += (coefficient * powerOfH) / n;
    [before, coefficient] = [coefficient, (-2 * (centre * coefficient + before)) / n];
    powerOfH *= h;
  }
  return value + sum;
};

const complement = (a: number): number => {
  // 60 levels reach full precision for every a ≥ 2.
  let fraction = 0;
  for (let k = 60; k >= 1; k -= 1) fraction = k / 2 / (a + fraction);
  return (INVERSE_SQRT_PI * Math.exp(-a * a)) / (a + fraction);
};

export const erf = (x: number): number => {
  if (Number.isNaN(x)) return Number.NaN;
  const a = Math.abs(x);
  if (a < 0.5) return maclaurin(x);
  // erfc(5.93) < 2⁻⁵⁴: the result rounds to one.
  const magnitude = a > 5.93 ? 1 : a < 2 ? taylor(a) : 1 - complement(a);
  return x < 0 ? -magnitude : magnitude;
};
