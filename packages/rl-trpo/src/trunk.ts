/**
 * A trunk that policy and critic share. Experimental.
 *
 * The trunk belongs to the policy: `model.features` computes from θ what the critic sees in place of observations. So it must not
 * move but within the trust region, or fitting the critic would move the policy beyond δ. Therefore the step of the policy
 * climbs L(θ) − c · E[(V(s) − R)²], with the critic's head held fixed and c the option `valueCoefficient`, in the metric of both;
 * and the value fit that follows touches the head alone, on the features at the new θ.
 */
import {
  type Engine,
  jit,
  jitLinearize,
  type LinearOperator,
  mean,
  multiply,
  square,
  subtract,
  valueAndGrad,
} from '@natgrad/autodiff';
import type { Scalar, Tensor } from '@natgrad/tensor';
import type { Operator } from './fisher.js';
import type { Model, ParameterTree } from './model.js';
import { scaled } from './vector.js';

/** What the critic is and what it is to learn. */
export interface CriticData {
  /** Parameters of the critic: with a shared trunk, of its head. */
  readonly parameters: ParameterTree;
  /** `[N]`: returns, normalised if that is on. */
  readonly targets: Tensor;
}

/** −c · E[(V(s) − R)²] as a function of the policy's parameters; null for a model without a shared trunk. */
export type TrunkObjective = (theta: ParameterTree, observations: Tensor, critic: CriticData) => Scalar;

/**
 * The part of the objective that reaches the policy's parameters through the critic.
 *
 * @param coefficient c
 */
export const trunkObjective = (model: Model, coefficient: number): TrunkObjective | null =>
  model.features === undefined || coefficient === 0
    ? null
    : (theta, observations, { parameters, targets }) =>
        multiply(
          mean(square(subtract(model.value(parameters, criticInputs(model, theta, observations)), targets))),
          -coefficient,
        );

/**
 * v ↦ (2c/N) JᵀJ v with J = ∂V/∂θ: the Gauss-Newton curvature of c · E[(V − R)²], which is the Fisher matrix of the critic as the
 * mean of a Gaussian. In the metric of the step beside that of the policy it keeps the critic's part of the direction to the
 * length at which the error is least; without it directions that hardly move the policy would be followed until it does move. (A
 * joint Fisher matrix of both outputs is that of Wu, Mansimov, Liao, Grosse and Ba 2017, "Scalable trust-region method for deep
 * reinforcement learning using Kronecker-factored approximation", section 3.1.)
 *
 * @param linearised V as a function of θ, `[N]`
 */
export const trunkCurvature =
  (linearised: LinearOperator<ParameterTree, Tensor>, coefficient: number): Operator =>
  (v) =>
    linearised.transpose(scaled((2 * coefficient) / linearised.value.size, linearised.apply(v)));

/** The part of a step that goes through the trunk, as compiled programs. */
export interface CompiledTrunk {
  /** −c · E[(V(s) − R)²] and its gradient. */
  readonly objective: (
    theta: ParameterTree,
    observations: Tensor,
    critic: CriticData,
  ) => { readonly value: Scalar; readonly gradient: ParameterTree };
  /** {@link trunkCurvature} at θ. */
  readonly curvature: (theta: ParameterTree, observations: Tensor, critic: CriticData) => Operator;
}

/** Null for a model without a shared trunk, and where the critic does not count. */
export const compileTrunk = (model: Model, coefficient: number, engine: Engine): CompiledTrunk | null => {
  const objective = trunkObjective(model, coefficient);
  if (objective === null) return null;
  const values = jitLinearize(
    (theta: ParameterTree, observations: Tensor, head: ParameterTree): Tensor =>
      model.value(head, criticInputs(model, theta, observations)),
    { engine },
  );
  return {
    objective: jit(valueAndGrad(objective), { engine }),
    curvature: (theta, observations, { parameters }) =>
      trunkCurvature(values(theta, observations, parameters), coefficient),
  };
};

/** What the critic sees: observations, or with a shared trunk its features at θ. */
export const criticInputs = (model: Model, theta: ParameterTree, observations: Tensor): Tensor =>
  model.features === undefined ? observations : model.features(theta, observations);
