/** Trust-region policy optimisation as pure functions over immutable state. */
export { type ActingConfig, type Actions, type Actor, actor } from './act.js';
export { type AdamOptions, type AdamState, adamState, adamUpdate } from './adam.js';
export { type Advantages, type GaeInput, gae, normaliseAdvantages } from './advantages.js';
export { type Batch, bootstrapRows, type Segment } from './batch.js';
export { type CompiledModel, compileModel, type PolicyData } from './compiled.js';
export { decodeConfig, defaultConfig, describeOption, type OptionName, type TrpoConfig } from './config.js';
export { type CgOptions, type CgResult, type CgStatus, conjugateGradient } from './conjugate-gradient.js';
export { type EngineName, type EngineOptions, engineName, engineOf } from './engine.js';
export { type EpisodeLog, followEpisodes } from './episodes.js';
export { type TrpoError, type TrpoErrorCode, type TrpoIssue, type TrpoIssueCode } from './errors.js';
export { type StepProgram, stepPrograms } from './explain.js';
export type { StepResult } from './finish.js';
export {
  damped,
  gaussNewton,
  hessian,
  type LinearisedPolicy,
  type Metric,
  meanMetric,
  type Operator,
} from './fisher.js';
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
export type { Inference, Model, ParameterTree } from './model.js';
export { type NaturalGradient, type NaturalGradientOptions, naturalGradient } from './natural-gradient.js';
export { type Activation, type Option, type OptionTable, type OptionValue, options } from './options.js';
export { type CategoricalParameters, categoricalDistribution } from './policy/categorical.js';
export { type DiagonalGaussianParameters, diagonalGaussianDistribution } from './policy/diagonal-gaussian.js';
export type {
  ActionLayout,
  Distribution,
  DistributionParameters,
  PackedDistribution,
  PackedParameters,
} from './policy/distribution.js';
export { lecun, orthogonal } from './policy/initialise.js';
export {
  type DenseLayer,
  initialiseMlp,
  type MlpOptions,
  type MlpParameters,
  mlp,
  mlpInference,
} from './policy/mlp.js';
export { type MlpPolicyParameters, mlpModel, type Spaces } from './policy/mlp-model.js';
export { type Preset, presetConfig, presets } from './presets.js';
export type { EpisodeReport, StepReport, Warning } from './report.js';
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
  evaluate,
} from './shell/evaluate.js';
export { type Environments, type Rollout, type RolloutConfig, rollout } from './shell/rollout.js';
export {
  type Iteration,
  type IterationRecord,
  type Seconds,
  type Snapshot,
  startOfTraining,
  type TrainConfig,
  TrainingError,
  train,
} from './shell/train.js';
export type { EpisodeProgress, TrpoState } from './state.js';
export { type Probe, type Stage, trpoStep } from './step.js';
export {
  type BoundaryOptions,
  boundaryStep,
  chooseStepSize,
  quadraticStep,
  type StepSize,
  type StepSizeInput,
  undampedCurvature,
} from './step-size.js';
export { meanKl, type SurrogateData, surrogate } from './surrogate.js';
export { validateBatch } from './validate-batch.js';
export { validateState } from './validate-state.js';
export { fitValue, type ValueFit, type ValueFitOptions, type ValueLoss, valueLoss, valueQuality } from './value-fit.js';
export { addScaled, inner, norm, scaled, zerosLike } from './vector.js';
