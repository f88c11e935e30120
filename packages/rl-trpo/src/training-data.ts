/** From a raw batch to what the objective needs: normalised observations, scaled rewards, values, advantages, returns. */
import { cast, fromTypedArray, pad, slice, type Tensor, zeros } from '@natgrad/tensor';
import { adopt, elements } from '@natgrad/tensor/internal';
import { type Either, left, map, right } from 'fp-ts/lib/Either.js';
import { gae, normaliseAdvantages } from './advantages.js';
import type { Batch } from './batch.js';
import type { CompiledModel, CompiledSetup } from './compiled.js';
import { type EpisodeLog, followEpisodes } from './episodes.js';
import { issueError, type TrpoError } from './errors.js';
import type { DistributionParameters } from './policy/distribution.js';
import type { Warning } from './report.js';
import { toTargets, toValues, type ValueScale, valueScaleOf } from './return-normalisation.js';
import { mergeStatistics, normalise, type RunningStatistics, statisticsOf, varianceOf } from './running-statistics.js';
import type { TrpoState } from './state.js';
import type { CriticData } from './trunk.js';
import { firstNonFinite, isFiniteTree } from './vector.js';

/** A batch as the objective and the critic see it. */
export interface TrainingData {
  /** `[N, width]`, normalised with the statistics that the rollout used. */
  readonly observations: Tensor;
  /** `[B, width]`, normalised likewise. */
  readonly finalObservations: Tensor;
  readonly actions: Tensor;
  readonly logProbabilities: Tensor;
  readonly oldParameters: DistributionParameters;
  /** `[N]`, normalised if that is on. */
  readonly advantages: Tensor;
  /** `[N]`: V(s) before the fit. */
  readonly values: Tensor;
  /** `[N]`: what V should be. */
  readonly returns: Tensor;
  /** The critic before its fit, and what it is to learn of the returns, `[N]`. */
  readonly critic: CriticData;
  /** From what the critic says after its fit to values. */
  readonly valueScale: ValueScale;
  readonly rewardScale: number;
  /** Statistics with this batch in them. */
  readonly observationStatistics: RunningStatistics;
  readonly returnStatistics: RunningStatistics;
  readonly valueStatistics: RunningStatistics;
  readonly episodes: EpisodeLog;
  readonly warnings: readonly Warning[];
}

interface Merged {
  readonly statistics: RunningStatistics;
  readonly overflow: boolean;
}

/** Statistics with new rows in them; where their squares overflow, the old ones. */
const including = (on: boolean, statistics: RunningStatistics, rows: () => Tensor): Merged => {
  if (!on) return { statistics, overflow: false };
  const merged = mergeStatistics(statistics, statisticsOf(rows()));
  return isFiniteTree([merged.mean, merged.squares])
    ? { statistics: merged, overflow: false }
    : { statistics, overflow: true };
};

/** Runs a critic and checks that it keeps its promise of one number for each row. */
export const valuesOf = (
  { values: program }: CompiledModel,
  parameters: TrpoState['value'],
  observations: Tensor,
  theta: TrpoState['policy'],
): Either<TrpoError, Tensor> => {
  const rows = observations.shape[0] as number;
  const values = program(parameters, observations, theta);
  if (values.rank === 1 && values.size === rows) return right(values);
  return left(
    issueError('ModelFailed', {
      code: 'wrongShape',
      field: 'model.value',
      found: `[${values.shape.join(',')}]`,
      expected: `[${rows}]`,
    }),
  );
};

/** Fewer rows than these are filled up to them. */
const LEAST_ROWS = 16;

/**
 * V of rows whose number differs from batch to batch. Filled up with rows of zeros to a power of two they need a handful of
 * programs, not one for each number of rows.
 */
export const valuesOfSome = (
  compiled: CompiledModel,
  parameters: TrpoState['value'],
  observations: Tensor,
  theta: TrpoState['policy'],
): Either<TrpoError, Tensor> => {
  const rows = observations.shape[0] as number;
  if (rows === 0) return right(zeros([0], observations.dtype));
  const filled = pad(observations, [0, 0], [Math.max(LEAST_ROWS, 2 ** Math.ceil(Math.log2(rows))) - rows, 0]);
  return map((values: Tensor) => slice(values, [0], [rows]))(valuesOf(compiled, parameters, filled, theta));
};

/**
 * Stage 1 as a function of its own: observations normalised, rewards scaled, values and advantages estimated.
 *
 * @returns `Left` where sums of the rewards overflow, or the critic breaks its promise of one number per row
 */
export const trainingData = (
  { model, options, compiled }: CompiledSetup,
  state: TrpoState,
  batch: Batch,
): Either<TrpoError, TrainingData> => {
  const { dtype, gamma, lambda, observationClip, rewardClip } = options;
  const ready = (raw: Tensor): Tensor =>
    cast(options.normaliseObservations ? normalise(state.observationStatistics, raw, observationClip) : raw, dtype);
  const observations = ready(batch.observations);
  const episodes = followEpisodes(batch, state.progress, gamma);
  const count = batch.rewards.size;

  const seen = including(options.normaliseObservations, state.observationStatistics, () => batch.observations);
  const gained = including(options.scaleRewards, state.returnStatistics, () =>
    adopt(episodes.discountedReturns, 'f64', [count, 1]),
  );
  const rewardScale = options.scaleRewards
    ? Math.sqrt((elements(varianceOf(gained.statistics))[0] as number) + 1e-8)
    : 1;
  const raw = elements(batch.rewards);
  const rewards = options.scaleRewards
    ? Float64Array.from(raw, (r: number) => Math.min(rewardClip, Math.max(-rewardClip, r / rewardScale)))
    : raw;

  const scaleBefore = valueScaleOf(options.normaliseReturns ? state.valueStatistics : null);
  const values = map((said: Tensor) => toValues(scaleBefore, said))(
    valuesOf(compiled, state.value, observations, state.policy),
  );
  if (values._tag === 'Left') return values;
  const finalObservations = ready(batch.finalObservations);
  const finals = map((said: Tensor) => toValues(scaleBefore, said))(
    valuesOfSome(compiled, state.value, finalObservations, state.policy),
  );
  if (finals._tag === 'Left') return finals;

  const estimated = gae({
    rewards,
    values: elements(values.right),
    finalValues: elements(finals.right),
    terminated: elements(batch.terminated),
    truncated: elements(batch.truncated),
    segments: batch.segments,
    gamma,
    lambda,
  });
  const bad = firstNonFinite(estimated.advantages);
  if (bad >= 0 || firstNonFinite(estimated.returns) >= 0)
    return left(
      issueError('Overflow', {
        code: 'nonFinite',
        field: 'advantages',
        found: `${estimated.advantages[Math.max(0, bad)]} from reward ${rewards[Math.max(0, bad)]} and value ${elements(values.right)[Math.max(0, bad)]}`,
        expected: 'rewards and values whose discounted sums are finite: scale the rewards down',
        index: Math.max(0, bad),
      }),
    );
  const learnt = including(options.normaliseReturns, state.valueStatistics, () =>
    adopt(estimated.returns, 'f64', [count, 1]),
  );
  const valueScale = valueScaleOf(options.normaliseReturns ? learnt.statistics : null);
  const returns = fromTypedArray(estimated.returns);
  const normalised = options.normaliseAdvantages
    ? normaliseAdvantages(estimated.advantages)
    : { advantages: estimated.advantages, constant: false };
  return right({
    observations,
    finalObservations,
    actions: model.distribution.action.dtype === 'i32' ? batch.actions : cast(batch.actions, dtype),
    logProbabilities: cast(batch.logProbabilities, dtype),
    oldParameters: Object.fromEntries(Object.entries(batch.oldParameters).map(([name, x]) => [name, cast(x, dtype)])),
    advantages: cast(fromTypedArray(normalised.advantages), dtype),
    values: values.right,
    returns: cast(returns, dtype),
    critic: { parameters: state.value, targets: cast(toTargets(valueScale, returns), dtype) },
    valueScale,
    rewardScale,
    observationStatistics: seen.statistics,
    returnStatistics: gained.statistics,
    valueStatistics: learnt.statistics,
    episodes,
    warnings: [
      ...(normalised.constant ? (['constantAdvantages'] as const) : []),
      ...(seen.overflow || gained.overflow || learnt.overflow ? (['statisticsOverflow'] as const) : []),
    ],
  });
};
