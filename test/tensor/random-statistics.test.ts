/**
 * Distributions of the samplers, at fixed seeds. Each bound is the value that a correct sampler exceeds with probability
 * 0.001 (quantiles of χ², Kolmogorov's and Anderson and Darling's distributions); as seeds are fixed, a pass is a pass.
 */
import {
  bernoulli,
  bits,
  categorical,
  exponential,
  foldIn,
  type Key,
  key,
  keyToArray,
  normal,
  permutation,
  randomInt,
  reshape,
  split,
  type Tensor,
  tensor,
  threefry2x32,
  toTypedArray,
  uniform,
  uniformAt,
} from '@natgrad/tensor';
import { describe, expect, test } from 'vitest';

const numbers = (x: Tensor): number[] => Array.from(toTypedArray(x));

/** χ² quantiles at 0.999 by degrees of freedom. */
const CHI_SQUARE: Readonly<Record<number, number>> = {
  1: 10.83,
  2: 13.82,
  3: 16.27,
  5: 20.52,
  9: 27.88,
  23: 49.73,
  255: 330.52,
};

/** Pearson's statistic of labels 0 … n−1 against their probabilities; the bound belongs to n − 1 degrees of freedom. */
const expectLabels = (labels: readonly number[], probabilities: readonly number[]): void => {
  const counts = probabilities.map(() => 0);
  for (const label of labels) counts[label] = (counts[label] ?? Number.NaN) + 1;
  const statistic = counts.reduce((sum, count, i) => {
    const expected = (probabilities[i] as number) * labels.length;
    return sum + (count - expected) ** 2 / expected;
  }, 0);
  expect(statistic).toBeLessThan(CHI_SQUARE[probabilities.length - 1] as number);
};

const equal = (n: number): number[] => Array.from({ length: n }, () => 1 / n);

/** Pairs of fractions fall equally into the 16 × 16 squares. */
const expectIndependent = (a: readonly number[], b: readonly number[]): void =>
  expectLabels(
    a.map((x, i) => 16 * Math.floor(16 * x) + Math.floor(16 * (b[i] as number))),
    equal(256),
  );

/** √n times the largest distance between the empirical distribution and the exact one; Kolmogorov's bound is 1.9495. */
const kolmogorov = (sample: readonly number[], cdf: (x: number) => number): number => {
  const sorted = [...sample].sort((a, b) => a - b).map(cdf);
  const n = sorted.length;
  return Math.sqrt(n) * Math.max(...sorted.map((p, i) => Math.max(p - i / n, (i + 1) / n - p)));
};

/** Anderson and Darling's A², which weighs the tails; the bound for a fully known distribution is 5.97. */
const andersonDarling = (sample: readonly number[], cdf: (x: number) => number): number => {
  const p = [...sample].sort((a, b) => a - b).map(cdf);
  const n = p.length;
  const sum = p.reduce(
    (total, low, i) => total + (2 * i + 1) * (Math.log(low) + Math.log(1 - (p[n - 1 - i] as number))),
    0,
  );
  return -n - sum / n;
};

/** Φ(x) = ½ + φ(x)(x + x³/3 + x⁵/(3·5) + …), exact enough for |x| < 6 (Marsaglia, J. Stat. Software 11(4), 2004). */
const normalCdf = (x: number): number => {
  let term = x;
  let sum = x;
  for (let odd = 3; Math.abs(term) > 1e-18 * Math.abs(sum); odd += 2) {
    term *= (x * x) / odd;
    sum += term;
  }
  return 0.5 + (sum * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI);
};

describe('one stream', () => {
  test('the bytes of bits are uniform, each of the four', () => {
    const words = Array.from(bits(key(1), 100_000));
    for (const shift of [0, 8, 16, 24])
      expectLabels(
        words.map((w) => (w >>> shift) & 255),
        equal(256),
      );
  });

  test('uniform in f64 and f32', () => {
    for (const dtype of ['f64', 'f32'] as const) {
      const u = numbers(uniform(key(2), [50_000], { dtype }));
      expect(kolmogorov(u, (x) => x)).toBeLessThan(1.9495);
      expectLabels(
        u.map((x) => Math.floor(256 * x)),
        equal(256),
      );
      expectIndependent(u.slice(0, -1), u.slice(1));
    }
    // The last of 53 bits are random too.
    expectLabels(
      numbers(uniform(key(3), [50_000])).map((x) => (x * 2 ** 53) % 256),
      equal(256),
    );
  });

  test('normal: Kolmogorov and Smirnov, Anderson and Darling, signs', () => {
    const x = numbers(normal(key(4), [50_000]));
    expect(kolmogorov(x, normalCdf)).toBeLessThan(1.9495);
    expect(andersonDarling(x, normalCdf)).toBeLessThan(5.97);
    expectLabels(
      x.map((v) => (v > 0 ? 1 : 0)),
      equal(2),
    );
    // Neighbours come from different blocks; their probabilities are independent.
    const p = x.map(normalCdf);
    expectIndependent(p.slice(0, -1), p.slice(1));
  });

  test('exponential', () => {
    const x = numbers(exponential(key(5), [50_000]));
    expect(kolmogorov(x, (v) => -Math.expm1(-v))).toBeLessThan(1.9495);
  });

  test('randomInt, also where a remainder of words would favour the small numbers', () => {
    expectLabels(numbers(randomInt(key(6), [50_000], { maximum: 10 })), equal(10));
    // Reducing words modulo 3·2³⁰ instead of rejecting would give the first third half of all draws.
    const wide = numbers(randomInt(key(7), [50_000], { minimum: -(2 ** 31), maximum: 2 ** 30 }));
    expectLabels(
      wide.map((x) => Math.floor((x + 2 ** 31) / 2 ** 30)),
      equal(3),
    );
  });

  test('bernoulli', () => {
    for (const p of [0.1, 0.5, 0.9]) expectLabels(numbers(bernoulli(key(8), p, [50_000])), [1 - p, p]);
  });

  test('categorical draws with probabilities softmax(logits)', () => {
    const row = [0, 1, -Infinity, -2, 2.5, 0.3, 0.1];
    const total = row.reduce((sum, logit) => sum + Math.exp(logit), 0);
    const logits = reshape(tensor(Array.from({ length: 40_000 }, () => row)), [200, 200, 7]);
    const classes = numbers(categorical(key(9), logits));
    expect(classes.includes(2)).toBe(false);
    const kept = [0, 1, 3, 4, 5, 6];
    expectLabels(
      classes.map((label) => kept.indexOf(label)),
      kept.map((label) => Math.exp(row[label] as number) / total),
    );
  });

  test('permutation: all 24 orders of four', () => {
    const orders = Array.from({ length: 24_000 }, (_, i) => numbers(permutation(foldIn(key(10), i), 4)).join(''));
    const names = [...new Set(orders)].sort();
    expect(names.length).toBe(24);
    expectLabels(
      orders.map((order) => names.indexOf(order)),
      equal(24),
    );
  });

  test('permutation: where the first of ten goes', () => {
    const places = Array.from({ length: 20_000 }, (_, i) => numbers(permutation(foldIn(key(11), i), 10)).indexOf(0));
    expectLabels(places, equal(10));
  });
});

describe('many streams', () => {
  const first = (keys: readonly Key[]): number[] => keys.map((k) => uniformAt(k, 0));

  test('split children are independent of one another and of their parent', () => {
    const parent = key(20);
    const [a, b] = split(parent);
    const [u, v, w] = [a, b, parent].map((k) => numbers(uniform(k, [50_000]))) as [number[], number[], number[]];
    expectIndependent(u, v);
    expectIndependent(u, w);
    expectIndependent(v, w);
  });

  test.each([
    ['split', split(key(21), 50_001)],
    ['foldIn', Array.from({ length: 50_001 }, (_, i) => foldIn(key(21), i))],
    ['successive seeds', Array.from({ length: 50_001 }, (_, i) => key(i))],
  ] as const)('the first numbers of keys from %s are uniform and independent', (_, keys) => {
    const u = first(keys);
    expectLabels(
      u.map((x) => Math.floor(256 * x)),
      equal(256),
    );
    expectIndependent(u.slice(0, -1), u.slice(1));
  });

  test('split(key)[i] and foldIn(key, i) are independent', () => {
    const folded = Array.from({ length: 50_000 }, (_, i) => foldIn(key(22), i));
    expectIndependent(first(split(key(22), 50_000)), first(folded));
  });

  test('different samplers of one key are independent', () => {
    const k = key(23);
    const u = numbers(uniform(k, [50_000]));
    expectIndependent(u, numbers(normal(k, [50_000])).map(normalCdf));
    expectIndependent(
      u,
      Array.from(bits(k, 100_000))
        .filter((_, i) => i % 2 === 0)
        .map((word) => word / 2 ** 32),
    );
  });

  test('changing one bit of the key or of the counter changes half of the block', () => {
    const changed: number[] = [];
    for (let trial = 0; trial < 50; trial += 1) {
      const [high, low] = keyToArray(foldIn(key(24), trial));
      const before = threefry2x32({ high, low }, [trial, 7]);
      for (let bit = 0; bit < 128; bit += 1) {
        const flip = [0, 1, 2, 3].map((i) => (i === bit >> 5 ? 1 << (bit & 31) : 0)) as [
          number,
          number,
          number,
          number,
        ];
        const after = threefry2x32({ high: (high ^ flip[0]) >>> 0, low: (low ^ flip[1]) >>> 0 }, [
          trial ^ flip[2],
          7 ^ flip[3],
        ]);
        for (const i of [0, 1] as const)
          for (let place = 0; place < 32; place += 1) changed.push(((before[i] ^ after[i]) >>> place) & 1);
      }
    }
    expectLabels(changed, equal(2));
  });
});
