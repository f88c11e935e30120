/** What constraints are about: the costs of a batch, their advantages, and the critic that foresees them. */
import { cast, fromTypedArray, type Tensor } from '@natgrad/tensor';
import { elements } from '@natgrad/tensor/internal';
import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js';
import { gae } from './advantages.js';
import type { Batch } from './batch.js';
import { type EpisodeLog, meanOf } from './episodes.js';
import { issueError, type TrpoError } from './errors.js';
import type { StepInput } from './frame.js';
import type { ParameterTree } from './model.js';
import { type TrainingData, valuesOf, valuesOfSome } from './training-data.js';
import { firstNonFinite } from './vector.js';

/** A batch whose costs are there. */
export type CostBatch = Batch & { readonly costs: Tensor };

/** Refuses a batch without costs. */
export const requireCosts = (algorithm: string, batch: Batch): Either<TrpoError, CostBatch> =>
  batch.costs === undefined
    ? left(
        issueError('InvalidBatch', {
          code: 'contradiction',
          field: 'costs',
          found: 'none',
          expected: `f32 or f64 [${batch.rewards.size}], the cost of each step, for ${algorithm} bounds their sum: act in an environment that reports costs, or choose another algorithm`,
        }),
      )
    : right(batch as CostBatch);

/** What a batch says about costs. */
export interface CostData {
  /** `[N]`: Σ (γλ)ˡ δ_{t+l} of costs, shifted to mean 0 and not scaled, because their size is what the constraint is about. */
  readonly advantages: Tensor;
  /** `[N]`: targets of the critic of costs. */
  readonly returns: Tensor;
  /** Mean total cost of an episode, undiscounted, and mean length of one: see {@link episodeCosts}. */
  readonly episodeCost: number;
  readonly episodeLength: number;
}

/**
 * Mean cost and length of the episodes that ended in the batch. Where none ended, of those that go on, as far as they have come:
 * costs that are not negative make that a bound from below of what they will have cost.
 */
export const episodeCosts = ({
  costs,
  lengths,
  progress,
}: EpisodeLog): { readonly cost: number; readonly length: number } => {
  const ended = costs !== null && costs.length > 0;
  const going = progress.filter(({ length }) => length > 0);
  return {
    cost: meanOf(ended ? costs : going.map(({ cost }) => cost)),
    length: meanOf(ended ? lengths : going.map(({ length }) => length)),
  };
};

/**
 * Advantages of costs by the recursion of those of rewards, with a critic of their own and `costGamma`, `costLambda`.
 *
 * @returns `Left` where sums of the costs overflow
 */
export const costData = (
  { setup: { options, compiled }, state, batch }: StepInput & { readonly batch: CostBatch },
  data: TrainingData,
  critic: ParameterTree,
): Either<TrpoError, CostData> => {
  const values = valuesOf(compiled, critic, data.observations, state.policy);
  if (isLeft(values)) return values;
  const finals = valuesOfSome(compiled, critic, data.finalObservations, state.policy);
  if (isLeft(finals)) return finals;
  const { advantages, returns } = gae({
    rewards: elements(batch.costs),
    values: elements(values.right),
    finalValues: elements(finals.right),
    terminated: elements(batch.terminated),
    truncated: elements(batch.truncated),
    segments: batch.segments,
    gamma: options.costGamma,
    lambda: options.costLambda,
  });
  const { cost, length } = episodeCosts(data.episodes);
  const mean = meanOf(advantages);
  const bad = [advantages, returns, [mean, cost]].find((numbers) => firstNonFinite(numbers) >= 0);
  if (bad !== undefined)
    return left(
      issueError('Overflow', {
        code: 'nonFinite',
        field: 'costs',
        found: `${bad[firstNonFinite(bad)]} from sums of them`,
        expected: 'costs whose discounted sums are finite: scale them and costLimit down',
      }),
    );
  return right({
    advantages: cast(fromTypedArray(advantages.map((a) => a - mean)), options.dtype),
    returns: cast(fromTypedArray(returns), options.dtype),
    episodeCost: cost,
    episodeLength: length,
  });
};
