/** Every distribution in the source tree keeps the laws; known answers besides. */
import {
  bernoulliDistribution,
  categoricalDistribution,
  type Distribution,
  diagonalGaussianDistribution,
  distributionOf,
  fullGaussianDistribution,
  multiCategoricalDistribution,
  squashedGaussianDistribution,
} from '@natgrad/rl-trpo';
import { distributionLaws } from '@natgrad/rl-trpo/laws';
import { item, key, split, tensor, toNested, toTypedArray, zeros } from '@natgrad/tensor';
import { checkLaw } from '@natgrad/tensor/laws';
import { describe, expect, test } from 'vitest';
import { expectError } from '../errors.js';
import { bare } from './bare.js';

type Factory = (argument: unknown) => Distribution;
const modules = import.meta.glob<Record<string, unknown>>('../../packages/rl-trpo/src/policy/*.ts', { eager: true });
const factories = Object.values(modules).flatMap(
  (module) => Object.entries(module).filter(([name]) => name.endsWith('Distribution')) as [string, Factory][],
);

/** What a factory is called with where that is not a width. */
const instances: Readonly<Record<string, readonly unknown[]>> = {
  multiCategoricalDistribution: [[2], [3, 2], [2, 1, 3]],
  squashedGaussianDistribution: [
    { low: [-2], high: [3] },
    { low: [0, -1], high: [0.5, 1] },
  ],
};

/** What is extreme for each parameter; a parameter that is not named here gets ±20. */
const extremes = { logits: [-1000, 0, 1000], mean: [-1e6, 0, 1e6], logDeviation: [-20, 0, 20], factor: [-20, 0, 20] };

test('all distributions were found', () => {
  expect(factories.map(([name]) => name).sort()).toEqual([
    'bernoulliDistribution',
    'categoricalDistribution',
    'diagonalGaussianDistribution',
    'fullGaussianDistribution',
    'multiCategoricalDistribution',
    'squashedGaussianDistribution',
  ]);
});

describe.each(factories)('%s', (name, factory) => {
  const laws = (instances[name] ?? [1, 2, 3]).flatMap((each) => distributionLaws(factory(each), { extremes }));
  test.each(laws)('$name', (law) => checkLaw(law, { numRuns: 6 }));
});

describe('a distribution of one’s own', () => {
  const whole = [categoricalDistribution(3), bernoulliDistribution(2), fullGaussianDistribution(2)] as Distribution[];
  test.each(whole.flatMap((each) => distributionLaws(bare(each), { extremes })))('$name', (law) =>
    checkLaw(law, { numRuns: 5 }),
  );

  test('what is found out is what the distribution would have said', () => {
    const coins = bernoulliDistribution(2);
    const own = bare(coins as Distribution);
    const p = {
      logits: tensor([
        [0.5, -2],
        [1, 3],
      ]),
    };
    const numbers = (x: unknown): readonly number[] => [x].flat(2) as number[];
    numbers(toNested(own.entropy?.(p) ?? zeros([0]))).forEach((x, i) => {
      expect(x).toBeCloseTo(toTypedArray(coins.entropy(p))[i] as number, 12);
    });
    expect(own.fisherScale(p)).toBeCloseTo(coins.fisherScale(p), 12);
    expect(toNested(own.deterministicAction(p))).toEqual([
      [1, 0],
      [1, 1],
    ]);
  });

  test('an entropy that cannot be summed is not made up, and what was given is kept', () => {
    const gaussian = diagonalGaussianDistribution(1) as Distribution;
    expect(Object.keys(bare(gaussian))).not.toContain('entropy');
    expect(Object.keys(bare(multiCategoricalDistribution([32, 33])))).not.toContain('entropy');
    expect(Object.keys(bare(multiCategoricalDistribution([32, 32])))).toContain('entropy');
    expect(distributionOf(gaussian)).toEqual(gaussian);
  });

  test('the deterministic action of a Gaussian is near its mode, and not by chance', () => {
    const own = bare(diagonalGaussianDistribution(1) as Distribution);
    const p = { mean: tensor([[3], [-1]]), logDeviation: tensor([[-3], [-3]]) };
    const [first, second] = toTypedArray(own.deterministicAction(p)) as unknown as readonly [number, number];
    // The nearest of 64 draws: within 0.1 σ but for a chance of 0.92^64 = 0.5 %, at a fixed seed.
    expect(Math.abs(first - 3)).toBeLessThan(0.1 * Math.exp(-3));
    expect(first - 3).toBeCloseTo(second + 1, 12);
    expect(toNested(own.deterministicAction(p))).toEqual([[first], [second]]);
  });
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

  test('several choices: divergences, entropies and log-probabilities are those of the product of the choices', () => {
    const both = multiCategoricalDistribution([2, 3]);
    const joint = categoricalDistribution(6);
    const [first, second] = [
      [0.3, -1, 2, 0.1, -0.5],
      [1, 0, -1, 0.4, 0.9],
    ] as [number[], number[]];
    const parameters = (x: readonly number[]) => ({ logits: tensor([[...x]]) });
    const product = ([a, b, ...rest]: readonly number[]) => ({
      logits: tensor([[a as number, b as number].flatMap((x) => rest.map((y) => x + y))]),
    });
    expect(item(both.kl(parameters(first), parameters(second)))).toBeCloseTo(
      item(joint.kl(product(first), product(second))),
      14,
    );
    expect(item(both.entropy(parameters(first)))).toBeCloseTo(item(joint.entropy(product(first))), 14);
    expect(item(both.logProbability(parameters(first), tensor([[1, 2]], 'i32')))).toBeCloseTo(
      item(joint.logProbability(product(first), tensor([5], 'i32'))),
      14,
    );
  });

  test('switches are choices between two', () => {
    const coins = bernoulliDistribution(2);
    const choices = multiCategoricalDistribution([2, 2]);
    const [p, q] = [
      [0.7, -2],
      [-1, 0.2],
    ] as [number[], number[]];
    const asChoices = (x: readonly number[]) => ({ logits: tensor([x.flatMap((logit) => [0, logit])]) });
    const [own, other] = [{ logits: tensor([p]) }, { logits: tensor([q]) }];
    expect(item(coins.kl(own, other))).toBeCloseTo(item(choices.kl(asChoices(p), asChoices(q))), 14);
    expect(item(coins.entropy(own))).toBeCloseTo(item(choices.entropy(asChoices(p))), 14);
    const action = tensor([[1, 0]], 'i32');
    expect(item(coins.logProbability(own, action))).toBeCloseTo(item(choices.logProbability(asChoices(p), action)), 14);
  });

  test('switches: 0.51 and 0.37 nats again; infinite where Q has a zero that P has not', () => {
    const coins = bernoulliDistribution(1);
    const [fair, biased, certain] = [0, Math.log(9), Infinity].map((logit) => ({ logits: tensor([[logit]]) })) as [
      { logits: never },
      { logits: never },
      { logits: never },
    ];
    expect(item(coins.kl(fair, biased))).toBeCloseTo(Math.log(5 / 3), 14);
    expect(item(coins.kl(biased, fair))).toBeCloseTo(0.37, 2);
    expect(item(coins.kl(fair, certain))).toBe(Infinity);
    expect(item(coins.kl(certain, fair))).toBeCloseTo(Math.log(2), 14);
    expect(item(coins.entropy(certain))).toBe(0);
  });

  test('full Gaussian: KL of two correlated ones, by hand', () => {
    const gaussian = fullGaussianDistribution(2);
    // L = [[1, 0], [1, 1]], so Σ = [[1, 1], [1, 2]], det 1, Σ⁻¹ = [[2, −1], [−1, 1]].
    const correlated = { mean: tensor([[1, 1]]), factor: tensor([[0, 0, 1]]) };
    const standard = { mean: zeros([1, 2]), factor: zeros([1, 3]) };
    // ½ (tr Σ + μᵀμ − 2 − log det Σ) and ½ (tr Σ⁻¹ + μᵀΣ⁻¹μ − 2 + log det Σ)
    expect(item(gaussian.kl(correlated, standard))).toBeCloseTo(0.5 * (3 + 2 - 2), 14);
    expect(item(gaussian.kl(standard, correlated))).toBeCloseTo(0.5 * (3 + 1 - 2), 14);
    expect(item(gaussian.entropy(correlated))).toBeCloseTo(Math.log(2 * Math.PI * Math.E), 14);
  });

  test('a full Gaussian without correlations is a diagonal one', () => {
    const [full, diagonal] = [fullGaussianDistribution(2), diagonalGaussianDistribution(2)];
    const of = (mean: readonly number[], log: readonly number[]) =>
      [
        { mean: tensor([[...mean]]), factor: tensor([[...log, 0]]) },
        { mean: tensor([[...mean]]), logDeviation: tensor([[...log]]) },
      ] as const;
    const [[p, pd], [q, qd]] = [of([1, 2], [0.3, -0.4]), of([0, 2.5], [-0.1, 0.2])];
    expect(item(full.kl(p, q))).toBeCloseTo(item(diagonal.kl(pd, qd)), 13);
    expect(full.fisherScale(p)).toBeCloseTo(diagonal.fisherScale(pd), 13);
    const keys = split(key(4), 1);
    expect(toNested(full.sample(p, keys))).toEqual(toNested(diagonal.sample(pd, keys)));
  });

  test('squashed: the density of tanh u, and KL and Fisher metric of the Gaussian', () => {
    const squashed = squashedGaussianDistribution({ low: [-1], high: [1] });
    const gaussian = diagonalGaussianDistribution(1);
    const [p, q] = [0, 0.5].map((x) => ({ mean: tensor([[x]]), logDeviation: tensor([[-x]]) })) as [
      { mean: never; logDeviation: never },
      { mean: never; logDeviation: never },
    ];
    const u = 0.7;
    const density = Math.exp(-0.5 * u * u) / Math.sqrt(2 * Math.PI) / (1 - Math.tanh(u) ** 2);
    expect(item(squashed.logProbability(p, tensor([[u]])))).toBeCloseTo(Math.log(density), 14);
    expect(item(squashed.kl(p, q))).toBe(item(gaussian.kl(p, q)));
    expect(squashed.fisher(q, p)).toEqual(gaussian.fisher(q, p));
    expect([...(squashed.bijection?.forward([0, u, 1e3]) ?? [])]).toEqual([0, Math.tanh(u), 1]);
  });

  test('squashed: entropies, from narrow to wide, to 1e-12', () => {
    const squashed = squashedGaussianDistribution({ low: [-1], high: [1] });
    /** E[log cosh(μ + σ z)] by Simpson's rule with a step of 1/2000 and the kinks of wide ones resolved. */
    const expected = (mean: number, log: number): number => {
      const sigma = Math.exp(log);
      const term = (z: number): number => {
        const x = Math.abs(mean + sigma * z);
        return (Math.exp(-0.5 * z * z) / Math.sqrt(2 * Math.PI)) * (x + Math.log1p(Math.exp(-2 * x)) - Math.LN2);
      };
      const [n, reach] = [40_000, 10];
      const h = (2 * reach) / n;
      let total = 0;
      for (let i = 0; i <= n; i += 1) total += term(-reach + i * h) * (i === 0 || i === n ? 1 : i % 2 === 1 ? 4 : 2);
      return log + 0.5 * Math.log(2 * Math.PI * Math.E) - 2 * ((total * h) / 3);
    };
    for (const mean of [0, 0.3, -2, 7])
      for (const log of [-5, -1, -1e-9, 0, 1e-9, 0.5, 2]) {
        const found = item(squashed.entropy({ mean: tensor([[mean]]), logDeviation: tensor([[log]]) }));
        // The quadrature's own 6e-13 twice, and the rounding of a sum of 40,000 terms.
        expect(Math.abs(found - expected(mean, log))).toBeLessThan(3e-12 * (1 + Math.abs(found)));
      }
  });

  test.each([
    ['infinite bounds', { low: [-Infinity], high: [1] }],
    ['bounds the wrong way round', { low: [0, 1], high: [1, 1] }],
    ['bounds of another number', { low: [0], high: [1, 1] }],
  ])('squashed: %s are refused', (_, bounds) => {
    expectError(() => squashedGaussianDistribution(bounds), 'InvalidArgument', 'finite bounds');
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

  test('several choices and switches: chi-square of all combinations', () => {
    const p = [0.5, 0.3, 0.2];
    const both = multiCategoricalDistribution([3, 2]);
    const logits = tensor(Array.from({ length: count }, () => [...p, 0.6, 0.4].map(Math.log)));
    const coins = bernoulliDistribution(3);
    const switches = tensor(Array.from({ length: count }, () => [0, 1, -2]));
    const q = [0, 1, -2].map((logit) => 1 / (1 + Math.exp(-logit)));
    const chiSquare = (
      cells: number,
      cellOf: (row: number) => number,
      probability: (cell: number) => number,
    ): number => {
      const counts = new Array<number>(cells).fill(0);
      for (let row = 0; row < count; row += 1) counts[cellOf(row)] = (counts[cellOf(row)] as number) + 1;
      return counts.reduce(
        (sum, n, cell) => sum + (n - count * probability(cell)) ** 2 / (count * probability(cell)),
        0,
      );
    };
    const choices = toTypedArray(both.sample({ logits }, split(key(3), count))) as Int32Array;
    // The 0.999 quantiles with 5 and 7 degrees of freedom.
    expect(
      chiSquare(
        6,
        (row) => 2 * (choices[2 * row] as number) + (choices[2 * row + 1] as number),
        (cell) => (p[Math.floor(cell / 2)] as number) * (cell % 2 === 0 ? 0.6 : 0.4),
      ),
    ).toBeLessThan(20.52);
    const flips = toTypedArray(coins.sample({ logits: switches }, split(key(4), count))) as Int32Array;
    const bit = (cell: number, j: number): number => (cell >> j) & 1;
    expect(
      chiSquare(
        8,
        (row) => [0, 1, 2].reduce((cell, j) => cell + ((flips[3 * row + j] as number) << j), 0),
        (cell) => q.reduce((product, on, j) => product * (bit(cell, j) === 1 ? on : 1 - on), 1),
      ),
    ).toBeLessThan(24.32);
  });

  test('full Gaussian: the covariance of the samples is L Lᵀ', () => {
    const gaussian = fullGaussianDistribution(2);
    const rows = <T>(row: T): readonly T[] => Array.from({ length: count }, () => row);
    const parameters = { mean: tensor(rows([1, -1])), factor: tensor(rows([Math.log(2), 0, -1.5])) };
    const x = toTypedArray(gaussian.sample(parameters, split(key(5), count)));
    const product = (i: number, j: number): number => {
      let total = 0;
      for (let row = 0; row < count; row += 1)
        total += ((x[2 * row + i] as number) - (i === 0 ? 1 : -1)) * ((x[2 * row + j] as number) - (j === 0 ? 1 : -1));
      return total / count;
    };
    // Σ = [[4, −3], [−3, 3.25]]; the standard error of each is √(ΣᵢᵢΣⱼⱼ + Σᵢⱼ²) / √n < 0.04, and the seed is fixed.
    expect(Math.abs(product(0, 1) + 3)).toBeLessThan(0.12);
    expect(Math.abs(product(1, 1) - 3.25)).toBeLessThan(0.12);
    expect(Math.abs(product(0, 0) - 4)).toBeLessThan(0.12);
  });
});
