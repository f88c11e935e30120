/** The update of TRPO's theory: maximise the lower bound L − C·KL_max itself. */
import { type Either, left, right } from 'fp-ts/lib/Either.js';
import { type TrpoError, trpoError } from '../errors.js';
import { penaltyCoefficient } from './bounds.js';
import { type Climb, climbWithin } from './climb.js';
import { type Evaluation, roundingOf } from './evaluate.js';
import { decreasingRoot } from './root.js';
import { dot, largest, type Table } from './tables.js';

export interface PenalisedUpdate {
  readonly policy: Table;
  /** C. */
  readonly penalty: number;
  readonly maxKl: number;
  /** L_π(π′) − J(π). */
  readonly gain: number;
  /** L_π(π′) − J(π) − C·KL_max: J rises by at least this. */
  readonly improvement: number;
}

/** Beyond this KL_max the policy would run out of exponents; C must be all but 0 to get here. */
const MOST_KL = 30;
const LEAST_KL = 1e-60;

/**
 * The π′ that maximises L_π(π′) − C·KL_max(π, π′) with C = 4εγ/(1 − γ)²: algorithm 1 of TRPO. As this is J(π) at π′ = π and never
 * more than J(π′), J cannot fall; and it rises wherever a visited state has an action with a positive advantage.
 *
 * For a given KL_max the states do not depend on each other, and each has a closed form (`climb.ts`). The sum of their
 * gains is concave in KL_max, with the slope Σ_s ρ(s) λ(s), so that KL_max is where this slope is C: one root of a monotone
 * function, found to rounding. KL_max is at most 30 nats, which matters for γ near 0 only.
 *
 * @returns `Left` where an action has probability 0, for KL(π ‖ π′) says nothing about such actions
 * @example
 * ```ts
 * import { evaluatePolicy, penalisedUpdate, randomMdp, randomPolicy } from '@natgrad/rl-trpo/theory';
 * import { isLeft } from 'fp-ts/lib/Either.js';
 *
 * const mdp = randomMdp(key(0), { states: 4, actions: 2, branching: 2, gamma: 0.8 });
 * if (isLeft(mdp)) throw new Error(mdp.left.message);
 * const old = evaluatePolicy(mdp.right, randomPolicy(key(1), mdp.right));
 * if (isLeft(old)) throw new Error(old.left.message);
 * const update = penalisedUpdate(old.right);
 * if (isLeft(update)) throw new Error(update.left.message);
 * const next = evaluatePolicy(mdp.right, update.right.policy);
 * if (isLeft(next)) throw new Error(next.left.message);
 * console.log(next.right.expectedReturn - old.right.expectedReturn >= update.right.improvement); // true
 * ```
 */
export const penalisedUpdate = (old: Evaluation): Either<TrpoError, PenalisedUpdate> => {
  const state = old.policy.findIndex((row) => row.some((p) => p === 0));
  if (state >= 0)
    return left(
      trpoError('InvalidMdp', [
        {
          code: 'outOfRange',
          field: `policy[${state}]`,
          found: 'an action of probability 0',
          expected: 'probabilities above 0, such as those of a softmax',
        },
      ]),
    );
  const penalty = penaltyCoefficient(old);
  const within = (kl: number): readonly Climb[] =>
    old.policy.map((row, s) => climbWithin(row, old.advantages[s] as readonly number[], kl, roundingOf(old)));
  const slope = (climbs: readonly Climb[]): number =>
    dot(
      old.visitation,
      climbs.map(({ multiplier }) => multiplier),
    );
  // Near 0 the gain is a·√KL: a is the slope at a small KL, by 2√KL.
  const small = 2 * Math.sqrt(LEAST_KL) * slope(within(LEAST_KL));
  // Nothing to gain where anybody comes: stay.
  if (small === 0) return right({ policy: old.policy, penalty, maxKl: 0, gain: 0, improvement: 0 });
  const logKl = decreasingRoot(
    (x) => Math.log(slope(within(Math.exp(x))) / penalty),
    // a/(2√KL) = C
    2 * Math.log(small / (2 * penalty)),
    Math.log(LEAST_KL),
    Math.log(MOST_KL),
  );
  const climbs = within(Math.exp(logKl));
  const maxKl = largest(climbs.map(({ kl }) => kl));
  const gain = dot(
    old.visitation,
    climbs.map((climb) => climb.gain),
  );
  return right({
    policy: climbs.map(({ policy }) => policy),
    penalty,
    maxKl,
    gain,
    improvement: gain - penalty * maxKl,
  });
};
