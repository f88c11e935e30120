/** Every distribution in the source tree keeps the laws; known answers besides. */
import { categoricalDistribution, type Distribution, diagonalGaussianDistribution } from '@natgrad/rl-trpo';
import { distributionLaws } from '@natgrad/rl-trpo/laws';
import { item, key, split, tensor, toTypedArray, zeros } from '@natgrad/tensor';
import { checkLaw } from '@natgrad/tensor/laws';
import { describe, expect, test } from 'vitest';

type Factory = (width: number) => Distribution;
const modules = import.meta.glob<Record<string, unknown>>('../../packages/rl-trpo/src/policy/*.ts', { eager: true });
const factories = Object.values(modules).flatMap(
  (module) => Object.entries(module).filter(([name]) => name.endsWith('Distribution')) as [string, Factory][],
);

/** What is extreme for each parameter; a parameter that is not named here gets ±20. */
const extremes = { logits: [-1000, 0, 1000], mean: [-1e6, 0, 1e6], logDeviation: [-20, 0, 20] };

test('all distributions were found', () => {
  expect(factories.map(([name]) => name).sort()).toEqual(['categoricalDistribution', 'diagonalGaussianDistribution']);
});

describe.each(factories)('%s', (_name, factory) => {
  const laws = [1, 2, 3].flatMap((width) => distributionLaws(factory(width), { extremes }));
  test.each(laws)('$name', (law) => checkLaw(law, { numRuns: 10 }));
});

describe('known answers', () => {
  const coin = categoricalDistribution(2);
  const probabilities = (...p: readonly number[]) => ({ logits: tensor([p.map(Math.log)]) });

  test('coins: KL(.5/.5 ‖ .9/.1) = log(5/3) = 0.51 nats, reversed 0.37', () => {
    const [fair, biased] = [probabilities(0.5, 0.5), probabilities(0.9, 0.1)];
    expect(item(coin.kl(fair, biased))).toBeCloseTo(Math.log(5 / 3), 14);
    expect(item(coin.kl(fair, biased))).toBeCloseTo(0.51, 2);
    expect(item(coin.kl(biased, fair))).toBeCloseTo(0.37, 2);
  });

  test('KL is infinite where Q has a zero that P has not, and finite the other way round', () => {
    const [fair, certain] = [probabilities(0.5, 0.5), probabilities(1, 0)];
    expect(item(coin.kl(fair, certain))).toBe(Infinity);
    expect(item(coin.kl(certain, fair))).toBeCloseTo(Math.log(2), 14);
    expect(item(coin.entropy(certain))).toBe(0);
    expect(item(coin.logProbability(certain, tensor([1], 'i32')))).toBe(-Infinity);
  });

  test('Gaussians: KL of N(0, 1) and N(1, 2²)', () => {
    const gaussian = diagonalGaussianDistribution(1);
    const standard = { mean: zeros([1, 1]), logDeviation: zeros([1, 1]) };
    const other = { mean: tensor([[1]]), logDeviation: tensor([[Math.log(2)]]) };
    // log 2 + (1 + 1) / 8 − ½
    expect(item(gaussian.kl(standard, other))).toBeCloseTo(Math.log(2) + 0.25 - 0.5, 14);
    expect(item(gaussian.entropy(standard))).toBeCloseTo(0.5 * Math.log(2 * Math.PI * Math.E), 14);
  });

  test('the smallest KL keeps its digits', () => {
    const gaussian = diagonalGaussianDistribution(1);
    const [a, b] = [0, 1e-7].map((log) => ({ mean: zeros([1, 1]), logDeviation: tensor([[log]]) })) as [
      { mean: never; logDeviation: never },
      { mean: never; logDeviation: never },
    ];
    // To second order KL = (Δ log σ)²; subtracting numbers near 1 would leave noise of 1e-16 in 1e-14.
    expect(item(gaussian.kl(a, b)) / 1e-14).toBeCloseTo(1, 5);
  });
});

describe('goodness of fit at a fixed seed', () => {
  const count = 20_000;

  test('categorical: chi-square with 3 degrees of freedom', () => {
    const p = [0.5, 0.3, 0.15, 0.05];
    const four = categoricalDistribution(4);
    const logits = tensor(Array.from({ length: count }, () => p.map(Math.log)));
    const counts = [0, 0, 0, 0];
    for (const a of toTypedArray(four.sample({ logits }, split(key(1), count)))) counts[a] = (counts[a] as number) + 1;
    const chiSquare = counts.reduce(
      (sum, n, i) => sum + (n - count * (p[i] as number)) ** 2 / (count * (p[i] as number)),
      0,
    );
    // The 0.999 quantile; the seed is fixed, so the test cannot fail by chance later.
    expect(chiSquare).toBeLessThan(16.27);
  });

  test('Gaussian: Kolmogorov and Smirnov', () => {
    const gaussian = diagonalGaussianDistribution(1);
    const parameters = {
      mean: tensor(Array.from({ length: count }, () => [3])),
      logDeviation: tensor(Array.from({ length: count }, () => [Math.log(0.5)])),
    };
    const sorted = toTypedArray(gaussian.sample(parameters, split(key(2), count))).sort();
    // Φ by Simpson's rule on the density, to 1e-10.
    const density = (z: number): number => Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
    const cumulative = (z: number): number => {
      const h = z / 400;
      let s = density(0) + density(z);
      for (let i = 1; i < 400; i += 1) s += density(i * h) * (i % 2 === 1 ? 4 : 2);
      return 0.5 + (s * h) / 3;
    };
    let distance = 0;
    sorted.forEach((x, i) => {
      distance = Math.max(distance, Math.abs(cumulative((x - 3) / 0.5) - (i + 0.5) / count));
    });
    // The 0.999 quantile 1.95 / √n.
    expect(distance).toBeLessThan(1.95 / Math.sqrt(count));
  });
});
