/** Rollouts: the policy of a state acts in environments, which gives a batch to learn from. */
import type { VectorEnv, VectorState, VectorTransition } from '@natgrad/envs';
import { foldIn, type TypedArray } from '@natgrad/tensor';
import { adopt, invalid } from '@natgrad/tensor/internal';
import { type Actions, actor } from '../act.js';
import { type Batch, bootstrapRows, type Segment } from '../batch.js';
import type { TrpoConfig } from '../config.js';
import type { EngineOptions } from '../engine.js';
import { environmentKey } from '../keys.js';
import type { Model } from '../model.js';
import type { DistributionParameters } from '../policy/distribution.js';
import type { TrpoState } from '../state.js';
import { environmentActions } from './environment-actions.js';

/** Where the environments stand between two rollouts. Plain data, like the states in it. */
export interface Environments {
  readonly vector: VectorState<unknown>;
  /** `count × width`, packed: the observation that each environment shows. */
  readonly observations: Float64Array;
}

/** A batch, and what is needed to go on from it. */
export interface Rollout {
  readonly batch: Batch;
  /** Where the environments stand afterwards. */
  readonly environments: Environments;
}

/** The model, the environments, and the options that concern acting. */
export type RolloutConfig = { readonly model: Model; readonly envs: VectorEnv } & Pick<
  TrpoConfig,
  'batchSize' | 'wholeEpisodes' | 'clipActions' | 'normaliseObservations' | 'observationClip'
> &
  Partial<EngineOptions>;

/** One step of all environments, with what led to it. */
interface Taken {
  readonly observations: Float64Array;
  readonly acted: Actions;
  readonly transition: VectorTransition<unknown>;
}

/** Refuses what no policy can act on, before it becomes an action: names the environment, the step of the rollout, the element. */
const checkObservations = ({ env, count }: VectorEnv, observations: Float64Array, step: number): void => {
  const bad = observations.findIndex((x) => !Number.isFinite(x));
  if (bad < 0) return;
  const width = observations.length / count;
  const found = `${observations[bad]} in element ${bad % width}`;
  throw invalid('rollout', `environment ${Math.floor(bad / width)} of ${env.id} shows ${found} at step ${step}`, {
    argument: 'observation',
    found,
    expected: 'finite numbers',
  });
};

/** Steps the environments until each has done its share; `lengths[i]` of the steps count for environment `i`. */
const takeSteps = (
  config: RolloutConfig,
  state: TrpoState,
  from: Environments,
): { readonly taken: readonly Taken[]; readonly lengths: readonly number[] } => {
  const { envs, batchSize, wholeEpisodes } = config;
  const { sample } = actor(config, state);
  const toEnvironment = environmentActions(config.model.distribution, envs.actionSpace, config.clipActions);
  const share = Math.ceil(batchSize / envs.count);
  const taken: Taken[] = [];
  const lengths = new Array<number>(envs.count).fill(0);
  const acting = lengths.map((_, environment) => environmentKey(state.key, environment));
  let { vector, observations } = from;
  while (lengths.includes(0)) {
    checkObservations(envs, observations, taken.length);
    // The action's key: see `actionKey`.
    const keys = acting.map((each) => foldIn(each, taken.length));
    const acted = sample(observations, keys);
    const transition = envs.step(vector, toEnvironment(acted.actions));
    taken.push({ observations, acted, transition });
    ({ state: vector, observations } = transition);
    if (taken.length < share) continue;
    for (let i = 0; i < lengths.length; i += 1) {
      const ended = transition.terminated[i] === 1 || transition.truncated[i] === 1;
      if (lengths[i] === 0 && (ended || !wholeEpisodes)) lengths[i] = taken.length;
    }
  }
  return { taken, lengths };
};

/** Rows of all steps, sorted by environment: `out[row]` is row `environment` of the field at that environment's step. */
const gather = <Out extends TypedArray>(
  taken: readonly Taken[],
  lengths: readonly number[],
  width: number,
  field: (step: Taken) => ArrayLike<number>,
  out: Out,
): Out => {
  let at = 0;
  lengths.forEach((length, environment) => {
    for (let step = 0; step < length; step += 1) {
      const rows = field(taken[step] as Taken);
      for (let j = 0; j < width; j += 1, at += 1) out[at] = rows[environment * width + j] as number;
    }
  });
  return out;
};

/** Every environment as it stood after its last step that counts. */
const standing = (taken: readonly Taken[], lengths: readonly number[], width: number): Environments => {
  const last = lengths.map((length) => (taken[length - 1] as Taken).transition);
  const observations = new Float64Array(lengths.length * width);
  last.forEach((transition, i) => {
    observations.set(transition.observations.subarray(i * width, (i + 1) * width), i * width);
  });
  return {
    vector: {
      key: (last[0] as VectorTransition<unknown>).state.key,
      states: last.map((transition, i) => transition.state.states[i]),
      episodes: last.map((transition, i) => transition.state.episodes[i] as number),
    },
    observations,
  };
};

/** Picks rows of a packed `[N, width]` array. */
const pick = (packed: Float64Array, width: number, rows: readonly number[]): Float64Array => {
  const out = new Float64Array(rows.length * width);
  rows.forEach((row, k) => out.set(packed.subarray(row * width, (row + 1) * width), k * width));
  return out;
};

/**
 * Acts with the policy of `state` until the batch is full. Every environment makes ⌈batchSize / count⌉ steps and stops in the
 * middle of an episode if need be; with `wholeEpisodes` it goes on until an episode ends, so that the batch holds whole episodes
 * only if it began with fresh ones, and the environments must be such that episodes end.
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
  const { model, envs } = config;
  const { distribution, observationWidth: width } = model;
  if (from.vector.states.length !== envs.count || from.observations.length !== envs.count * width)
    throw invalid('rollout', `${from.vector.states.length} environments to continue, ${envs.count} to step`, {
      argument: 'from',
      found: `${from.vector.states.length} environments, ${from.observations.length} numbers observed`,
      expected: `${envs.count} environments, ${envs.count * width} numbers observed`,
    });
  const { taken, lengths } = takeSteps(config, state, from);
  const rows = lengths.reduce((sum, length) => sum + length, 0);
  const collect = <Out extends TypedArray>(out: Out, size: number, field: (step: Taken) => ArrayLike<number>): Out =>
    gather(taken, lengths, size, field, out);
  const floats = (size: number, field: (step: Taken) => ArrayLike<number>): Float64Array =>
    collect(new Float64Array(rows * size), size, field);
  const sizeOf = (shape: readonly number[]): number => shape.reduce((product, extent) => product * extent, 1);

  const { action, parameterShapes } = distribution;
  const chosen = ({ acted }: Taken): Float64Array => acted.actions;
  const actions =
    action.dtype === 'i32'
      ? adopt(collect(new Int32Array(rows * sizeOf(action.shape)), sizeOf(action.shape), chosen), 'i32', [
          rows,
          ...action.shape,
        ])
      : adopt(floats(sizeOf(action.shape), chosen), 'f64', [rows, ...action.shape]);
  const oldParameters: DistributionParameters = Object.fromEntries(
    Object.entries(parameterShapes).map(([name, shape]) => [
      name,
      adopt(
        floats(sizeOf(shape), ({ acted }) => acted.parameters[name] as Float64Array),
        'f64',
        [rows, ...shape],
      ),
    ]),
  );
  const terminated = collect(new Uint8Array(rows), 1, ({ transition }) => transition.terminated);
  const truncated = collect(new Uint8Array(rows), 1, ({ transition }) => transition.truncated);
  const segments: readonly Segment[] = lengths.map((length, environment) => ({ environment, length }));
  const ends = bootstrapRows(segments, terminated, truncated);
  const finals = pick(
    floats(width, ({ transition }) => transition.finalObservations),
    width,
    ends,
  );
  return {
    batch: {
      observations: adopt(
        floats(width, ({ observations }) => observations),
        'f64',
        [rows, width],
      ),
      actions,
      logProbabilities: adopt(
        floats(1, ({ acted }) => acted.logProbabilities),
        'f64',
        [rows],
      ),
      oldParameters,
      rewards: adopt(
        floats(1, ({ transition }) => transition.rewards),
        'f64',
        [rows],
      ),
      ...(envs.env.reportsCost === true
        ? {
            costs: adopt(
              floats(1, ({ transition }) => transition.costs ?? []),
              'f64',
              [rows],
            ),
          }
        : {}),
      terminated: adopt(terminated, 'bool', [rows]),
      truncated: adopt(truncated, 'bool', [rows]),
      finalObservations: adopt(finals, 'f64', [ends.length, width]),
      segments,
    },
    environments: standing(taken, lengths, width),
  };
};
