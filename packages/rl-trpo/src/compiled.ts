/**
 * All that a step computes with tensors, as compiled programs: each is traced, optimised and compiled once for each combination
 * of shapes. Whatever changes from step to step is an argument, never captured.
 */
import { type Engine, grad, jit, jitLinearize, mean, valueAndGrad } from '@natgrad/autodiff';
import type { Scalar, Tensor } from '@natgrad/tensor';
import { type LinearisedPolicy, type Metric, meanMetric, type Operator } from './fisher.js';
import type { Model, ParameterTree } from './model.js';
import type { DistributionParameters } from './policy/distribution.js';
import type { Setup } from './setup.js';
import { meanKl, surrogate } from './surrogate.js';
import { type ValueLoss, valueLoss } from './value-fit.js';

/** What a batch says about a policy. */
export interface PolicyData {
  /** `[N, width]`. */
  readonly observations: Tensor;
  readonly actions: Tensor;
  /** `[N]`: log π_old(a|s). */
  readonly logProbabilities: Tensor;
  /** Parameters of π_old. */
  readonly oldParameters: DistributionParameters;
  /** `[N]`. */
  readonly advantages: Tensor;
}

type ObjectiveData = Pick<PolicyData, 'actions' | 'logProbabilities' | 'advantages'>;

export interface CompiledModel {
  /** π_θ(·|s), J and Jᵀ at θ. */
  readonly linearisedPolicy: (theta: ParameterTree, data: PolicyData) => LinearisedPolicy;
  /** L and its gradient, as functions of the distributions' parameters. */
  readonly objective: (
    parameters: DistributionParameters,
    data: PolicyData,
  ) => { readonly value: Scalar; readonly gradient: DistributionParameters };
  /** M·v / N. */
  readonly metric: Metric;
  /** v ↦ ∇²_θ E[KL(old ‖ π_θ)]·v at θ. */
  readonly hessian: (theta: ParameterTree, data: PolicyData) => Operator;
  /** Mean KL(old ‖ π_θ), and L at θ: one program, so that the policy's last layer and both means are one pass. */
  readonly measure: (theta: ParameterTree, data: PolicyData) => { readonly kl: Scalar; readonly surrogate: Scalar };
  /** Mean KL(old ‖ given), and the mean entropy of the given distributions. */
  readonly summary: (
    old: DistributionParameters,
    parameters: DistributionParameters,
  ) => { readonly kl: Scalar; readonly entropy: Scalar };
  /** V(s): `[N, width]` → `[N]`. */
  readonly values: (parameters: ParameterTree, observations: Tensor) => Tensor;
  readonly valueLoss: ValueLoss;
}

/** A setup with its programs: what `trpoStep(config)` holds on to. */
export interface CompiledSetup extends Setup {
  readonly compiled: CompiledModel;
}

/** Only the tensors that programs read: a change of anything else in `data` must not be another program. */
const tensorsOf = ({ observations, actions, logProbabilities, oldParameters, advantages }: PolicyData): PolicyData => ({
  observations,
  actions,
  logProbabilities,
  oldParameters,
  advantages,
});

/**
 * The programs of a model on an engine. Nothing is traced before its first use.
 *
 * @param entropyBonus β of the surrogate: part of the programs, because none is spent on an entropy that does not count
 */
export const compileModel = (
  model: Model,
  { engine, entropyBonus }: { readonly engine: Engine; readonly entropyBonus: number },
): CompiledModel => {
  const { distribution } = model;
  const on = { engine };
  const objectiveOf = (parameters: DistributionParameters, data: ObjectiveData): Scalar =>
    surrogate({ ...data, distribution, entropyBonus })(parameters);

  const policy = (theta: ParameterTree, observations: Tensor): DistributionParameters =>
    model.policy(theta, observations);
  const klGradient = (theta: ParameterTree, observations: Tensor, old: DistributionParameters): ParameterTree =>
    grad((each: ParameterTree) => meanKl(distribution, old, policy(each, observations)))(theta);
  const measure = (theta: ParameterTree, data: PolicyData): { readonly kl: Scalar; readonly surrogate: Scalar } => {
    const parameters = policy(theta, data.observations);
    return { kl: meanKl(distribution, data.oldParameters, parameters), surrogate: objectiveOf(parameters, data) };
  };
  const summary = (
    old: DistributionParameters,
    parameters: DistributionParameters,
  ): { readonly kl: Scalar; readonly entropy: Scalar } => ({
    kl: meanKl(distribution, old, parameters),
    entropy: mean(distribution.entropy(parameters)),
  });

  const programs = {
    policy: jitLinearize(policy, on),
    objective: jit(
      (parameters: DistributionParameters, data: ObjectiveData) =>
        valueAndGrad((each: DistributionParameters) => objectiveOf(each, data))(parameters),
      on,
    ),
    hessian: jitLinearize(klGradient, on),
    measure: jit(measure, on),
  };
  return {
    linearisedPolicy: (theta, { observations }) => programs.policy(theta, observations),
    objective: (parameters, { actions, logProbabilities, advantages }) =>
      programs.objective(parameters, { actions, logProbabilities, advantages }),
    metric: jit(meanMetric(distribution), on),
    hessian: (theta, { observations, oldParameters }) => programs.hessian(theta, observations, oldParameters).apply,
    measure: (theta, data) => programs.measure(theta, tensorsOf(data)),
    summary: jit(summary, on),
    values: jit((parameters: ParameterTree, observations: Tensor) => model.value(parameters, observations), on),
    valueLoss: valueLoss(model, engine),
  };
};
