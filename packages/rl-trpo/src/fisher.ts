/** Fisher-vector products: two forms of one operator, equal at θ_old. */
import { grad, type LinearOperator, linearize, multiply } from '@natgrad/autodiff';
import type { ParameterTree } from './model.js';
import type { Distribution, DistributionParameters } from './policy/distribution.js';
import { meanKl } from './surrogate.js';
import { addScaled } from './vector.js';

/** v ↦ A·v on trees like the policy's parameters. */
export type Operator = (v: ParameterTree) => ParameterTree;

/** A policy on a fixed batch of observations, linearised at θ: its value, J and Jᵀ. */
export type LinearisedPolicy = Pick<
  LinearOperator<ParameterTree, DistributionParameters>,
  'value' | 'apply' | 'transpose'
>;

/** As much of a {@link LinearisedPolicy} as a step needs, with its Fisher operator as a program of its own. */
export interface CompiledPolicy extends Pick<LinearisedPolicy, 'value' | 'transpose'> {
  /** v ↦ F v in the form of {@link gaussNewton}. */
  readonly fisher: Operator;
}

/** v ↦ M·v / N for tangents v of the parameters of N distributions: the metric of a mean over rows. */
export type Metric = (parameters: DistributionParameters, tangent: DistributionParameters) => DistributionParameters;

/** The {@link Metric} of a distribution, not compiled. */
export const meanMetric =
  (distribution: Distribution): Metric =>
  (parameters, tangent) =>
    Object.fromEntries(
      Object.entries(distribution.fisher(parameters, tangent)).map(([name, x]) => [
        name,
        multiply(x, 1 / (x.shape[0] ?? 1)),
      ]),
    );

/**
 * F v = (1/N) Jᵀ M J v: the policy's Jacobian from one linearisation, and between it and its transpose the metric of the
 * distribution in its own parameters (TRPO, appendix C.1). Symmetric positive semidefinite by construction.
 *
 * @param metric M·v / N, if it is another one than the distribution's
 */
export const gaussNewton =
  (distribution: Distribution, linearised: LinearisedPolicy, metric: Metric = meanMetric(distribution)): Operator =>
  (v) =>
    linearised.transpose(metric(linearised.value, linearised.apply(v)));

/**
 * F v = ∇²_θ E[KL(old ‖ π_θ)]·v at θ: the exact Hessian, forward over reverse, linearised once. The old parameters are data:
 * no gradient reaches them. Equal to {@link gaussNewton} where π_θ = π_old.
 */
export const hessian = (
  distribution: Distribution,
  policy: (parameters: ParameterTree) => DistributionParameters,
  old: DistributionParameters,
  parameters: ParameterTree,
): Operator => {
  const gradient = grad((theta: ParameterTree) => meanKl(distribution, old, policy(theta)));
  return linearize(gradient, parameters).apply;
};

/** v ↦ A·v + damping·v. */
export const damped = (operator: Operator, damping: number): Operator =>
  damping === 0 ? operator : (v) => addScaled(operator(v), damping, v);
