/**
 * All that a step computes with tensors, as compiled programs: each is traced, optimised and compiled once for each combination
 * of shapes. Whatever changes from step to step is an argument, never captured.
 */
import { add, type Engine, jit, jitLinearize, type LinearOperator, mean, valueAndGrad } from '@natgrad/autodiff';
import type { Scalar, Tensor } from '@natgrad/tensor';
import type { Either } from 'fp-ts/lib/Either.js';
import type { TrpoConfig } from './config.js';
import type { TrpoError } from './errors.js';
import type { Operator } from './fisher.js';
import { type FisherPrograms, fisherPrograms } from './fisher-programs.js';
import type { Model, ParameterTree } from './model.js';
import type { DistributionParameters } from './policy/distribution.js';
import { preconditioners } from './preconditioners/index.js';
import type { PreconditionerInput } from './preconditioners/preconditioner.js';
import type { Setup } from './setup.js';
import { maxKl, meanKl, surrogate } from './surrogate.js';
import { type CompiledTrunk, type CriticData, compileTrunk, criticInputs, trunkObjective } from './trunk.js';
import { type ValueSweep, valueSweep } from './value-fit.js';

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
  /** With a shared trunk: what the objective says about the critic. */
  readonly critic?: CriticData;
}

type ObjectiveData = Pick<PolicyData, 'actions' | 'logProbabilities' | 'advantages'>;

/** The programs of a model on an engine, as a step calls them. */
export interface CompiledModel extends FisherPrograms {
  /** L and its gradient, as functions of the distributions' parameters. */
  readonly objective: (
    parameters: DistributionParameters,
    data: PolicyData,
  ) => { readonly value: Scalar; readonly gradient: DistributionParameters };
  /** r ↦ P⁻¹r for the preconditioner of the options; `Left` where it cannot serve the policy. */
  readonly preconditioner: (input: PreconditionerInput) => Either<TrpoError, Operator>;
  /** What models with a shared trunk have in L and in the metric besides; null for others. */
  readonly trunk: CompiledTrunk | null;
  /** KL(old ‖ π_θ), mean or largest, and L at θ: one program, so that the policy's last layer and both means are one pass. */
  readonly measure: (theta: ParameterTree, data: PolicyData) => { readonly kl: Scalar; readonly surrogate: Scalar };
  /** KL(old ‖ given), mean or largest, and the mean entropy of the given distributions if they know it. */
  readonly summary: (
    old: DistributionParameters,
    parameters: DistributionParameters,
  ) => { readonly kl: Scalar; readonly entropy: Scalar | null };
  /** What the critic sees: observations `[N, width]`, or with a shared trunk its features at θ. */
  readonly criticInputs: (theta: ParameterTree, observations: Tensor) => Tensor;
  /** V(s), as the critic says it: `[N, width]` → `[N]`; θ for a model with a shared trunk. */
  readonly values: (parameters: ParameterTree, observations: Tensor, theta: ParameterTree) => Tensor;
  /** The same from what the critic sees. */
  readonly valuesOf: (parameters: ParameterTree, inputs: Tensor) => Tensor;
  /** And with J = ∂V/∂φ and Jᵀ. */
  readonly linearisedValues: (parameters: ParameterTree, inputs: Tensor) => LinearOperator<ParameterTree, Tensor>;
  /** Updates of the critic by Adam, one piece of the batch after another. */
  readonly valueSweep: ValueSweep;
}

/** A setup with its programs: what `trpoStep(config)` holds on to. */
export interface CompiledSetup extends Setup {
  readonly compiled: CompiledModel;
}

/** Only the tensors that programs read: a change of anything else in `data` must not be another program. */
const tensorsOf = (
  { observations, actions, logProbabilities, oldParameters, advantages, critic }: PolicyData,
  withCritic: boolean,
): PolicyData => ({
  observations,
  actions,
  logProbabilities,
  oldParameters,
  advantages,
  ...(withCritic && critic !== undefined ? { critic } : {}),
});

/** Options that are part of the programs: none is spent on an entropy or a trunk that does not count. */
export type CompileOptions = { readonly engine: Engine } & Pick<TrpoConfig, 'entropyBonus'> &
  Partial<Pick<TrpoConfig, 'klKind' | 'valueCoefficient' | 'valueGradientClip' | 'fisherChunk' | 'preconditioner'>>;

/**
 * The programs of a model on an engine. Nothing is traced before its first use.
 */
export const compileModel = (
  model: Model,
  {
    engine,
    entropyBonus,
    klKind = 'mean',
    valueCoefficient = 0,
    valueGradientClip = null,
    fisherChunk = null,
    preconditioner = 'none',
  }: CompileOptions,
): CompiledModel => {
  const { distribution } = model;
  const klOf = klKind === 'max' ? maxKl : meanKl;
  const trunk = trunkObjective(model, valueCoefficient);
  const on = { engine };
  const objectiveOf = (parameters: DistributionParameters, data: ObjectiveData): Scalar =>
    surrogate({ ...data, distribution, entropyBonus })(parameters);

  const policy = (theta: ParameterTree, observations: Tensor): DistributionParameters =>
    model.policy(theta, observations);
  const measure = (theta: ParameterTree, data: PolicyData): { readonly kl: Scalar; readonly surrogate: Scalar } => {
    const parameters = policy(theta, data.observations);
    const own = objectiveOf(parameters, data);
    return {
      kl: klOf(distribution, data.oldParameters, parameters),
      surrogate:
        trunk === null || data.critic === undefined ? own : add(own, trunk(theta, data.observations, data.critic)),
    };
  };
  const summary = (
    old: DistributionParameters,
    parameters: DistributionParameters,
  ): { readonly kl: Scalar; readonly entropy: Scalar | null } => ({
    kl: klOf(distribution, old, parameters),
    entropy: distribution.entropy === undefined ? null : mean(distribution.entropy(parameters)),
  });

  const values = (parameters: ParameterTree, inputs: Tensor): Tensor => model.value(parameters, inputs);

  const programs = {
    objective: jit(
      (parameters: DistributionParameters, data: ObjectiveData) =>
        valueAndGrad((each: DistributionParameters) => objectiveOf(each, data))(parameters),
      on,
    ),
    measure: jit(measure, on),
    values: jit(values, on),
    valuesOnTrunk: jit(
      (parameters: ParameterTree, observations: Tensor, theta: ParameterTree) =>
        values(parameters, criticInputs(model, theta, observations)),
      on,
    ),
    features: jit((theta: ParameterTree, observations: Tensor) => criticInputs(model, theta, observations), on),
  };
  return {
    ...fisherPrograms(model, { engine, fisherChunk }),
    preconditioner: preconditioners[preconditioner].prepare(model, engine),
    objective: (parameters, { actions, logProbabilities, advantages }) =>
      programs.objective(parameters, { actions, logProbabilities, advantages }),
    measure: (theta, data) => programs.measure(theta, tensorsOf(data, trunk !== null)),
    trunk: compileTrunk(model, valueCoefficient, engine),
    criticInputs: model.features === undefined ? (_theta, observations) => observations : programs.features,
    summary: jit(summary, on),
    values:
      model.features === undefined
        ? (parameters, observations) => programs.values(parameters, observations)
        : programs.valuesOnTrunk,
    valuesOf: programs.values,
    linearisedValues: jitLinearize(values, on),
    valueSweep: valueSweep(model, { engine, valueGradientClip }),
  };
};
