/** Laws of policy updates in finite MDPs: what the theory guarantees they do. */
import { grad } from '@natgrad/autodiff';
import { tensor } from '@natgrad/tensor';
import { elements } from '@natgrad/tensor/internal';
import { type Law, law } from '@natgrad/tensor/laws';
import fc from 'fast-check';
import { type Either, isLeft } from 'fp-ts/lib/Either.js';
import type { TrpoError } from '../errors.js';
import { largestAdvantage, mixtureBound, surrogateGain, theoremBound } from '../theory/bounds.js';
import { climbWithin } from '../theory/climb.js';
import { type ConservativeUpdate, conservativeUpdate } from '../theory/conservative.js';
import { differentiableSurrogate } from '../theory/differentiable.js';
import { maxKl, meanKl } from '../theory/divergence.js';
import { type Evaluation, evaluateChecked } from '../theory/evaluate.js';
import { solveLinear } from '../theory/linear-solve.js';
import { type PenalisedUpdate, penalisedUpdate } from '../theory/penalised.js';
import { expectedAdvantages, mixture, softmaxPolicy } from '../theory/policies.js';
import { trustRegionUpdate } from '../theory/practical.js';
import { dot, largest, type Row, type Table, total } from '../theory/tables.js';
import { numbers, require, requireClose } from './check.js';
import { type Situation, situations } from './theory-laws.js';

/** Steps of the theory are a few percent up to here; beyond, they vanish. */
const GAMMAS = [0.3, 0.5, 0.8, 0.9];

/** Rounding of J, relative to the values: see `EXACT` in theory-laws. */
const ROUNDING = 1e-11;

/** An update of a policy, with what it guarantees. */
export interface GuaranteedUpdate {
  readonly policy: Table;
  /** J rises by at least this. */
  readonly improvement: number;
}

const orThrow = <T>(result: Either<TrpoError, T>): T => {
  if (isLeft(result)) throw new Error(result.left.message);
  return result.right;
};

const scaleOf = ({ actionValues }: Evaluation): number =>
  1 + largest(actionValues.map((row) => largest(row.map(Math.abs))));

/** True where a state that is visited has an advantage that is no rounding. */
const canImprove = (old: Evaluation): boolean =>
  old.advantages.some((row, s) => (old.visitation[s] as number) > 1e-3 && largest(row) > 1e-6);

/** Laws of an update with a guarantee: it never lowers J, and doing nothing breaks them. */
export const monotonicLaws = (name: string, update: (old: Evaluation) => GuaranteedUpdate): readonly Law[] => {
  const named = (text: string, holds: (situation: Situation) => void): Law =>
    law(`${name}: ${text}`, situations(GAMMAS), holds);
  return [
    named('gives a policy, and changes nothing else', ({ old }) => {
      const before = JSON.stringify(old);
      const { policy } = update(old);
      require(JSON.stringify(old) === before, () => 'its input was changed');
      policy.forEach((row, s) => {
        requireClose(`Σ π′ in ${s}`, total(row), 1, 1e-14);
        require(row.every((p) => p >= 0), () => `${row.join(', ')} in state ${s}`);
      });
    }),
    named('never lowers J, and raises it by what it guarantees', ({ mdp, old }) => {
      const { policy, improvement } = update(old);
      require(improvement >= 0, () => `a guarantee of ${improvement}`);
      const rise = evaluateChecked(mdp, policy).expectedReturn - old.expectedReturn;
      require(rise >= improvement - ROUNDING * scaleOf(old), () => `J rose by ${rise}, guaranteed were ${improvement}`);
    }),
    named('guarantees a strict rise wherever a visited state has a positive advantage', ({ mdp, old }) => {
      if (!canImprove(old)) return;
      const { policy, improvement } = update(old);
      require(improvement > 0, () => `a guarantee of ${improvement}`);
      const rise = evaluateChecked(mdp, policy).expectedReturn - old.expectedReturn;
      require(rise > 0 || improvement < ROUNDING * scaleOf(old), () => `J rose by ${rise}`);
    }),
    named('repeated, it raises J each time', ({ mdp, old }) => {
      if (!canImprove(old)) return;
      const { improvement } = update(old);
      const last = Array.from({ length: 10 }).reduce<Evaluation>((at) => {
        const next = evaluateChecked(mdp, update(at).policy);
        require(next.expectedReturn >= at.expectedReturn - ROUNDING * scaleOf(old), () => 'J fell');
        return next;
      }, old);
      const rise = last.expectedReturn - old.expectedReturn;
      require(rise >= improvement - ROUNDING * scaleOf(old), () => `${rise} in ten updates`);
    }),
  ];
};

interface ClimbCase {
  readonly p: Row;
  readonly advantages: Row;
  readonly kl: number;
  readonly others: Table;
}

/** A distribution, centred advantages, a KL, and distributions of all distances from p. */
const climbCases: fc.Arbitrary<ClimbCase> = fc.integer({ min: 1, max: 4 }).chain((n) => {
  const row = (low: number, high: number): fc.Arbitrary<Row> =>
    fc.array(numbers(low, high), { minLength: n, maxLength: n });
  return fc
    .record({
      logits: row(-6, 6),
      scores: row(-3, 3),
      kl: numbers(-18, 0.5).map(Math.exp),
      others: fc.array(fc.tuple(row(-6, 6), numbers(-9, 0).map(Math.exp)), { minLength: 5, maxLength: 5 }),
    })
    .map(({ logits, scores, kl, others }) => {
      const p = softmaxPolicy([logits])[0] as Row;
      const mean = dot(p, scores);
      return {
        p,
        advantages: scores.map((x) => x - mean),
        kl,
        others: others.map(([other, step]) => mixture([p], softmaxPolicy([other]), step)[0] as Row),
      };
    });
});

/** Laws of the penalised update: it maximises L − C·KL_max. */
export const penalisedLaws = (
  update: (old: Evaluation) => Either<TrpoError, PenalisedUpdate> = penalisedUpdate,
): readonly Law[] => {
  const run = (old: Evaluation): PenalisedUpdate => orThrow(update(old));
  return [
    ...monotonicLaws('penalised update', run),
    law('penalised update: what it reports is what its policy has', situations(GAMMAS), ({ old }) => {
      const { policy, gain, maxKl: kl, improvement } = run(old);
      const scale = scaleOf(old) / (1 - old.mdp.gamma);
      requireClose('L − J', surrogateGain(old, policy), gain, ROUNDING * scale);
      // KL of tables loses digits to cancellation: its error is absolute, some roundings of 1.
      requireClose('KL_max', maxKl(old.policy, policy), kl, 1e-14);
      requireClose(
        'L − C·KL_max − J',
        theoremBound(old, policy) - old.expectedReturn,
        improvement,
        ROUNDING * scale * (1 + largestAdvantage(old) / (1 - old.mdp.gamma)),
      );
    }),
    law(
      'penalised update: no policy has a larger L − C·KL_max',
      fc.tuple(situations(GAMMAS), fc.double({ min: 1e-4, max: 1, noNaN: true })),
      ([{ old, policy }, step]) => {
        const { improvement, policy: best } = run(old);
        const bound = (next: Table): number => theoremBound(old, next) - old.expectedReturn;
        // The gain is concave: who is not beaten nearby is not beaten anywhere.
        const others = [0, 1, 2].flatMap((i) => [
          mixture(best, policy(i), step),
          mixture(old.policy, policy(i), step),
          mixture(old.policy, best, 1 - 0.5 * step),
          mixture(best, policy(i), 0.01 * step),
        ]);
        others.forEach((other) =>
          require(bound(other) <= improvement + ROUNDING * scaleOf(old) * (1 + largestAdvantage(old) * 100), () =>
            `${bound(other)} beats ${improvement}`),
        );
      },
    ),
    law(
      'one state: the best within a KL, and no distribution inside is better',
      climbCases,
      ({ p, advantages, kl, others }) => {
        const climb = climbWithin(p, advantages, kl, 1e-9);
        requireClose('Σ q', total(climb.policy), 1, 1e-13);
        requireClose('KL', maxKl([p], [climb.policy]), climb.kl, 1e-13);
        requireClose('gain', dot(climb.policy, advantages) - dot(p, advantages), climb.gain, 1e-12);
        require(climb.kl <= kl * (1 + 1e-9), () => `KL ${climb.kl} of ${kl}`);
        if (!(largest(advantages) - dot(p, advantages) > 1e-9)) return;
        // All of the budget is used, unless there is nothing left to gain.
        const left = largest(advantages) - dot(p, advantages) - climb.gain;
        require(climb.kl >= kl * (1 - 1e-9) || left <= 1e-12, () => `KL ${climb.kl} of ${kl}, ${left} left`);
        for (const other of others) {
          const inside = maxKl([p], [other]) <= kl;
          const gain = dot(other, advantages) - dot(p, advantages);
          require(!inside || gain <= climb.gain + 1e-12, () => `${gain} beats ${climb.gain}`);
        }
        // λ is the slope of the gain in KL. Near the end of the climb the difference of gains would be rounding.
        const more = climbWithin(p, advantages, kl * (1 + 1e-4), 1e-9);
        if (climb.policy.some((q) => q < 1e-6)) return;
        requireClose('λ', (more.gain - climb.gain) / (more.kl - climb.kl) / climb.multiplier, 1, 1e-3);
      },
    ),
  ];
};

/** Laws of conservative policy iteration. */
export const conservativeLaws = (
  update: (old: Evaluation, target?: Table) => ConservativeUpdate = conservativeUpdate,
): readonly Law[] => [
  ...monotonicLaws('conservative update', (old) => update(old)),
  law(
    'conservative update: the guarantee is the mixture bound at α, and no other α has a larger one',
    fc.tuple(situations(GAMMAS), numbers(0, 1)),
    ([{ old, next }, other]) => {
      for (const target of [undefined, next.policy]) {
        const found = update(old, target);
        const tolerance = (ROUNDING * scaleOf(old)) / (1 - old.mdp.gamma) ** 2;
        const at = (alpha: number): number => mixtureBound(old, found.target, alpha) - old.expectedReturn;
        requireClose('guarantee', found.improvement, at(found.alpha), tolerance);
        require(at(other) <= found.improvement + tolerance, () => `α = ${other} is better than ${found.alpha}`);
        found.policy.forEach((row, s) =>
          row.forEach((p, a) => {
            const expected = mixture(old.policy, found.target, found.alpha)[s]?.[a] as number;
            requireClose(`π(${a}|${s})`, p, expected, 1e-15);
          }),
        );
      }
    },
  ),
];

/** Where softmax is all but certain its Fisher matrix is all but singular. */
const saturated = (policy: Table): boolean => policy.some((row) => row.some((p) => p < 0.01));

const gradientOf = (old: Evaluation, logits: Table): Table => {
  const gradient = grad(differentiableSurrogate(old))(tensor(logits));
  const numbersOf = elements(gradient);
  return logits.map((row, s) => row.map((_, a) => numbersOf[s * row.length + a] as number));
};

/** Laws of the practical step on finite MDPs. */
export const practicalLaws: readonly Law[] = [
  law('exact trust region: mean KL at most δ, L rises, or nothing changes', situations(GAMMAS), ({ mdp, logits }) => {
    const { old, outcome, policy, logits: after } = orThrow(trustRegionUpdate(mdp, logits, { delta: 0.01 }));
    if (outcome.status === 'rejected') {
      require(JSON.stringify(after) === JSON.stringify(logits), () => 'rejected, and the policy is another');
      require(!canImprove(old) || saturated(old.policy), () => `rejected: ${outcome.reason}`);
      return;
    }
    require(outcome.kl <= 0.01, () => `mean KL ${outcome.kl}`);
    // In a state that is hardly visited probabilities may underflow; logits still know the KL, and tables do not.
    const kl = policy.flat().includes(0) ? outcome.kl : meanKl(old.visitation, old.policy, policy);
    requireClose('KL', outcome.kl, kl, 1e-12);
    require(surrogateGain(old, policy) > 0, () => 'L did not rise');
    if (outcome.fraction === 1) require(kl >= 0.0095 * (1 - 1e-9) || saturated(policy), () => `mean KL ${kl}`);
  }),
  law(
    'exact trust region: the direction solves (F + damping) x = g, observation by observation',
    fc.tuple(situations(GAMMAS), fc.constantFrom(0.1, 1e-3), fc.array(fc.nat(2), { minLength: 5, maxLength: 5 })),
    ([{ mdp, logits }, damping, looks]) => {
      // Some states look alike: θ has a row for each look.
      const observations = logits.map((_, s) => Math.min(looks[s] as number, mdp.states - 1));
      const theta = logits.slice(0, 1 + Math.max(...observations));
      const options = { damping, cgIterations: 200, cgTolerance: 1e-13, observations };
      const { direction, outcome, old } = orThrow(trustRegionUpdate(mdp, theta, options));
      if (outcome.status === 'rejected' && outcome.reason === 'zeroGradient') return;
      const stateLogits = observations.map((row) => theta[row] as Row);
      const gradient = gradientOf(old, stateLogits);
      direction.forEach((row, o) => {
        const states = observations.flatMap((each, s) => (each === o ? [s] : []));
        // A mean over states is (1 − γ) times the sum by ρ.
        const weight = (1 - mdp.gamma) * total(states.map((s) => old.visitation[s] as number));
        const p = softmaxPolicy([theta[o] as Row])[0] as Row;
        const matrix = p.map((x, a) => p.map((y, b) => weight * ((a === b ? x : 0) - x * y) + (a === b ? damping : 0)));
        const g = row.map((_, a) => (1 - mdp.gamma) * total(states.map((s) => gradient[s]?.[a] as number)));
        const expected = solveLinear(matrix, g);
        const tolerance = 1e-9 * scaleOf(old) * (1 + 1 / damping);
        row.forEach((x, a) => requireClose(`x(${o}, ${a})`, x, expected[a] as number, tolerance));
      });
    },
  ),
  law(
    'exact trust region: without damping the direction is A up to a constant in each state, and J cannot fall',
    situations(GAMMAS),
    ({ mdp, logits, old }) => {
      if (!canImprove(old) || saturated(old.policy) || old.visitation.some((visits) => visits < 1e-3)) return;
      const options = { damping: 0, cgIterations: 200, cgTolerance: 1e-12 };
      const { direction, policy } = orThrow(trustRegionUpdate(mdp, logits, options));
      // With tables the natural gradient is the advantage: Kakade 2001, "A Natural Policy Gradient", theorem 1.
      direction.forEach((row, s) => {
        const mean = dot(old.policy[s] as Row, row);
        row.forEach((x, a) =>
          requireClose(`x(${s}, ${a})`, x - mean, old.advantages[s]?.[a] as number, 1e-5 * scaleOf(old)),
        );
      });
      // So it gains in every state, and the performance-difference lemma is a sum of gains.
      const gains = expectedAdvantages(old.advantages, policy);
      require(gains.every((gain) => gain >= -1e-9 * scaleOf(old)), () => `gains ${gains.join(', ')}`);
      const rise = evaluateChecked(mdp, policy).expectedReturn - old.expectedReturn;
      require(rise > 0, () => `J rose by ${rise}`);
    },
  ),
];

/** Laws of all updates. */
export const improvementLaws: readonly Law[] = [...penalisedLaws(), ...conservativeLaws(), ...practicalLaws];
