/** Laws of the theory: exact evaluation, the performance-difference lemma, the bounds, and updates that cannot lower J. */
import { grad, logSoftmax, multiply, stopGradient, sum } from '@natgrad/autodiff';
import { foldIn, item, key, type Scalar, split, type Tensor, tensor } from '@natgrad/tensor';
import { type Law, law } from '@natgrad/tensor/laws';
import fc from 'fast-check';
import { mixtureBound, surrogate, surrogateGain, theoremBound, variationBound } from '../theory/bounds.js';
import { differentiableReturn, differentiableSurrogate } from '../theory/differentiable.js';
import { type Evaluation, evaluateChecked } from '../theory/evaluate.js';
import type { FiniteMdp } from '../theory/mdp.js';
import { expectedAdvantages, mixture, softmaxPolicy } from '../theory/policies.js';
import { drawMdp, randomLogits, randomPolicy } from '../theory/random-mdp.js';
import { dot, largest, largestMagnitude, type Row, type Table, total, zip } from '../theory/tables.js';
import { zerosLike } from '../vector.js';
import { numbers, require, requireClose, requireCloseTrees } from './check.js';

/**
 * Relative error of J, V, Q and ρ. Their systems have condition numbers up to 2/(1 − γ), 200 for the γ below: with a few states the
 * error is some thousand roundings of 1.1e-16.
 */
const EXACT = 1e-11;

/** A random MDP with two policies. */
export interface Situation {
  readonly mdp: FiniteMdp;
  readonly logits: Table;
  readonly old: Evaluation;
  readonly next: Evaluation;
  /** Makes further random policies. */
  readonly policy: (index: number) => Table;
}

/**
 * Random MDPs of up to 5 states and 4 actions with two softmax policies, uniform to nearly deterministic. Some have states that
 * are never visited, some but one action.
 */
export const situations = (gammas: readonly number[] = [0, 0.5, 0.8, 0.9, 0.95, 0.99]): fc.Arbitrary<Situation> =>
  fc
    .record({
      states: fc.integer({ min: 1, max: 5 }),
      actions: fc.integer({ min: 1, max: 4 }),
      spread: fc.integer({ min: 1, max: 5 }),
      gamma: fc.constantFrom(...gammas),
      start: fc.constantFrom('anywhere' as const, 'first' as const),
      deviation: fc.constantFrom(0, 1, 1, 4),
      seed: fc.nat(),
    })
    .map(({ states, actions, spread, gamma, start, deviation, seed }) => {
      const [forMdp, forPolicies] = split(key(seed));
      const mdp = drawMdp(forMdp, { states, actions, branching: Math.min(spread, states), gamma, start });
      const policy = (index: number): Table => randomPolicy(foldIn(forPolicies, index), mdp, 1);
      const logits = randomLogits(foldIn(forPolicies, 0), mdp, deviation);
      return {
        mdp,
        logits,
        old: evaluateChecked(mdp, softmaxPolicy(logits)),
        next: evaluateChecked(mdp, policy(1)),
        policy: (index: number) => policy(index + 2),
      };
    });

const asTensor = (table: Table): Tensor => tensor(table);

/** What may be lost in sums of numbers as large as the values. */
const scaleOf = ({ actionValues }: Evaluation): number => 1 + largest(actionValues.map(largestMagnitude));

/** Laws of exact evaluation, and of what the theory builds on it. */
export const evaluationLaws = (evaluate: (mdp: FiniteMdp, policy: Table) => Evaluation): readonly Law[] => {
  const named = (text: string, holds: (situation: Situation) => void): Law =>
    law(`finite MDP: ${text}`, situations(), holds);
  return [
    named('V, Q and A fulfil Bellman’s equations, and ρ the balance of flows', ({ mdp, old: { policy } }) => {
      const { transitions, rewards, start, gamma } = mdp;
      const found = evaluate(mdp, policy);
      const { values, actionValues, advantages, visitation, expectedReturn } = found;
      const scale = EXACT * scaleOf(found);
      policy.forEach((row, s) => {
        requireClose(`V(${s}) = Σ π Q`, values[s] as number, dot(row, actionValues[s] as Row), scale);
        requireClose(`Σ π A in ${s}`, dot(row, advantages[s] as Row), 0, scale);
        row.forEach((_, a) => {
          const q = (rewards[s]?.[a] as number) + gamma * dot(transitions[s]?.[a] as Row, values);
          requireClose(`Q(${s}, ${a})`, actionValues[s]?.[a] as number, q, scale);
          requireClose(`A(${s}, ${a})`, advantages[s]?.[a] as number, q - (values[s] as number), scale);
        });
        // ρ(s) = ρ₀(s) + γ Σ ρ(s″) π(a|s″) P(s | s″, a)
        const flow = total(
          policy.map((other, from) =>
            total(other.map((p, a) => (visitation[from] as number) * p * (transitions[from]?.[a]?.[s] as number))),
          ),
        );
        requireClose(`ρ(${s})`, visitation[s] as number, (start[s] as number) + gamma * flow, EXACT / (1 - gamma));
      });
      requireClose('Σ ρ', total(visitation), 1 / (1 - gamma), EXACT / (1 - gamma));
      requireClose('J = Σ ρ₀ V', expectedReturn, dot(start, values), scale);
      requireClose('J = Σ ρ r', expectedReturn, dot(visitation, zip(rewards, policy, dot)), scale / (1 - gamma));
    }),
    named('the performance-difference lemma: J(π′) − J(π) = Σ ρ_π′ Σ π′ A_π', ({ mdp, old, next }) => {
      const [from, to] = [evaluate(mdp, old.policy), evaluate(mdp, next.policy)];
      const gain = dot(to.visitation, expectedAdvantages(from.advantages, to.policy));
      requireClose(
        'J(π′) − J(π)',
        to.expectedReturn - from.expectedReturn,
        gain,
        (EXACT * scaleOf(from)) / (1 - mdp.gamma),
      );
    }),
    named('L_π(π) = J(π), and ∇L = ∇J there', ({ mdp, old, logits }) => {
      const found = evaluate(mdp, old.policy);
      const theta = asTensor(logits);
      const [objective, surrogateOf] = [differentiableReturn(mdp), differentiableSurrogate(found)];
      const scale = scaleOf(found) / (1 - mdp.gamma);
      // The differentiable J squares the condition number.
      requireClose('J', item(objective(theta)), found.expectedReturn, (EXACT * scale) / (1 - mdp.gamma));
      requireClose('L', item(surrogateOf(theta)), found.expectedReturn, EXACT * scale);
      requireClose('L of tables', surrogate(found, found.policy), found.expectedReturn, EXACT * scale);
      requireCloseTrees('∇L', grad(surrogateOf)(theta), grad(objective)(theta), EXACT / (1 - mdp.gamma) ** 2, scale);
    }),
    named('L of tables is the differentiable L', ({ mdp, old, policy }) => {
      const found = evaluate(mdp, old.policy);
      const other = policy(0).map((row) => row.map(Math.log));
      const expected = item(differentiableSurrogate(found)(asTensor(other)));
      requireClose('L', surrogate(found, policy(0)), expected, (EXACT * scaleOf(found)) / (1 - mdp.gamma));
    }),
    law(
      'finite MDP: E[score·b(s)] = 0, so that ∇J = Σ ρ Σ π ∇log π (Q − b) with every baseline b',
      fc.tuple(situations(), fc.array(numbers(-5, 5), { minLength: 5, maxLength: 5 })),
      ([{ mdp, old, logits }, baseline]) => {
        const found = evaluate(mdp, old.policy);
        const theta = asTensor(logits);
        // The gradient of Σ ρ Σ π log π_θ · weight, with π as data.
        const score = (weights: Table): Tensor =>
          grad((at: Tensor): Scalar => {
            const measure = asTensor(
              zip(found.policy, weights, (row, w, s) =>
                zip(row, w, (p, each) => (found.visitation[s] as number) * p * each),
              ),
            );
            return sum(multiply(stopGradient(measure), logSoftmax(at, 1)));
          })(theta);
        const scale = scaleOf(found) / (1 - mdp.gamma);
        const constant = found.policy.map((row, s) => row.map(() => baseline[s] as number));
        requireCloseTrees('E[score·b(s)]', score(constant), zerosLike(theta), EXACT, 5 * scale);
        const weights = zip(found.actionValues, baseline, (row, b) => row.map((q) => q - b));
        const gradient = grad(differentiableReturn(mdp))(theta);
        requireCloseTrees('∇J', score(weights), gradient, EXACT / (1 - mdp.gamma) ** 2, 5 * scale);
      },
    ),
  ];
};

/** What rounding may do to a bound: that of J, and of a penalty. */
const slack = (old: Evaluation, penalty: number): number =>
  (EXACT * (scaleOf(old) + Math.abs(penalty))) / (1 - old.mdp.gamma);

/** A lower bound of J(π′) from the evaluation of π. */
export type LowerBound = (old: Evaluation, next: Table) => number;

/** Laws of a lower bound of J that holds for any two policies: {@link theoremBound}, {@link variationBound}. */
export const boundLaws = (name: string, bound: LowerBound): readonly Law[] => {
  const named = (text: string, holds: (situation: Situation) => void): Law =>
    law(`${name}: ${text}`, situations(), holds);
  const requireBelow = (old: Evaluation, next: Evaluation): void => {
    const found = bound(old, next.policy);
    require(found <= next.expectedReturn + slack(old, found), () => `${found} is above J(π′) = ${next.expectedReturn}`);
  };
  return [
    named('J(π′) is never below it, for any two policies', ({ old, next }) => {
      requireBelow(old, next);
      requireBelow(next, old);
    }),
    // Where wrong bounds fail: the error of L is of second order, so must be the penalty.
    named('J(π′) is never below it, for policies near each other', ({ mdp, old, next }) => {
      for (const step of [0.1, 0.01, 0.001])
        requireBelow(old, evaluateChecked(mdp, mixture(old.policy, next.policy, step)));
    }),
    named('it is J at π′ = π, and below L elsewhere', ({ old, next }) => {
      requireClose('at π', bound(old, old.policy), old.expectedReturn, slack(old, 0));
      require(bound(old, next.policy) <= surrogate(old, next.policy) + slack(old, 0), () => 'it is above L');
    }),
  ];
};

/** Laws of the bound for mixtures. */
export const mixtureBoundLaws = (
  bound: (old: Evaluation, target: Table, alpha: number) => number = mixtureBound,
): readonly Law[] => [
  law(
    'mixture bound: J((1 − α)π + απ′) is never below it',
    fc.tuple(situations(), fc.oneof(numbers(0, 1), fc.constantFrom(0.001, 0.01, 1))),
    ([{ mdp, old, next }, alpha]) => {
      const found = bound(old, next.policy, alpha);
      const { expectedReturn } = evaluateChecked(mdp, mixture(old.policy, next.policy, alpha));
      require(found <= expectedReturn + slack(old, found), () => `${found} is above J = ${expectedReturn}`);
    },
  ),
  law('mixture bound: the surrogate of a mixture is linear in α, and the rest is of order α²', situations(), (each) => {
    const { old, next } = each;
    const rest = (alpha: number): number =>
      old.expectedReturn + alpha * surrogateGain(old, next.policy) - bound(old, next.policy, alpha);
    requireClose('α = 0', rest(0), 0, slack(old, 0));
    requireClose('α = ¼ against ½', 4 * rest(0.25), rest(0.5), slack(old, rest(1)));
    requireClose(
      'L of the mixture',
      surrogate(old, mixture(old.policy, next.policy, 0.25)),
      old.expectedReturn + 0.25 * surrogateGain(old, next.policy),
      slack(old, 0),
    );
  }),
];

/** All laws of the theory but those of updates. */
export const theoryLaws: readonly Law[] = [
  ...evaluationLaws(evaluateChecked),
  ...boundLaws('theorem 1', theoremBound),
  ...boundLaws('variation bound', variationBound),
  ...mixtureBoundLaws(),
];
