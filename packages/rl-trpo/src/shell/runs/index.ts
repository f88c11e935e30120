/**
 * Runs on disk: folders with checkpoints that a crash at any moment leaves intact. Needs Node.
 *
 * @module @natgrad/rl-trpo/runs
 */
export { loadEnvironment } from '../workers/environment.js';
export type { RunDescription } from './description.js';
export type { RunError, RunErrorCode } from './errors.js';
export { type FileSystem, nodeFileSystem } from './files.js';
export type { Metrics, MetricsRecord } from './metrics.js';
export {
  changeEngine,
  createRun,
  extendRun,
  loadMetrics,
  loadSnapshot,
  openRun,
  type ResumedRun,
  type Run,
  recordIteration,
  resumeRun,
  saveEvaluation,
  saveIteration,
  saveSnapshot,
} from './run.js';
export { type Saving, savingTo } from './saving.js';
