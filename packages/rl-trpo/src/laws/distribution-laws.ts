/** Laws of a distribution: your own, too. */
import { grad, hvp, jvp, sum } from '@natgrad/autodiff';
import { type Key, type Scalar, slice, split, type Tensor, treeMap } from '@natgrad/tensor';
import { adopt, elements } from '@natgrad/tensor/internal';
import { type Law, law } from '@natgrad/tensor/laws';
import fc from 'fast-check';
import type { Distribution, DistributionParameters } from '../policy/distribution.js';
import { everyAction } from '../policy/every-action.js';
import { inner } from '../vector.js';
import { bijectionLaws } from './bijection-laws.js';
import {
  arbitraryKey,
  type Named,
  numbers,
  require,
  requireClose,
  requireCloseTrees,
  requireIdenticalTrees,
  requireUnchanged,
  snapshot,
  tensors,
} from './check.js';
import { extremeLaw } from './extreme-law.js';
import { type Measure, measureOf, repeatEach, repeatRows, requireExpectation } from './measure.js';
import { packedLaws } from './packed-laws.js';
import { samplingLaw } from './sampling-law.js';

export interface DistributionLawOptions {
  /** Where elements of each parameter may lie. Default: between −2 and 2 for all. */
  readonly elements?: Readonly<Record<string, fc.Arbitrary<number>>>;
  /** Extreme but valid values of each parameter, e.g. logits of ±1000. Default: ±20. */
  readonly extremes?: Readonly<Record<string, readonly number[]>>;
}

/** Often 0, where formulas with |x| or maxima have their kinks. */
const usual = fc.oneof({ weight: 4, arbitrary: numbers(-2, 2) }, { weight: 1, arbitrary: fc.constant(0) });

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
        tensors([rows, ...shape], options.elements?.[name] ?? usual),
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
  const { name, action } = distribution;
  const width = action.shape.join('x') || String(action.counts?.[0] ?? '');
  const one = arbitraryParameters(distribution, 1, options);
  const several = arbitraryParameters(distribution, 3, options);
  const named: Named = (text, cases, holds) => law(`${name}(${width}): ${text}`, cases, holds);
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
    named('entropy, where it is known, is −E[log p]', fc.tuple(one, arbitraryKey), ([p, k]) => {
      if (distribution.entropy === undefined) return;
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
      const every = everyAction(action, 64);
      if (every === null) return;
      const best = numbersOf(distribution.logProbability(p, chosen));
      const others = numbersOf(distribution.logProbability(repeatRows(p, every.count), repeatEach(every.actions, 3)));
      others.forEach((x, i) =>
        // Sums in another order.
        require(x <= (best[i % 3] as number) + 1e-12 * (1 + Math.abs(x)), () =>
          `row ${i % 3}: action ${Math.floor(i / 3)} is likelier`),
      );
    }),
    samplingLaw(distribution, named, one),
    extremeLaw(distribution, named, options.extremes),
    ...bijectionLaws(distribution, named),
    ...packedLaws(distribution, named, several),
    named('inputs are not changed', fc.tuple(several, several, arbitraryKey), ([p, q, k]) => {
      const before = [snapshot(p), snapshot(q)] as const;
      const actions = distribution.sample(p, split(k, 3));
      const taken = snapshot(actions);
      const once = [
        distribution.logProbability(p, actions),
        distribution.kl(p, q),
        distribution.fisher(p, q),
        distribution.deterministicAction(p),
      ];
      requireUnchanged('p', p, before[0]);
      requireUnchanged('q', q, before[1]);
      requireUnchanged('actions', actions, taken);
      requireIdenticalTrees('a second sample', distribution.sample(p, split(k, 3)), actions);
      requireIdenticalTrees('a second KL', distribution.kl(p, q), once[1]);
    }),
  ];
};
