/**
 * The error function in double precision. Near zero the all-positive series erf x = 2/√π · e^(−x²) · Σ 2ⁿ x^(2n+1)/(2n+1)!!
 * (Abramowitz & Stegun 7.1.6), beyond it the continued fraction of erfc (A&S 7.1.14), evaluated backward.
 * Accuracy: 4 ulp of the result (test/tensor/elementwise.test.ts, against values computed to 40 digits).
 */
const TWO_OVER_SQRT_PI = 1.1283791670955126;
const INVERSE_SQRT_PI = 0.5641895835477563;

export const erf = (x: number): number => {
  if (Number.isNaN(x)) return Number.NaN;
  const a = Math.abs(x);
  // erfc(5.93) < 2⁻⁵⁴: the result rounds to one.
  if (a > 5.93) return x < 0 ? -1 : 1;
  if (a < 2) {
    const square = x * x;
    let term = x;
    let sum = x;
    for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(sum); n += 1) {
      term *= (2 * square) / (2 * n + 1);
      sum += term;
    }
    return TWO_OVER_SQRT_PI * Math.exp(-square) * sum;
  }
  // 60 levels reach full precision for every a ≥ 2.
  let fraction = 0;
  for (let k = 60; k >= 1; k -= 1) fraction = k / 2 / (a + fraction);
  const complement = (INVERSE_SQRT_PI * Math.exp(-a * a)) / (a + fraction);
  return x < 0 ? complement - 1 : 1 - complement;
};
