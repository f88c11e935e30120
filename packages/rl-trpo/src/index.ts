/**
 * Trust-region policy optimisation as pure functions over immutable state.
 *
 * @module @natgrad/rl-trpo
 */
export { type ActingConfig, type Actions, type Actor, actor } from './act.js';
export {
  type AdamOptions,
  type AdamPoint,
  type AdamRates,
  type AdamState,
  adamMove,
  adamRates,
  adamSchedule,
  adamState,
  adamUpdate,
} from './adam.js';
export { type AdaptiveDeltaOptions, type DeltaOptions, deltaAfter, nextDelta } from './adaptive-delta.js';
export { type Advantages, type GaeInput, gae, normaliseAdvantages } from './advantages.js';
export { type CpoOwn, cpoStep } from './algorithms/cpo.js';
export {
  type AlgorithmName,
  algorithmNames,
  algorithms,
  algorithmTitles,
  decodeAlgorithm,
  needsCosts,
} from './algorithms/index.js';
export { adaptPenalty, type KlPenalisedOwn, klPenalisedStep, penalisedSurrogate } from './algorithms/kl-penalised.js';
export { type NaturalPolicyGradientReport, naturalPolicyGradientStep } from './algorithms/natural-policy-gradient.js';
export { clippedSurrogate, type PpoOwn, ppoStep } from './algorithms/ppo.js';
export { vanillaPolicyGradientStep } from './algorithms/vanilla-policy-gradient.js';
export { type Batch, bootstrapRows, type Segment } from './batch.js';
export { type CompiledModel, type CompiledSetup, compileModel, type PolicyData } from './compiled.js';
export { decodeConfig, defaultConfig, describeOption, type OptionName, type TrpoConfig } from './config.js';
export { type CgOptions, type CgResult, type CgStatus, conjugateGradient } from './conjugate-gradient.js';
export { type ConstrainedProblem, type ConstrainedStep, constrainedStep } from './constrained-step.js';
export { type CostBatch, type CostData, costData, episodeCosts, requireCosts } from './costs.js';
export type { FittedCritic } from './critic.js';
export { type EngineName, type EngineOptions, engineName, engineOf } from './engine.js';
export { type EpisodeLog, followEpisodes } from './episodes.js';
export { type TrpoError, type TrpoErrorCode, type TrpoIssue, type TrpoIssueCode } from './errors.js';
export { fisherProduct, type StepProgram, stepPrograms } from './explain.js';
export { finish, type ReportWith, type StepParts, type StepResult, solveReport, type TakenStep } from './finish.js';
export {
  type CompiledPolicy,
  damped,
  gaussNewton,
  hessian,
  type LinearisedPolicy,
  type Metric,
  meanMetric,
  type Operator,
} from './fisher.js';
export { type FisherPrograms, fisherPrograms } from './fisher-programs.js';
export { drawRows, type FisherRows } from './fisher-rows.js';
export {
  type Algorithm,
  type AlgorithmParts,
  type Announce,
  defineAlgorithm,
  type Probe,
  type Stage,
  type Step,
  type StepInput,
} from './frame.js';
export { initialState } from './initial-state.js';
export { actionKey, type IterationKeys, iterationKeys } from './keys.js';
export {
  type Accepted,
  type LineSearchOptions,
  type LineSearchOutcome,
  lineSearch,
  type Rejected,
  type RejectionReason,
  type Trial,
} from './line-search.js';
export { type AdamMemory, adamMemory, adamOf, type MemoryForm } from './memory.js';
export type { Inference, Model, ParameterTree } from './model.js';
export {
  type NaturalGradient,
  type NaturalGradientOptions,
  naturalGradient,
  reasonToStay,
} from './natural-gradient.js';
export {
  type Activation,
  type Option,
  type OptionTable,
  type OptionValue,
  options,
  type PolicyDistribution,
} from './options.js';
export { type BernoulliParameters, bernoulliDistribution } from './policy/bernoulli.js';
export { type CategoricalParameters, categoricalDistribution } from './policy/categorical.js';
export { type DiagonalGaussianParameters, diagonalGaussianDistribution } from './policy/diagonal-gaussian.js';
export type {
  ActionBijection,
  ActionLayout,
  Distribution,
  DistributionParameters,
  DistributionWithEntropy,
  PackedDistribution,
  PackedParameters,
} from './policy/distribution.js';
export { type DistributionParts, distributionOf } from './policy/distribution-of.js';
export { type FullGaussianParameters, fullGaussianDistribution } from './policy/full-gaussian.js';
export {
  type Gate,
  type GruOptions,
  type GruParameters,
  gru,
  gruInference,
  gruStep,
  initialiseGru,
} from './policy/gru.js';
export type { ActionSpace, AnyHeadMaker, Head, HeadMaker, HeadOptions } from './policy/head.js';
export { distributionsFor, heads, policyHead } from './policy/heads.js';
export { lecun, orthogonal } from './policy/initialise.js';
export {
  type DenseLayer,
  initialiseMlp,
  type MlpOptions,
  type MlpParameters,
  mlp,
  mlpInference,
} from './policy/mlp.js';
export { type MlpPolicyParameters, mlpModel, type Spaces, tryMlpModel } from './policy/mlp-model.js';
export { type AnySpaces, modelFor, tryModelFor } from './policy/model-for.js';
export { type MultiCategoricalParameters, multiCategoricalDistribution } from './policy/multi-categorical.js';
export {
  type HistorySpaces,
  type RecurrentParameters,
  type RecurrentPolicyParameters,
  recurrentModel,
  tryRecurrentModel,
} from './policy/recurrent-model.js';
export { type SquashBounds, squashedGaussianDistribution } from './policy/squashed-gaussian.js';
export {
  type Climb,
  type Coefficients,
  compileClimb,
  compileDescent,
  type Descent,
  fitPolicy,
  type Moving,
  movingFrom,
  optimiserAfter,
  optimiserMemory,
  type PolicyFit,
  type PolicyFitOptions,
  type PolicyObjective,
  type PolicyRows,
  stepTo,
  updatePolicy,
} from './policy-fit.js';
export { type PreconditionerName, preconditioners } from './preconditioners/index.js';
export type { Preconditioner, PreconditionerInput } from './preconditioners/preconditioner.js';
export { type Preset, presetConfig, presets } from './presets.js';
export type { EpisodeReport, Known, OwnValue, SolveField, StepReport, TrpoReport, Warning } from './report.js';
export { toTargets, toValues, type ValueScale, valueScaleOf } from './return-normalisation.js';
export {
  emptyStatistics,
  mergeStatistics,
  normalise,
  type RunningStatistics,
  statisticsOf,
  varianceOf,
} from './running-statistics.js';
export type { StepConfig } from './setup.js';
export {
  type Evaluation,
  type EvaluationConfig,
  type EvaluationMode,
  type EvaluationOptions,
  type EvaluationProgress,
  evaluate,
  evaluation,
  finished,
} from './shell/evaluate.js';
export { type PlayedStep, type PlayOptions, play } from './shell/play.js';
export { type Rollout, type RolloutConfig, rollout } from './shell/rollout.js';
export type { WorkerCount } from './shell/rollouts.js';
export type { Environments, ShareConfig, StepFailure } from './shell/share.js';
export {
  costsMissing,
  type Iteration,
  type IterationRecord,
  type Seconds,
  type Snapshot,
  type SpecTrainConfig,
  startOfTraining,
  type TrainConfig,
  type TrainOptions,
  train,
} from './shell/train.js';
export { TrainingError } from './shell/training-error.js';
export {
  backtrack,
  type Candidates,
  candidatesAlong,
  estimateAdvantages,
  fitCritic,
  naturalDirection,
  type PolicyGradient,
  type PolicyMetric,
  policyGradient,
  policyMetric,
  sizeStep,
} from './stages.js';
export type { ActingState, EpisodeProgress, TrpoState } from './state.js';
export { trpoStep } from './step.js';
export {
  type BoundaryOptions,
  boundaryStep,
  chooseStepSize,
  quadraticStep,
  type StepSize,
  type StepSizeInput,
  undampedCurvature,
} from './step-size.js';
export { maxKl, meanKl, type SurrogateData, surrogate } from './surrogate.js';
export { type TrainingData, trainingData } from './training-data.js';
export { alongLine, type Candidate, type Line } from './trial.js';
export type { CriticData } from './trunk.js';
export { validateBatch } from './validate-batch.js';
export { validateState } from './validate-state.js';
export {
  fitValue,
  type ValueFit,
  type ValueFitOptions,
  type ValueLoss,
  type ValueMove,
  type ValueSweep,
  valueLoss,
  valueMove,
  valueQuality,
  valueSweep,
} from './value-fit.js';
export {
  fitValueInRegion,
  type RegressionProblem,
  type ValueRegionFit,
  type ValueRegionOptions,
} from './value-trust-region.js';
export { addScaled, inner, norm, scaled, zerosLike } from './vector.js';
