/** Rollouts: the policy of a state acts in environments, which gives a batch to learn from. */
import type { TypedArray } from '@natgrad/tensor';
import { adopt, invalid } from '@natgrad/tensor/internal';
import type { Batch } from '../batch.js';
import type { TrpoConfig } from '../config.js';
import type { Model } from '../model.js';
import type { TrpoState } from '../state.js';
import { type Environments, joined, type Share, type ShareConfig, type StepFailure, takeShare } from './share.js';

/** A batch, and what is needed to go on from it. */
export interface Rollout {
  readonly batch: Batch;
  /** Where the environments stand afterwards. */
  readonly environments: Environments;
  /** Steps that could not be made, by environment and in it by time. */
  readonly failures: readonly StepFailure[];
}

/** The model, the environments, and the options that concern acting. */
export type RolloutConfig = ShareConfig & Pick<TrpoConfig, 'batchSize'>;

/** Steps of each environment, together `batchSize`: the first ones make one more where it is no multiple of their number. */
export const stepsOf = (batchSize: number, count: number): readonly number[] =>
  Array.from({ length: count }, (_, i) => Math.floor(batchSize / count) + (i < batchSize % count ? 1 : 0));

/** Refuses environments that are not as many, or do not show as much, as expected. */
export const checkEnvironments = (from: Environments, count: number, width: number): void => {
  if (from.vector.states.length === count && from.observations.length === count * width) return;
  throw invalid('rollout', `${from.vector.states.length} environments to continue, ${count} to step`, {
    argument: 'from',
    found: `${from.vector.states.length} environments, ${from.observations.length} numbers observed`,
    expected: `${count} environments, ${count * width} numbers observed`,
  });
};

/** The shares of all environments, in their order, as one rollout. The bits do not depend on how they were divided. */
export const mergeShares = (model: Model, shares: readonly Share[], firstIndex = 0): Rollout => {
  const { distribution, observationWidth: width } = model;
  const { action, parameterShapes } = distribution;
  const lengths = shares.flatMap((share) => share.lengths);
  const rows = lengths.reduce((sum, length) => sum + length, 0);
  const all = (field: (share: Share) => Float64Array | null): Float64Array =>
    joined(shares.map((share) => field(share) ?? new Float64Array()));
  const floats = (shape: readonly number[], field: (share: Share) => Float64Array | null): ReturnType<typeof adopt> =>
    adopt(all(field), 'f64', [rows, ...shape]);
  const flags = (field: (share: Share) => Float64Array): TypedArray => Uint8Array.from(all(field));

  const finals = all(({ finalObservations }) => finalObservations);
  return {
    batch: {
      observations: floats([width], ({ observations }) => observations),
      actions:
        action.dtype === 'i32'
          ? adopt(Int32Array.from(all(({ actions }) => actions)), 'i32', [rows, ...action.shape])
          : floats(action.shape, ({ actions }) => actions),
      logProbabilities: floats([], ({ logProbabilities }) => logProbabilities),
      oldParameters: Object.fromEntries(
        Object.entries(parameterShapes).map(([name, shape]) => [
          name,
          floats(shape, ({ parameters }) => parameters[name] ?? null),
        ]),
      ),
      rewards: floats([], ({ rewards }) => rewards),
      ...(shares.every(({ costs }) => costs !== null) ? { costs: floats([], ({ costs }) => costs) } : {}),
      terminated: adopt(
        flags(({ terminated }) => terminated),
        'bool',
        [rows],
      ),
      truncated: adopt(
        flags(({ truncated }) => truncated),
        'bool',
        [rows],
      ),
      finalObservations: adopt(finals, 'f64', [finals.length / width, width]),
      segments: lengths.flatMap((length, i) => (length > 0 ? [{ environment: firstIndex + i, length }] : [])),
    },
    environments: {
      vector: {
        key: (shares[0] as Share).environments.vector.key,
        states: shares.flatMap(({ environments }) => environments.vector.states),
        episodes: shares.flatMap(({ environments }) => environments.vector.episodes),
      },
      observations: all(({ environments }) => environments.observations),
    },
    failures: shares.flatMap(({ failures }) => failures),
  };
};

/**
 * Acts with the policy of `state` until the batch is full: exactly `batchSize` steps. Every environment makes its part of them,
 * the first ones one more if that is no whole number, and stops in the middle of an episode if need be; with `wholeEpisodes` it
 * goes on until an episode ends, so that the batch holds whole episodes only if it began with fresh ones, and the environments
 * must be such that episodes end.
 *
 * A pure function of its arguments. Which action environment `i` takes at step `t` depends on its observation and on
 * `actionKey(state.key, i, t)`, not on the other environments. Observations are normalised for the policy with the statistics
 * in the state, which do not change meanwhile; the batch holds the raw ones. It also keeps actions as they were sampled, with
 * their log-probabilities, while environments get them squashed if the distribution does that, and clipped to their bounds (unless
 * `clipActions` is off).
 *
 * @param from where the environments stand: what `envs.reset` gives, or what the last rollout left
 * @throws what the environments or the model throw, and `InvalidArgument` for another number of environments
 */
export const rollout = (config: RolloutConfig, state: TrpoState, from: Environments): Rollout => {
  const { model, envs, batchSize } = config;
  checkEnvironments(from, envs.count, model.observationWidth);
  const share = takeShare(config, state, { steps: stepsOf(batchSize, envs.count), from });
  return mergeShares(model, [share], envs.firstIndex);
};
