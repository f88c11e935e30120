/** Follows every environment through a batch: which episodes ended, and what the unfinished ones have come to. */

import { elements } from '@natgrad/tensor/internal';
import type { Batch, Segment } from './batch.js';
import type { EpisodeReport } from './report.js';
import type { EpisodeProgress } from './state.js';

const NOT_BEGUN: EpisodeProgress = Object.freeze({ return: 0, length: 0, discountedReturn: 0, cost: 0 });

/** What a batch says about episodes. */
export interface EpisodeLog {
  readonly progress: readonly EpisodeProgress[];
  /** Raw return and length of the episodes that ended, in the order of the rows. */
  readonly returns: readonly number[];
  readonly lengths: readonly number[];
  /** Total cost of these episodes; null in environments without costs. */
  readonly costs: readonly number[] | null;
  /** `[N, 1]` packed: the discounted sum of rewards so far, R_t = γ R_{t−1} + r_t, from 0 in each episode. */
  readonly discountedReturns: Float64Array;
}

/** Follows episodes through a batch: those that ended in it, and those that go on. */
export const followEpisodes = (batch: Batch, before: readonly EpisodeProgress[], gamma: number): EpisodeLog => {
  const [rewards, terminated, truncated] = [batch.rewards, batch.terminated, batch.truncated].map((x) => elements(x));
  const stepCosts = batch.costs === undefined ? null : elements(batch.costs);
  const environments = batch.segments.reduce((most, { environment }) => Math.max(most, environment + 1), before.length);
  const progress = Array.from({ length: environments }, (_, i) => before[i] ?? NOT_BEGUN);
  const [returns, lengths, costs]: [number[], number[], number[]] = [[], [], []];
  const discountedReturns = new Float64Array(batch.rewards.size);
  let row = 0;
  batch.segments.forEach(({ environment, length }: Segment) => {
    let now = progress[environment] as EpisodeProgress;
    for (const end = row + length; row < end; row += 1) {
      const reward = rewards?.[row] as number;
      now = {
        return: now.return + reward,
        length: now.length + 1,
        discountedReturn: gamma * now.discountedReturn + reward,
        cost: now.cost + (stepCosts?.[row] ?? 0),
      };
      discountedReturns[row] = now.discountedReturn;
      if (terminated?.[row] === 1 || truncated?.[row] === 1) {
        returns.push(now.return);
        lengths.push(now.length);
        costs.push(now.cost);
        now = NOT_BEGUN;
      }
    }
    progress[environment] = now;
  });
  return { progress, returns, lengths, costs: stepCosts === null ? null : costs, discountedReturns };
};

/** Of no numbers: 0. */
export const meanOf = (x: ArrayLike<number>): number => Array.from(x).reduce((sum, each) => sum + each / x.length, 0);

export const episodeReport = ({ returns, lengths, costs }: EpisodeLog): EpisodeReport =>
  returns.length === 0
    ? { count: 0, returnMean: null, returnMin: null, returnMax: null, lengthMean: null, costMean: null }
    : {
        count: returns.length,
        returnMean: meanOf(returns),
        returnMin: returns.reduce((a, b) => Math.min(a, b)),
        returnMax: returns.reduce((a, b) => Math.max(a, b)),
        lengthMean: meanOf(lengths),
        costMean: costs === null ? null : meanOf(costs),
      };
