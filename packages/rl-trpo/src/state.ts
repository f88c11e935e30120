/** Everything that a step changes, as one immutable value. */
import type { Key } from '@natgrad/tensor';
import type { AdamState } from './adam.js';
import type { ParameterTree } from './model.js';
import type { RunningStatistics } from './running-statistics.js';

/** What is known of the episode that an environment is in the middle of. */
export interface EpisodeProgress {
  /** Σ r so far, of raw rewards. */
  readonly return: number;
  /** Steps so far. */
  readonly length: number;
  /** Σ γᵏ r of raw rewards, newest first: what reward scaling measures. */
  readonly discountedReturn: number;
  /** Σ of the costs so far, undiscounted; 0 in environments without costs. */
  readonly cost: number;
}

/**
 * The state of training. Plain data all the way down: objects, arrays, numbers, null and tensors, so that it can be written to
 * a file leaf by leaf and continued to the bit. Environments are not part of it: whoever rolls them out keeps theirs.
 */
export interface TrpoState {
  /** θ. */
  readonly policy: ParameterTree;
  /** Parameters of the critic. */
  readonly value: ParameterTree;
  readonly valueOptimiser: AdamState;
  /** Per element of the raw observation; counts stay 0 while `normaliseObservations` is off. */
  readonly observationStatistics: RunningStatistics;
  /** Of one number, the discounted return so far; counts stay 0 while `scaleRewards` is off. */
  readonly returnStatistics: RunningStatistics;
  /** Of one number, the returns that the critic has learnt from; counts stay 0 while `normaliseReturns` is off. */
  readonly valueStatistics: RunningStatistics;
  /** Current trust region. */
  readonly delta: number;
  /** x of the last conjugate gradient, for a warm start; null before the first step and after one that found none. */
  readonly previousSolution: ParameterTree | null;
  /**
   * What an algorithm keeps from one step to the next: moments of an optimiser, a multiplier, the critic of costs. Null before
   * the first step, and for algorithms that keep nothing, such as TRPO.
   */
  readonly memory: ParameterTree | null;
  /** Source of all randomness of the step to come, and of the rollout before it. */
  readonly key: Key;
  /** Steps of the algorithm taken. */
  readonly iteration: number;
  /** Environment steps learnt from. */
  readonly steps: number;
  /** Episodes finished. */
  readonly episodes: number;
  /** By environment, as numbered in the batches. */
  readonly progress: readonly EpisodeProgress[];
}

/** What acting reads of a state. */
export type ActingState = Pick<TrpoState, 'policy' | 'observationStatistics' | 'key'>;
