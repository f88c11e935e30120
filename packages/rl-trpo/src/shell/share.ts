/**
 * A share of a rollout: what some of the environments do of it. All that goes in and comes out is plain data, so a share can be
 * taken in this process or in a worker, and once more after a crash, with the same bits.
 */
import type { EnvFailure, VectorEnv, VectorState } from '@natgrad/envs';
import { foldIn } from '@natgrad/tensor';
import { invalid } from '@natgrad/tensor/internal';
import { actor } from '../act.js';
import type { TrpoConfig } from '../config.js';
import type { EngineOptions } from '../engine.js';
import { environmentKey } from '../keys.js';
import type { Model } from '../model.js';
import type { ActingState } from '../state.js';
import { environmentActions } from './environment-actions.js';

/** Where environments stand between two rollouts. Plain data, like the states in it. */
export interface Environments {
  readonly vector: VectorState<unknown>;
  /** `count × width`, packed: the observation that each environment shows. */
  readonly observations: Float64Array;
}

/** A step that could not be made. It ended its episode and no other. */
export interface StepFailure {
  readonly environment: number;
  /** Step of its environment in this rollout, from 0. */
  readonly step: number;
  readonly failure: EnvFailure;
}

/** The model, the environments, and the options that concern acting. */
export type ShareConfig = { readonly model: Model; readonly envs: VectorEnv } & Pick<
  TrpoConfig,
  'wholeEpisodes' | 'clipActions' | 'normaliseObservations' | 'observationClip'
> &
  Partial<EngineOptions>;

/** What is to be done. */
export interface ShareInput {
  /** Steps of each environment; the last one goes on to the end of its episode if episodes are to be whole. */
  readonly steps: readonly number[];
  readonly from: Environments;
}

/** What was done: rows sorted by environment and in it by time, packed. */
export interface Share {
  /** Steps that each environment made. */
  readonly lengths: readonly number[];
  readonly observations: Float64Array;
  readonly actions: Float64Array;
  readonly logProbabilities: Float64Array;
  readonly parameters: Readonly<Record<string, Float64Array>>;
  readonly rewards: Float64Array;
  /** Null where none are reported. */
  readonly costs: Float64Array | null;
  readonly terminated: Float64Array;
  readonly truncated: Float64Array;
  /** Of the rows after which a value must be bootstrapped: see `bootstrapRows`. */
  readonly finalObservations: Float64Array;
  readonly failures: readonly StepFailure[];
  /** Where the environments stand afterwards. */
  readonly environments: Environments;
}

/** Refuses what no policy can act on, before it becomes an action: names the environment, the step of the rollout, the element. */
const checkObservations = (
  { env, firstIndex }: VectorEnv,
  active: readonly number[],
  observations: Float64Array,
  step: number,
): void => {
  for (let at = 0; at < observations.length; at += 1) {
    if (Number.isFinite(observations[at])) continue;
    const width = observations.length / active.length;
    const environment = firstIndex + (active[Math.floor(at / width)] as number);
    const found = `${observations[at]} in element ${at % width}`;
    throw invalid('rollout', `environment ${environment} of ${env.id} shows ${found} at step ${step}`, {
      argument: 'observation',
      found,
      expected: 'finite numbers',
    });
  }
};

/** Rows of `width` numbers in the order of their arrival; grows as it is filled. */
class Column {
  readonly #width: number;
  #data: Float64Array;
  #length = 0;

  constructor(width: number, rows: number) {
    this.#width = width;
    this.#data = new Float64Array(width * rows);
  }

  add(rows: ArrayLike<number>): void {
    const length = this.#length + rows.length;
    if (length > this.#data.length) {
      const grown = new Float64Array(2 * length);
      grown.set(this.#data.subarray(0, this.#length));
      this.#data = grown;
    }
    this.#data.set(rows, this.#length);
    this.#length = length;
  }

  /** The rows in another order. */
  sorted(order: Int32Array): Float64Array {
    const [width, data] = [this.#width, this.#data];
    const out = new Float64Array(order.length * width);
    for (let row = 0, at = 0; row < order.length; row += 1)
      for (let from = (order[row] as number) * width, end = from + width; from < end; from += 1, at += 1)
        out[at] = data[from] as number;
    return out;
  }
}

/** Rows as they came, sorted by their environment: `order[k]` is the row that comes k-th. */
const byEnvironment = (environments: readonly number[], lengths: readonly number[]): Int32Array => {
  let next = 0;
  const at = lengths.map((length) => (next += length) - length);
  const order = new Int32Array(next);
  environments.forEach((environment, row) => {
    order[at[environment] as number] = row;
    at[environment] = (at[environment] as number) + 1;
  });
  return order;
};

/** Picks rows of a packed `[N, width]` array. */
const pick = (packed: Float64Array, width: number, rows: readonly number[]): Float64Array => {
  const out = new Float64Array(rows.length * width);
  rows.forEach((row, k) => out.set(packed.subarray(row * width, (row + 1) * width), k * width));
  return out;
};

/** Arrays one behind the other. One alone is handed on as it is. */
export const joined = (arrays: readonly Float64Array[]): Float64Array => {
  if (arrays.length === 1) return arrays[0] as Float64Array;
  const out = new Float64Array(arrays.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const array of arrays) {
    out.set(array, at);
    at += array.length;
  }
  return out;
};

/**
 * Takes a share: the environments that still have steps to make step together, and the policy acts for all of them at once. A
 * pure function of its arguments; what an environment does, does not depend on the others.
 */
export const takeShare = (config: ShareConfig, state: ActingState, { steps, from }: ShareInput): Share => {
  const { envs, model, wholeEpisodes } = config;
  const { distribution, observationWidth: width } = model;
  const { firstIndex, count } = envs;
  const { sample } = actor(config, state);
  const toEnvironment = environmentActions(distribution, envs.actionSpace, config.clipActions);
  const acting = steps.map((_, i) => environmentKey(state.key, firstIndex + i));

  const rows = steps.reduce((sum, each) => sum + each, 0);
  const column = (shape: readonly number[]): Column =>
    new Column(
      shape.reduce((product, extent) => product * extent, 1),
      rows,
    );
  const observed = column([width]);
  const actions = column(distribution.action.shape);
  const parameters = Object.entries(distribution.parameterShapes).map(
    ([name, shape]) => [name, column(shape)] as const,
  );
  const [logProbabilities, rewards, costs, terminated, truncated] = [[], [], [], [], []].map(column) as [
    Column,
    Column,
    Column,
    Column,
    Column,
  ];
  const environmentOfRow: number[] = [];
  const finals = steps.map((): Float64Array[] => []);
  const failures: StepFailure[] = [];
  const lengths = steps.map(() => 0);
  const standing = from.observations.slice();

  let active = steps.flatMap((each, i) => (each > 0 ? [i] : []));
  let { vector } = from;
  let observations = pick(from.observations, width, active);
  for (let step = 0; active.length > 0; step += 1) {
    checkObservations(envs, active, observations, step);
    // The action's key: see `actionKey`.
    const keys = active.map((i) => foldIn(acting[i] as (typeof acting)[number], step));
    const acted = sample(observations, keys);
    const transition = envs.step(vector, toEnvironment(acted.actions), active.length === count ? undefined : active);

    observed.add(observations);
    actions.add(acted.actions);
    logProbabilities.add(acted.logProbabilities);
    for (const [name, each] of parameters) each.add(acted.parameters[name] as Float64Array);
    rewards.add(transition.rewards);
    costs.add(transition.costs ?? []);
    terminated.add(transition.terminated);
    truncated.add(transition.truncated);
    for (const { environment, failure } of transition.failures ?? [])
      failures.push({ environment: firstIndex + environment, step, failure });

    const going: number[] = [];
    for (let row = 0; row < active.length; row += 1) {
      const i = active[row] as number;
      environmentOfRow.push(i);
      const isOver = transition.terminated[row] === 1;
      const isCut = transition.truncated[row] === 1;
      const isLast = step + 1 >= (steps[i] as number) && (!wholeEpisodes || isOver || isCut);
      if (!isOver && (isCut || isLast)) finals[i]?.push(pick(transition.finalObservations, width, [row]));
      if (isLast) {
        lengths[i] = step + 1;
        standing.set(pick(transition.observations, width, [row]), i * width);
      } else going.push(row);
    }
    vector = transition.state;
    observations =
      going.length === active.length ? transition.observations : pick(transition.observations, width, going);
    active = going.length === active.length ? active : going.map((row) => active[row] as number);
  }

  const order = byEnvironment(environmentOfRow, lengths);
  return {
    lengths,
    observations: observed.sorted(order),
    actions: actions.sorted(order),
    logProbabilities: logProbabilities.sorted(order),
    parameters: Object.fromEntries(parameters.map(([name, each]) => [name, each.sorted(order)])),
    rewards: rewards.sorted(order),
    costs: envs.env.reportsCost === true ? costs.sorted(order) : null,
    terminated: terminated.sorted(order),
    truncated: truncated.sorted(order),
    finalObservations: joined(finals.flat()),
    failures: failures.sort((a, b) => a.environment - b.environment || a.step - b.step),
    environments: { vector, observations: standing },
  };
};
