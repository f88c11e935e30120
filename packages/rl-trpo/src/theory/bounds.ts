/**
 * Lower bounds of J(π′) from what is known of π alone. In all of them `old` is the evaluation of π, and other policies are tables
 * of the same MDP.
 */
import { klByState, variationByState } from './divergence.js';
import type { Evaluation } from './evaluate.js';
import { expectedAdvantages } from './policies.js';
import { dot, largest, largestMagnitude, type Table } from './tables.js';

/** L_π(π′) − J(π) = Σ_s ρ_π(s) Σ_a π′(a|s) A_π(s, a). */
export const surrogateGain = ({ visitation, advantages }: Evaluation, next: Table): number =>
  dot(visitation, expectedAdvantages(advantages, next));

/** L_π(π′) = J(π) + Σ_s ρ_π(s) Σ_a π′(a|s) A_π(s, a) (TRPO, equation 3). */
export const surrogate = (old: Evaluation, next: Table): number => old.expectedReturn + surrogateGain(old, next);

/** ε = max_{s,a} |A_π(s, a)|, over all actions, be they likely or not. */
export const largestAdvantage = ({ advantages }: Evaluation): number => largest(advantages.map(largestMagnitude));

/** ε′ = max_s |Σ_a π′(a|s) A_π(s, a)|: what π′ gains on average in a state, which is much less if π′ is near π. */
export const largestExpectedAdvantage = ({ advantages }: Evaluation, next: Table): number =>
  largestMagnitude(expectedAdvantages(advantages, next));

/** 4·epsilon·γ/(1 − γ)² (TRPO, theorem 1). */
const coefficient = (epsilon: number, gamma: number): number => (4 * epsilon * gamma) / (1 - gamma) ** 2;

/** C = 4εγ/(1 − γ)² with ε = max |A_π| (TRPO, theorem 1 and equation 9). */
export const penaltyCoefficient = (old: Evaluation): number => coefficient(largestAdvantage(old), old.mdp.gamma);

/** Without a penalty the divergence does not matter, be it infinite. */
const penalised = (value: number, penalty: number, divergence: number): number =>
  penalty === 0 ? value : value - penalty * divergence;

/**
 * J(π′) ≥ L_π(π′) − C·KL_max: theorem 1 of TRPO (Schulman et al. 2015), for any two policies, with
 * {@link penaltyCoefficient}. −∞ where π′ excludes an action of π.
 */
export const theoremBound = (old: Evaluation, next: Table): number =>
  penalised(surrogate(old, next), penaltyCoefficient(old), largest(klByState(old.policy, next)));

/**
 * J((1 − α)π + απ′) ≥ L_π((1 − α)π + απ′) − 2ε′γα²/(1 − γ)²: Kakade and Langford 2002, theorem 4.1, in the form of TRPO,
 * equation 6. ε′ belongs to π′, however small α is: {@link largestExpectedAdvantage}.
 */
export const mixtureBound = (old: Evaluation, target: Table, alpha: number): number => {
  const { gamma } = old.mdp;
  const penalty = (2 * largestExpectedAdvantage(old, target) * gamma) / (1 - gamma) ** 2;
  return old.expectedReturn + alpha * surrogateGain(old, target) - penalty * alpha ** 2;
};

/**
 * J(π′) ≥ L_π(π′) − 2ε′γ/(1 − γ)²·E_s[TV(π, π′)(s)], s from (1 − γ)ρ_π: corollary 1 of "Constrained Policy Optimization" (Achiam,
 * Held, Tamar and Abbeel 2017). For any two policies the divergence that goes with ε′ is not squared.
 */
export const variationBound = (old: Evaluation, next: Table): number => {
  const { mdp, visitation, policy } = old;
  const { gamma } = mdp;
  const mean = (1 - gamma) * dot(visitation, variationByState(policy, next));
  return surrogate(old, next) - ((2 * largestExpectedAdvantage(old, next) * gamma) / (1 - gamma) ** 2) * mean;
};

/**
 * L_π(π′) − 4ε′γ/(1 − γ)²·KL_max, as popular notes have it: NOT a bound. It takes ε′ from the mixture bound and the divergence from
 * theorem 1. Where π′ comes near π, the penalty is of third order in their distance (ε′ is of first order, KL of second) while L is
 * wrong by a term of second order. {@link counterexample} breaks it.
 */
export const mistakenBound = (old: Evaluation, next: Table): number =>
  penalised(
    surrogate(old, next),
    coefficient(largestExpectedAdvantage(old, next), old.mdp.gamma),
    largest(klByState(old.policy, next)),
  );
