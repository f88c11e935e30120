/**
 * Elementary functions of an f64 in integers: fixed point with 128 bits beyond the leading one of the result. Series and Newton steps
 * that a reader can check; no speed.
 */

/** ⌊a·b⌋ etc. on numbers with `bits` bits after the point. */
const multiply = (a: bigint, b: bigint, bits: bigint): bigint => (a * b) >> bits;
const divide = (a: bigint, b: bigint, bits: bigint): bigint => (a << bits) / b;

const remember = <T>(f: (bits: bigint) => T): ((bits: bigint) => T) => {
  const known = new Map<bigint, T>();
  return (bits) => {
    const value = known.get(bits) ?? f(bits);
    known.set(bits, value);
    return value;
  };
};

/** artan(1/n) or artanh(1/n). */
const inverseSeries = (n: bigint, sign: 1n | -1n, bits: bigint): bigint => {
  let [power, sum, k] = [(1n << bits) / n, 0n, 1n];
  for (; power !== 0n; k += 2n) {
    sum += power / k;
    power = (sign * power) / (n * n);
  }
  return sum;
};
const GUARD = 32n;
/** ln 2 = 2·artanh(1/3). */
const ln2 = remember((bits) => (2n * inverseSeries(3n, 1n, bits + GUARD)) >> GUARD);
/** Machin: π/4 = 4·artan(1/5) − artan(1/239). */
const pi = remember(
  (bits) => (16n * inverseSeries(5n, -1n, bits + GUARD) - 4n * inverseSeries(239n, -1n, bits + GUARD)) >> GUARD,
);

/** A number as an integer times 2^−bits, cut off below. */
const toFixed = (x: number, bits: bigint): bigint => {
  const field = new BigUint64Array(Float64Array.of(Math.abs(x)).buffer)[0] as bigint;
  const exponent = field >> 52n;
  const mantissa = exponent === 0n ? field : (field & ((1n << 52n) - 1n)) | (1n << 52n);
  const shift = (exponent === 0n ? 1n : exponent) - 1075n + bits;
  const magnitude = shift >= 0n ? mantissa << shift : mantissa >> -shift;
  return x < 0 ? -magnitude : magnitude;
};

const HALVINGS = 8n;

/** Cut below at 2⁻¹²⁸ of a unit: with a large negative x the caller has more bits. */
const expOf = (x: bigint, bits: bigint): bigint => {
  const inner = bits + GUARD;
  const wide = x << GUARD;
  const k = wide / ln2(inner);
  const r = (wide - k * ln2(inner)) >> HALVINGS;
  let [term, sum, n] = [1n << inner, 0n, 1n];
  for (; term !== 0n && term !== -1n; n += 1n) {
    sum += term;
    term = multiply(term, r, inner) / n;
  }
  for (let i = 0; i < HALVINGS; i += 1) sum = multiply(sum, sum, inner);
  return (k >= 0n ? sum << k : sum >> -k) >> GUARD;
};

/** By Halley's step from the 53 bits of Math.log: y + 2·(v − eʸ)/(v + eʸ). Of a number near 1, that leaves nothing to cancel. */
const logOf = (value: bigint, bits: bigint): bigint => {
  const third = (4n << bits) / 3n;
  const leading = BigInt(value.toString(2).length - 1) - bits;
  const k = (leading >= 0n ? value >> leading : value << -leading) > third ? leading + 1n : leading;
  const v = k >= 0n ? value >> k : value << -k;
  const y = toFixed(Math.log(Number(v >> (bits - 60n)) / 2 ** 60), bits);
  const e = expOf(y, bits);
  return y + divide(2n * (v - e), v + e, bits) + k * ln2(bits);
};

const logOfNumber = (x: number, bits: bigint): bigint => {
  const k = Math.floor(Math.log2(x));
  return logOf(toFixed(x / 2 ** k, bits), bits) + BigInt(k) * ln2(bits);
};

/** Taylor series of sin and cos after the reduction modulo π/2. */
const circularOf = (x: number, quarters: bigint, bits: bigint): bigint => {
  const inner = bits + 1100n;
  const half = pi(inner) >> 1n;
  const a = toFixed(Math.abs(x), inner);
  const n = (2n * a + half) / (2n * half);
  const r = (a - n * half) >> 1100n;
  const quadrant = (n + quarters) & 3n;
  let [term, sum, k] = (quadrant & 1n) === 0n ? [r, 0n, 1n] : [1n << bits, 0n, 0n];
  for (; term !== 0n && term !== -1n; k += 2n) {
    sum += term;
    term = -multiply(multiply(term, r, bits), r, bits) / ((k + 1n) * (k + 2n));
  }
  return ((quadrant & 2n) !== 0n) !== (quarters === 0n && x < 0) ? -sum : sum;
};

/** Maclaurin's series; its terms reach e^(x²). */
const erfOf = (x: bigint, bits: bigint): bigint => {
  const inner = bits + 64n;
  const wide = x << 64n;
  const square = multiply(wide, wide, inner);
  let [term, sum, n] = [wide, 0n, 0n];
  for (; term !== 0n && term !== -1n; n += 1n) {
    sum += term / (2n * n + 1n);
    term = -multiply(term, square, inner) / (n + 1n);
  }
  const rootPi = squareRoot(pi(inner) << inner);
  return divide(2n * sum, rootPi, inner) >> 64n;
};

const squareRoot = (n: bigint): bigint => {
  let x = 1n << BigInt(Math.ceil(n.toString(2).length / 2));
  for (;;) {
    const next = (x + n / x) >> 1n;
    if (next >= x) return x;
    x = next;
  }
};

type Precise = (x: number, bits: bigint, y: number) => bigint;

export const PRECISE: { readonly [name: string]: Precise } = {
  exp: (x, bits) => expOf(toFixed(x, bits), bits),
  expm1: (x, bits) => expOf(toFixed(Math.max(x, -200), bits), bits) - (1n << bits),
  log: logOfNumber,
  log1p: (x, bits) => logOf((1n << bits) + toFixed(x, bits), bits),
  tanh: (x, bits) => {
    const e = expOf(toFixed(2 * Math.max(-60, Math.min(60, x)), bits), bits);
    return divide(e - (1n << bits), e + (1n << bits), bits);
  },
  sin: (x, bits) => circularOf(x, 0n, bits),
  cos: (x, bits) => circularOf(x, 1n, bits),
  erf: (x, bits) => erfOf(toFixed(Math.max(-7, Math.min(7, x)), bits), bits),
  power: (x, bits, y) => {
    if (y === 0) return 1n << bits;
    // log x to 2⁻³²⁰, and y to 2⁻¹³⁴⁰: far more than 128 bits of y·log x, which is below 800.
    const log = logOfNumber(Math.abs(x), 320n);
    const magnitude = expOf((toFixed(y, 1340n) * log) >> (1660n - bits), bits);
    return x < 0 && Math.abs(y % 2) === 1 ? -magnitude : magnitude;
  },
};

/** Bits after the point that leave 128 after the leading one of a result near `estimate`. */
export const bitsFor = (estimate: number): bigint =>
  128n + BigInt(Math.max(0, Math.min(1100, estimate === 0 ? 1100 : Math.ceil(-Math.log2(Math.abs(estimate))))));

/** |got − exact| in ulps of an f64 near `exact`; an infinite `got` counts as 2¹⁰²⁴. */
export const ulpDistance = (got: number, exact: bigint, bits: bigint): number => {
  const value = Number.isFinite(got) ? toFixed(got, bits) : (got < 0 ? -1n : 1n) << (1024n + bits);
  const magnitude = exact < 0n ? -exact : exact;
  const leading = BigInt(magnitude.toString(2).length - 1) - bits;
  const ulp = (leading < -1022n ? -1022n : leading) - 52n;
  const distance = value > exact ? value - exact : exact - value;
  const shift = bits + ulp - 30n;
  return Number(shift >= 0n ? distance >> shift : distance << -shift) / 2 ** 30;
};
