/** The last line of `train --json`, and the line of `eval --json`. */
import type { AlgorithmName, Evaluation, Snapshot } from '@natgrad/rl-trpo';
import type { MetricsRecord, Run } from '@natgrad/rl-trpo/runs';
import { isSolved, type Task } from '../task.js';

export interface Result {
  readonly type: 'evaluation';
  readonly environment: string;
  readonly algorithm: AlgorithmName;
  readonly seed: number;
  /** Environment steps that the policy has learnt from, and the seconds that this took. */
  readonly steps: number;
  readonly seconds: number;
  readonly mode: Evaluation['mode'];
  readonly episodes: number;
  readonly mean: number;
  readonly deviation: number;
  readonly min: number;
  readonly max: number;
  /** Mean total cost of an episode; null in environments without costs. */
  readonly cost: number | null;
  /** Mean return from which it counts as solved, and whether it is; null where nobody has agreed on one. */
  readonly threshold: number | null;
  readonly solved: boolean | null;
  readonly folder: string;
}

export const resultOf = (
  task: Task,
  { folder, description }: Run,
  { state }: Snapshot,
  records: readonly MetricsRecord[],
  evaluation: Evaluation,
): Result => ({
  type: 'evaluation',
  environment: description.environment.id,
  algorithm: description.algorithm,
  seed: description.seed,
  steps: state.steps,
  seconds: records.findLast(({ iteration }) => iteration <= state.iteration)?.elapsed ?? 0,
  mode: evaluation.mode,
  episodes: evaluation.returns.length,
  mean: evaluation.mean,
  deviation: evaluation.deviation,
  min: evaluation.min,
  max: evaluation.max,
  cost: evaluation.costs && evaluation.costs.reduce((sum, x) => sum + x, 0) / evaluation.costs.length,
  threshold: task.threshold,
  solved: isSolved(task, evaluation),
  folder,
});
