/**
 * Fitting the critic within a trust region of its own (Schulman, Moritz, Levine, Jordan and Abbeel 2016, "High-dimensional
 * continuous control using generalized advantage estimation", section 5): the machinery of the policy step, for a regression.
 */
import type { LinearOperator } from '@natgrad/autodiff';
import { scalar, type Tensor } from '@natgrad/tensor';
import type { TrpoConfig } from './config.js';
import { lineSearch } from './line-search.js';
import type { ParameterTree } from './model.js';
import { naturalGradient, reasonToStay } from './natural-gradient.js';
import { boundaryStep, quadraticStep } from './step-size.js';
import { alongLine, type Candidate } from './trial.js';
import { addScaled, inner, scaled } from './vector.js';

/** The options of a configuration that concern this fit. */
export type ValueRegionOptions = Pick<
  TrpoConfig,
  'valueDelta' | 'valueCgIterations' | 'valueDamping' | 'cgTolerance' | 'shrink' | 'maxTries'
>;

/** The critic as functions of its parameters on a fixed batch of N rows. */
export interface RegressionProblem {
  /** V, J = ∂V/∂φ and Jᵀ at φ; V is `[N]`. */
  readonly linearise: (parameters: ParameterTree) => LinearOperator<ParameterTree, Tensor>;
  /** V `[N]`. */
  readonly values: (parameters: ParameterTree) => Tensor;
  /** `[N]`. */
  readonly targets: Tensor;
}

/** A critic after one step in its trust region. */
export interface ValueRegionFit {
  readonly parameters: ParameterTree;
  /** (1/N) Σ (V − V_old)² / 2σ² at the new parameters: the KL between the critics as Gaussians. 0 where no step was taken. */
  readonly kl: number;
}

/** Room for rounding: the quadratic step aims this much inside the boundary, as a share of it. */
const ROOM = 1e-6;

const meanSquare = (x: Tensor): number => inner(x, x) / x.size;

/**
 * One Gauss-Newton step down the squared error ½ Σ (V_φ − R)², subject to (1/N) Σ (V_φ − V_old)² / 2σ² ≤ ε with the error of the
 * old critic as σ² = (1/N) Σ (V_old − R)² (equation 29 of the paper). With the critic as the mean of a Gaussian of variance σ² the
 * constraint is a KL, and JᵀJ / N, up to σ², its Fisher matrix: conjugate gradient finds x = (JᵀJ/N + damping)⁻¹ Jᵀ(R − V_old)/N.
 *
 * Unlike equation 30 the objective stays quadratic, so that the step is min(1, √(2εσ² / xᵀHx))·x: with a linear critic that is
 * the constrained least-squares solution itself, since both the error and the constraint are quadratics in J·step. And as
 * J·x is at most the residual, ε ≥ ½ never binds there. The true constraint and the true error decide for any other critic: by
 * root finding and backtracking, so that the constraint holds and the error never rises.
 *
 * @returns the same parameters, to the bit, where there is no step that is better and inside
 * @example
 * ```ts
 * // V = φ·x for x = 1 and 2, and targets 2 and 4: φ = 2 fits them, if the region lets it.
 * const x = tensor([1, 2]);
 * const values = (weight: ParameterTree): Tensor => multiply(x, weight as Tensor);
 * const problem: RegressionProblem = {
 *   linearise: (weight) => linearize(values, weight), values, targets: tensor([2, 4]),
 * };
 * const options = { valueDelta: 1, valueCgIterations: 10, valueDamping: 0, cgTolerance: 0, shrink: 0.8, maxTries: 10 };
 * console.log(toNested(fitValueInRegion(problem, options, tensor([0])).parameters as Tensor)); // [ 2 ]
 * ```
 */
export const fitValueInRegion = (
  { linearise, values, targets }: RegressionProblem,
  options: ValueRegionOptions,
  start: ParameterTree,
): ValueRegionFit => {
  const { valueDelta: delta, valueCgIterations: iterations, valueDamping: damping, cgTolerance: tolerance } = options;
  const stay: ValueRegionFit = { parameters: start, kl: 0 };
  const count = targets.size;
  const old = linearise(start);
  const residual = addScaled(targets, -1, old.value); // R − V_old
  const variance = meanSquare(residual); // σ²
  const ascent = old.transpose(scaled(1 / count, residual)); // −∇ of half the mean squared error
  const gaussNewton = (v: ParameterTree): ParameterTree => old.transpose(scaled(1 / count, old.apply(v)));
  const natural = naturalGradient(gaussNewton, ascent, { iterations, tolerance, damping });
  if (!(variance > 0) || !Number.isFinite(variance) || reasonToStay(natural, 1) !== null) return stay;

  const candidate = alongLine({
    start,
    direction: natural.solve.x,
    measure: (parameters) => {
      const now = values(parameters);
      return {
        kl: scalar(meanSquare(addScaled(now, -1, old.value)) / (2 * variance)),
        surrogate: scalar(-0.5 * meanSquare(addScaled(targets, -1, now))),
      };
    },
    surrogateAtStart: -0.5 * variance,
  });
  // Beyond 1 the linear model's own error rises again.
  const initial = quadraticStep(delta * (1 - ROOM), natural.curvature / variance);
  const scale = initial < 1 ? Math.min(1, boundaryStep(candidate, { delta, initial }).scale) : 1;
  const { shrink, maxTries } = options;
  const search = { delta, expectedGain: scale * natural.slope, shrink, maxTries };
  const outcome = lineSearch((fraction): Candidate => candidate(fraction * scale), search);
  if (outcome.status === 'rejected') return stay;
  return { parameters: candidate(outcome.fraction * scale).parameters, kl: outcome.kl };
};
