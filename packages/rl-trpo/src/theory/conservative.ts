/** Conservative policy iteration (Kakade and Langford 2002). */
import { largestExpectedAdvantage, surrogateGain } from './bounds.js';
import { type Evaluation, roundingOf } from './evaluate.js';
import { greedy, mixture } from './policies.js';
import { largest, type Table } from './tables.js';

export interface ConservativeUpdate {
  /** (1 − α)·π + α·target. */
  readonly policy: Table;
  readonly target: Table;
  readonly alpha: number;
  /** What the bound guarantees for this α: J rises by at least this. */
  readonly improvement: number;
}

/**
 * A step towards `target`, by default the policy that is greedy in the advantages: the mixture with the α that maximises the lower
 * bound αg − 2ε′γα²/(1 − γ)², which is min(1, g(1 − γ)²/(4ε′γ)), where g = Σ ρ Σ π′A is the whole way's gain of the surrogate.
 * J rises by g²(1 − γ)²/(8ε′γ) at least, if α < 1. With nothing to gain α is 0, and the policy what it was.
 *
 * Source: Kakade and Langford 2002, corollary 4.2, with the constants of TRPO, equation 6.
 *
 * @example
 * ```ts
 * import { conservativeUpdate, evaluatePolicy, finiteMdp, type FiniteMdp } from '@natgrad/rl-trpo/theory';
 * import { chain } from 'fp-ts/lib/Either.js';
 *
 * const mdp = finiteMdp({ transitions: [[[1], [1]]], rewards: [[1, 0]], start: [1], gamma: 0.5 });
 * const old = chain((valid: FiniteMdp) => evaluatePolicy(valid, [[0.75, 0.25]]))(mdp);
 * // ε′ = 0.25, ρ = 2, g = 0.5: α = 0.5·0.25/(4·0.25·0.5).
 * console.log(old._tag === 'Right' && conservativeUpdate(old.right).alpha); // 0.25
 * ```
 */
export const conservativeUpdate = (old: Evaluation, target: Table = greedy(old.advantages)): ConservativeUpdate => {
  const { gamma } = old.mdp;
  const gain = surrogateGain(old, target);
  if (!(gain > 0 && largest(old.advantages.map(largest)) > roundingOf(old)))
    return { policy: old.policy, target, alpha: 0, improvement: 0 };
  const penalty = (2 * largestExpectedAdvantage(old, target) * gamma) / (1 - gamma) ** 2;
  const alpha = Math.min(1, gain / (2 * penalty));
  return {
    policy: mixture(old.policy, target, alpha),
    target,
    alpha,
    improvement: alpha * gain - penalty * alpha ** 2,
  };
};
