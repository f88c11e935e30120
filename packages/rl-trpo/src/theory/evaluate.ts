/** J, V, Q, A and ρ of a policy in a finite MDP, by linear solves: exact up to rounding. */
import { type Either, map } from 'fp-ts/lib/Either.js';
import type { TrpoError } from '../errors.js';
import { solveLinear } from './linear-solve.js';
import { checkPolicy, type FiniteMdp } from './mdp.js';
import { dot, largest, largestMagnitude, type Row, type Table, transposed, zip } from './tables.js';

/** A policy in an MDP, and what follows from both. */
export interface Evaluation {
  readonly mdp: FiniteMdp;
  /** π(a|s), `[states][actions]`. */
  readonly policy: Table;
  /** J(π) = E[Σₜ γᵗ rₜ] from the start. */
  readonly expectedReturn: number;
  /** V(s). */
  readonly values: Row;
  /** Q(s, a). */
  readonly actionValues: Table;
  /** A(s, a) = Q(s, a) − V(s). */
  readonly advantages: Table;
  /** ρ(s) = Σₜ γᵗ P(sₜ = s), discounted but not normalised: it sums to 1/(1 − γ). */
  readonly visitation: Row;
}

/** P_π(s′ | s) = Σ_a π(a|s) P(s′ | s, a). */
const chain = ({ transitions }: FiniteMdp, policy: Table): Table =>
  zip(transitions, policy, (successors, row) => transposed(successors).map((column) => dot(column, row)));

/** The evaluation of a policy that is known to be one. */
export const evaluateChecked = (mdp: FiniteMdp, policy: Table): Evaluation => {
  const { transitions, rewards, start, gamma } = mdp;
  // I − γP_π
  const system = chain(mdp, policy).map((row, s) => row.map((p, t) => (s === t ? 1 : 0) - gamma * p));
  // V = (I − γP_π)⁻¹ r_π,   ρ = (I − γP_π)⁻ᵀ ρ₀
  const values = solveLinear(system, zip(rewards, policy, dot));
  const visitation = solveLinear(transposed(system), start);
  const actionValues = zip(rewards, transitions, (row, successors) =>
    zip(row, successors, (reward, next) => reward + gamma * dot(next, values)),
  );
  return {
    mdp,
    policy,
    expectedReturn: dot(start, values),
    values,
    actionValues,
    advantages: zip(actionValues, values, (row, value) => row.map((q) => q - value)),
    visitation,
  };
};

/** Advantages up to here may be what rounding left of 0: a hundred thousand roundings of the largest action value. */
export const roundingOf = ({ actionValues }: Evaluation): number =>
  1e5 * Number.EPSILON * largest(actionValues.map(largestMagnitude));

/**
 * Evaluates a policy.
 *
 * @param policy π(a|s), `[states][actions]`
 * @returns `Left` for a table that is no policy of the MDP
 * @example
 * ```ts
 * import { evaluatePolicy, type FiniteMdp, finiteMdp } from '@natgrad/rl-trpo/theory';
 * import { chain } from 'fp-ts/lib/Either.js';
 *
 * // One state, a reward of 1 for the first action: J = Σ γᵗ π(0).
 * const mdp = finiteMdp({ transitions: [[[1], [1]]], rewards: [[1, 0]], start: [1], gamma: 0.5 });
 * const found = chain((valid: FiniteMdp) => evaluatePolicy(valid, [[0.75, 0.25]]))(mdp);
 * console.log(found._tag === 'Right' && found.right.expectedReturn); // 1.5
 * console.log(found._tag === 'Right' && found.right.advantages); // [ [ 0.25, -0.75 ] ]
 * ```
 */
export const evaluatePolicy = (mdp: FiniteMdp, policy: Table): Either<TrpoError, Evaluation> =>
  map((checked: Table) => evaluateChecked(mdp, checked))(checkPolicy(mdp, policy));
