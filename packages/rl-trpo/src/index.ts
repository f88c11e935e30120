/** Trust-region policy optimisation as pure functions over immutable state. */
export { actor, type Actions, type Actor } from './act.js';
export { adamState, type AdamOptions, type AdamState, adamUpdate } from './adam.js';
export { type Advantages, gae, type GaeInput, normaliseAdvantages } from './advantages.js';
export { type Batch, bootstrapRows, type Segment } from './batch.js';
export { decodeConfig, defaultConfig, describeOption, type OptionName, type TrpoConfig } from './config.js';
export { type CgOptions, type CgResult, type CgStatus, conjugateGradient } from './conjugate-gradient.js';
export { type EpisodeLog, followEpisodes } from './episodes.js';
export { type TrpoError, type TrpoErrorCode, type TrpoIssue, type TrpoIssueCode } from './errors.js';
export type { StepResult } from './finish.js';
export { damped, gaussNewton, hessian, type LinearisedPolicy, type Operator } from './fisher.js';
export { initialState } from './initial-state.js';
export { actionKey, type IterationKeys, iterationKeys } from './keys.js';
export {
  type Accepted,
  lineSearch,
  type LineSearchOptions,
  type LineSearchOutcome,
  type Rejected,
  type RejectionReason,
  type Trial,
} from './line-search.js';
export type { Inference, Model, ParameterTree } from './model.js';
export { naturalGradient, type NaturalGradient, type NaturalGradientOptions } from './natural-gradient.js';
export { type Activation, type Option, options, type OptionTable, type OptionValue } from './options.js';
export { type CategoricalParameters, categoricalDistribution } from './policy/categorical.js';
export { type DiagonalGaussianParameters, diagonalGaussianDistribution } from './policy/diagonal-gaussian.js';
export type { ActionLayout, Distribution, DistributionParameters } from './policy/distribution.js';
export { lecun, orthogonal } from './policy/initialise.js';
export { type DenseLayer, initialiseMlp, mlp, mlpInference, type MlpOptions, type MlpParameters } from './policy/mlp.js';
export { mlpModel, type MlpPolicyParameters, type Spaces } from './policy/mlp-model.js';
export { type Preset, presetConfig, presets } from './presets.js';
export type { EpisodeReport, StepReport, Warning } from './report.js';
export { emptyStatistics, mergeStatistics, normalise, type RunningStatistics, statisticsOf, varianceOf } from './running-statistics.js';
export type { StepConfig } from './setup.js';
export { evaluate, type Evaluation, type EvaluationConfig, type EvaluationMode, type EvaluationOptions } from './shell/evaluate.js';
export { type Environments, rollout, type Rollout, type RolloutConfig } from './shell/rollout.js';
export {
  type Iteration,
  type IterationRecord,
  type Seconds,
  type Snapshot,
  startOfTraining,
  train,
  type TrainConfig,
  TrainingError,
} from './shell/train.js';
export type { EpisodeProgress, TrpoState } from './state.js';
export { type Probe, type Stage, trpoStep } from './step.js';
export {
  boundaryStep,
  type BoundaryOptions,
  chooseStepSize,
  quadraticStep,
  type StepSize,
  type StepSizeInput,
  undampedCurvature,
} from './step-size.js';
export { meanKl, surrogate, type SurrogateData } from './surrogate.js';
export { validateBatch } from './validate-batch.js';
export { validateState } from './validate-state.js';
export { fitValue, type ValueFit, type ValueFitOptions, valueLoss, type ValueLoss, valueQuality } from './value-fit.js';
export { addScaled, inner, norm, scaled, zerosLike } from './vector.js';
