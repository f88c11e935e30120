/** What a step learns from. */
import type { Tensor } from '@natgrad/tensor';
import type { DistributionParameters } from './policy/distribution.js';

/** Consecutive steps of one environment: `length` rows of the batch, in order of time. */
export interface Segment {
  /** Number of the environment: its unfinished episode goes on in its next segment, also in the next batch. */
  readonly environment: number;
  readonly length: number;
}

/**
 * N environment steps. Rows are sorted by segment and in it by time; a segment may hold several episodes and begin or end in
 * the middle of one.
 *
 * Observations and rewards are raw: the step normalises them with the statistics in the state, which are the ones that the
 * rollout acted with.
 */
export interface Batch {
  /** `[N, width]`: what the policy saw before acting. */
  readonly observations: Tensor;
  /** `[N]` (`i32`) for one choice, `[N, width]` for vectors: as sampled, not clipped. */
  readonly actions: Tensor;
  /** `[N]`: log π_old(a|s). */
  readonly logProbabilities: Tensor;
  /** The distributions that the actions were drawn from, `[N, …]` each. */
  readonly oldParameters: DistributionParameters;
  /** `[N]`. */
  readonly rewards: Tensor;
  /** `[N]`: cost of each step, for algorithms with constraints; absent where the environment reports none. */
  readonly costs?: Tensor;
  /** `[N]`, `bool`: the task ended with this step, nothing follows. */
  readonly terminated: Tensor;
  /** `[N]`, `bool`: the episode was cut after this step, the task would go on. */
  readonly truncated: Tensor;
  /**
   * `[B, width]`: the observation that followed, for the rows of {@link bootstrapRows} and in their order: where an episode was
   * truncated, and where a segment ends in the middle of one.
   */
  readonly finalObservations: Tensor;
  readonly segments: readonly Segment[];
}

/**
 * The rows after which a value must be bootstrapped from a final observation, in order: truncated and not terminated, or last
 * of their segment and not terminated.
 */
export const bootstrapRows = (
  segments: readonly Segment[],
  terminated: ArrayLike<number>,
  truncated: ArrayLike<number>,
): readonly number[] => {
  const rows: number[] = [];
  let last = -1;
  let row = 0;
  for (const { length } of segments) {
    last += length;
    for (; row <= last; row += 1) if (terminated[row] === 0 && (truncated[row] === 1 || row === last)) rows.push(row);
  }
  return rows;
};
