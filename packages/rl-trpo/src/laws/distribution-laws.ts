/** Laws of a distribution: your own, too. */
import { grad, hvp, jvp, sum, vjp } from '@natgrad/autodiff';
import { type Key, type Scalar, slice, split, type Tensor, treeMap } from '@natgrad/tensor';
import { adopt, elements } from '@natgrad/tensor/internal';
import { type Law, law } from '@natgrad/tensor/laws';
import fc from 'fast-check';
import type { Distribution, DistributionParameters } from '../policy/distribution.js';
import { inner } from '../vector.js';
import {
  arbitraryKey,
  numbers,
  require,
  requireClose,
  requireCloseTrees,
  requireIdenticalTrees,
  requireUnchanged,
  snapshot,
  tensors,
} from './check.js';
import { type Measure, measureOf, repeatRows, requireExpectation } from './measure.js';
import { packedLaws } from './packed-laws.js';

export interface DistributionLawOptions {
  /** Where elements of each parameter may lie. Default: between −2 and 2 for all. */
  readonly elements?: Readonly<Record<string, fc.Arbitrary<number>>>;
  /** Extreme but valid values of each parameter, e.g. logits of ±1000. Default: ±20. */
  readonly extremes?: Readonly<Record<string, readonly number[]>>;
}

/** Arbitrary parameters with a number of rows. */
export const arbitraryParameters = (
  distribution: Distribution,
  rows: number,
  options: DistributionLawOptions = {},
): fc.Arbitrary<DistributionParameters> =>
  fc.record(
    Object.fromEntries(
      Object.entries(distribution.parameterShapes).map(([name, shape]) => [
        name,
        tensors([rows, ...shape], options.elements?.[name] ?? numbers(-2, 2)),
      ]),
    ),
  );

const numbersOf = (x: Tensor): readonly number[] => Array.from(elements(x));
const total = (x: Tensor): Scalar => sum(x);

/**
 * What every distribution must obey. Expectations are exact sums over choices, a fine grid for one continuous number, and
 * 4,000 samples with six standard errors otherwise.
 *
 * @example
 * ```ts
 * import { checkLaw } from '@natgrad/tensor/laws';
 * import { distributionLaws } from '@natgrad/rl-trpo/laws';
 *
 * for (const law of distributionLaws(categoricalDistribution(3))) checkLaw(law, { numRuns: 5 });
 * ```
 */
export const distributionLaws = (distribution: Distribution, options: DistributionLawOptions = {}): readonly Law[] => {
  const { name, action, parameterShapes } = distribution;
  const width = action.shape.join('x') || String(action.counts?.[0] ?? '');
  const one = arbitraryParameters(distribution, 1, options);
  const several = arbitraryParameters(distribution, 3, options);
  const named = <T>(text: string, cases: fc.Arbitrary<T>, holds: (value: T) => unknown): Law =>
    law(`${name}(${width}): ${text}`, cases, holds);
  const logP = (p: DistributionParameters, m: Measure): readonly number[] =>
    numbersOf(distribution.logProbability(repeatRows(p, m.count), m.actions));
  const item = (x: Tensor): number => elements(x)[0] as number;

  /** Σ over the measure of f(a)·v-derivatives of log π: scores as directional derivatives. */
  const scores = (p: DistributionParameters, m: Measure, v: DistributionParameters): readonly number[] =>
    numbersOf(
      jvp(
        (q: DistributionParameters) => distribution.logProbability(q, m.actions),
        repeatRows(p, m.count),
        repeatRows(v, m.count),
      ).tangent,
    );

  return [
    named('probabilities sum to one', fc.tuple(one, arbitraryKey), ([p, k]) => {
      const m = measureOf(distribution, p, k);
      if (m.exact)
        requireClose(
          'Σ p',
          m.weights(p).reduce((a, b) => a + b, 0),
          1,
          1e-9,
        );
    }),
    named('entropy is −E[log p]', fc.tuple(one, arbitraryKey), ([p, k]) => {
      const m = measureOf(distribution, p, k);
      requireExpectation(
        'entropy',
        m,
        m.weights(p),
        logP(p, m).map((x) => -x),
        item(distribution.entropy(p)),
      );
    }),
    named('KL(P ‖ Q) is E_P[log p − log q] = H(P, Q) − H(P)', fc.tuple(one, one, arbitraryKey), ([p, q, k]) => {
      const m = measureOf(distribution, p, k);
      const [a, b] = [logP(p, m), logP(q, m)];
      requireExpectation(
        'KL',
        m,
        m.weights(p),
        a.map((x, i) => x - (b[i] as number)),
        item(distribution.kl(p, q)),
      );
    }),
    named(
      'KL is never negative, zero for equals, positive for others',
      fc.tuple(several, several, arbitraryKey),
      ([p, q, k]) => {
        numbersOf(distribution.kl(p, p)).forEach((x) => requireClose('KL(P ‖ P)', x, 0, 1e-12));
        const divergence = numbersOf(distribution.kl(p, q));
        divergence.forEach((x) => require(x >= -1e-12, () => `KL is ${x}`));
        // Pinsker: a KL of 0 means that the probabilities of what is sampled agree too.
        const actions = distribution.sample(p, split(k, 3));
        const [a, b] = [distribution.logProbability(p, actions), distribution.logProbability(q, actions)].map(
          numbersOf,
        );
        divergence.forEach((x, i) =>
          require(x > 1e-13 || Math.abs((a?.[i] as number) - (b?.[i] as number)) < 1e-5, () =>
            `KL is ${x} for different distributions`),
        );
      },
    ),
    named('the gradient of KL is 0 where both are equal, in both directions', several, (p) => {
      const zero = treeMap((x) => adopt(new Float64Array(x.size), 'f64', x.shape), p);
      requireCloseTrees(
        '∇ KL(old ‖ ·)',
        grad((q: DistributionParameters) => total(distribution.kl(p, q)))(p),
        zero,
        1e-12,
        1,
      );
      requireCloseTrees(
        '∇ KL(· ‖ old)',
        grad((q: DistributionParameters) => total(distribution.kl(q, p)))(p),
        zero,
        1e-12,
        1,
      );
    }),
    named('M is the Hessian of KL where both are equal, in both directions', fc.tuple(several, several), ([p, v]) => {
      const metric = distribution.fisher(p, v);
      // Rounding: second derivatives of terms of size e⁴ in double precision.
      requireCloseTrees(
        '∇² KL(old ‖ ·)·v',
        hvp((q: DistributionParameters) => total(distribution.kl(p, q)), p, v),
        metric,
        1e-9,
        1,
      );
      requireCloseTrees(
        '∇² KL(· ‖ old)·v',
        hvp((q: DistributionParameters) => total(distribution.kl(q, p)), p, v),
        metric,
        1e-9,
        1,
      );
    }),
    named('M is symmetric and positive semidefinite', fc.tuple(several, several, several), ([p, u, v]) => {
      const [mu, mv] = [distribution.fisher(p, u), distribution.fisher(p, v)];
      const scale = Math.sqrt(Math.abs(inner(u, mu)) * Math.abs(inner(v, mv)));
      require(Math.abs(inner(u, mv) - inner(v, mu)) <= 1e-12 * (1 + scale), () =>
        `uᵀMv ${inner(u, mv)}, vᵀMu ${inner(v, mu)}`);
      require(inner(v, mv) >= -1e-12 * (1 + inner(v, v)), () => `vᵀMv is ${inner(v, mv)}`);
    }),
    named('the mean score is 0', fc.tuple(one, one, arbitraryKey), ([p, v, k]) => {
      const m = measureOf(distribution, p, k);
      requireExpectation('E[score·v]', m, m.weights(p), scores(p, m, v), 0);
    }),
    named('M is the covariance of the score', fc.tuple(one, one, one, arbitraryKey), ([p, u, v, k]) => {
      const m = measureOf(distribution, p, k);
      const [a, b] = [scores(p, m, u), scores(p, m, v)];
      requireExpectation(
        'E[(score·u)(score·v)]',
        m,
        m.weights(p),
        a.map((x, i) => x * (b[i] as number)),
        inner(u, distribution.fisher(p, v)),
      );
    }),
    named('a row is sampled from its own parameters and key only', fc.tuple(several, arbitraryKey), ([p, k]) => {
      const keys = split(k, 3);
      const all = elements(distribution.sample(p, keys));
      const size = all.length / 3;
      [2, 0, 1].forEach((row) => {
        const own = treeMap(
          (x) => slice(x, [row, ...x.shape.slice(1).map(() => 0)], [row + 1, ...x.shape.slice(1)]),
          p,
        );
        const alone = elements(distribution.sample(own, [keys[row] as Key]));
        for (let j = 0; j < size; j += 1)
          require(Object.is(alone[j], all[row * size + j]), () => `row ${row} alone differs from row ${row} of three`);
      });
    }),
    named('the deterministic action is a valid action, for choices the likeliest', several, (p) => {
      const chosen = distribution.deterministicAction(p);
      require(chosen.size === 3 * action.shape.reduce((a, b) => a * b, 1) &&
        elements(chosen).every((x: number) => Number.isFinite(x)), () => 'wrong size or not finite');
      if (action.counts?.length !== 1) return;
      const best = numbersOf(distribution.logProbability(p, chosen));
      for (let a = 0; a < (action.counts[0] as number); a += 1)
        numbersOf(distribution.logProbability(p, adopt(Int32Array.of(a, a, a), 'i32', [3]))).forEach((x, row) =>
          require(x <= (best[row] as number), () => `row ${row}: action ${a} is likelier`),
        );
    }),
    named(
      'extreme parameters give no NaN',
      fc.tuple(fc.array(fc.nat(), { minLength: 2, maxLength: 2 }), arbitraryKey),
      ([seeds, k]) => {
        const extreme = (seed: number): DistributionParameters =>
          Object.fromEntries(
            Object.entries(parameterShapes).map(([field, shape]) => {
              const values = options.extremes?.[field] ?? [-20, 0, 20];
              const size = shape.reduce((a, b) => a * b, 1);
              return [
                field,
                adopt(
                  Float64Array.from(
                    { length: size },
                    (_, i) => values[Math.floor(seed / values.length ** i) % values.length] as number,
                  ),
                  'f64',
                  [1, ...shape],
                ),
              ];
            }),
          );
        const [p, q] = seeds.map(extreme) as [DistributionParameters, DistributionParameters];
        const actions = distribution.sample(p, [k]);
        const results = [
          distribution.logProbability(q, actions),
          distribution.entropy(p),
          distribution.kl(p, q),
          distribution.kl(p, p),
        ];
        results.forEach((x, i) =>
          require(!Number.isNaN(item(x)), () => `${['log-probability', 'entropy', 'KL', 'KL of equals'][i]} is NaN`),
        );
        const packed = Object.fromEntries(Object.entries(q).map(([field, x]) => [field, elements(x)]));
        distribution.packed?.logProbability(packed, elements(actions)).forEach((x, row) => {
          const expected = numbersOf(results[0] as Tensor)[row] as number;
          if (!Object.is(x, expected)) requireClose('packed log-probability', x, expected, 1e-12);
        });
        const gradient = vjp((each: DistributionParameters) => distribution.kl(p, each), p).pullback(
          adopt(Float64Array.of(1), 'f64', [1]),
        );
        require(snapshot(gradient).every(Number.isFinite), () => 'the gradient of KL at its zero is not finite');
        require(Number.isFinite(distribution.fisherScale(p)), () => 'the scale of M is not finite');
      },
    ),
    ...packedLaws(distribution, named, several),
    named('inputs are not changed', fc.tuple(several, several, arbitraryKey), ([p, q, k]) => {
      const before = [snapshot(p), snapshot(q)] as const;
      const actions = distribution.sample(p, split(k, 3));
      const taken = snapshot(actions);
      const once = [
        distribution.logProbability(p, actions),
        distribution.entropy(p),
        distribution.kl(p, q),
        distribution.fisher(p, q),
        distribution.deterministicAction(p),
      ];
      requireUnchanged('p', p, before[0]);
      requireUnchanged('q', q, before[1]);
      requireUnchanged('actions', actions, taken);
      requireIdenticalTrees('a second sample', distribution.sample(p, split(k, 3)), actions);
      requireIdenticalTrees('a second KL', distribution.kl(p, q), once[2]);
    }),
  ];
};
