/** Trust-region policy optimisation as pure functions over immutable state. */
export { adamState, type AdamOptions, type AdamState, adamUpdate } from './adam.js';
export { type Batch, bootstrapRows, type Segment } from './batch.js';
export { decodeConfig, defaultConfig, describeOption, type OptionName, type TrpoConfig } from './config.js';
export { type CgOptions, type CgResult, type CgStatus, conjugateGradient } from './conjugate-gradient.js';
export { type TrpoError, type TrpoErrorCode, type TrpoIssue, type TrpoIssueCode } from './errors.js';
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
export { type Activation, type Option, options, type OptionTable, type OptionValue } from './options.js';
export type { ActionLayout, Distribution, DistributionParameters } from './policy/distribution.js';
export type { EpisodeReport, StepReport, Warning } from './report.js';
export { emptyStatistics, mergeStatistics, normalise, type RunningStatistics, statisticsOf, varianceOf } from './running-statistics.js';
export type { EpisodeProgress, TrpoState } from './state.js';
export { validateBatch } from './validate-batch.js';
