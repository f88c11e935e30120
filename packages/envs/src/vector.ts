/** Many environments as one: stepped together, each reset as soon as its episode ends. */
import { foldIn, type Key } from '@natgrad/tensor';
import { invalid, shapeError } from '@natgrad/tensor/internal';
import type { Env, EnvFailure } from './env.js';
import { type Action, type Box, type Space, type Vector, widthOf } from './spaces.js';

/** Where all environments stand. Plain data, like the states in it. */
export interface VectorState<State> {
  readonly key: Key;
  readonly states: readonly State[];
  /** Episodes that each environment has begun, less one. */
  readonly episodes: readonly number[];
}

/** Where environments that step together begin. */
export interface VectorStart<State> {
  readonly state: VectorState<State>;
  /** `count × width`, row-major: the observation to act on, per environment. */
  readonly observations: Float64Array;
}

/** Row `i` of every array belongs to environment `i`, or to the i-th of those that were stepped; the state is that of all. */
export interface VectorTransition<State> extends VectorStart<State> {
  /**
   * `count × width`: the observation that the step itself led to. Where an episode ended, that is its final observation, to
   * bootstrap from after a truncation, while `observations` already shows the beginning of the next episode. Elsewhere both
   * are equal, and if no episode ended they are one array.
   */
  readonly finalObservations: Float64Array;
  readonly rewards: Float64Array;
  /** Only of environments that report costs; NaN where one did not after all. */
  readonly costs?: Float64Array;
  /** 1 where the task ended, else 0. */
  readonly terminated: Uint8Array;
  /** 1 where the episode was cut, else 0. */
  readonly truncated: Uint8Array;
  /** Only if there were any: the environments whose step failed, by their index here. */
  readonly failures?: readonly { readonly environment: number; readonly failure: EnvFailure }[];
}

/** Environments that step together. Its arrays are fresh: never written again, to be read only. */
export interface VectorEnv<State = unknown> {
  readonly env: Env<State>;
  readonly count: number;
  /** Index of the first environment among all of a larger set. */
  readonly firstIndex: number;
  readonly observationSpace: Box;
  readonly actionSpace: Space;
  reset(key: Key): VectorStart<State>;
  /**
   * One step of every environment, or of some: the others stay as they are.
   *
   * @param actions `rows × width` packed: an index each for a discrete space, rows of numbers for a box
   * @param only the environments to step, ascending, by their index here; then there is a row for each of these alone, in the
   * actions and in the arrays of the transition
   * @throws `ShapeMismatch` for another number of actions, `InvalidArgument` for environments that there are not, and what
   * `Env.step` throws
   */
  step(state: VectorState<State>, actions: Vector, only?: readonly number[]): VectorTransition<State>;
}

/** Which environments of a larger set these are. */
export interface VectorOptions {
  /** Index of the first environment among all of a larger set. Default 0. */
  readonly firstIndex?: number;
}

/** The key of one episode: depends on which environment and which episode it is, and on nothing else. */
const episodeKey = (key: Key, index: number, episode: number): Key => foldIn(foldIn(key, index), episode);

const checkCount = (name: string, value: number, least: number): void => {
  if (!Number.isSafeInteger(value) || value < least)
    throw invalid('vectorise', `${name} is ${value}, expected a whole number ≥ ${least}`, {
      argument: name,
      found: String(value),
      expected: `a whole number ≥ ${least}`,
    });
};

/** Refuses a selection of environments that is not ascending or goes beyond the set. */
const checkSelection = (only: readonly number[], count: number): readonly number[] => {
  const fits = only.every((i, k) => Number.isInteger(i) && i >= 0 && i < count && i > (only[k - 1] ?? -1));
  if (!fits)
    throw invalid('VectorEnv.step', `[${only.slice(0, 8).join(', ')}] are no environments of ${count}`, {
      argument: 'only',
      found: `[${only.slice(0, 8).join(', ')}]`,
      expected: `ascending indices from 0 to ${count - 1}`,
    });
  return only;
};

/**
 * `count` copies of an environment that step together. Episode `e` of environment `i` begins with the key
 * `foldIn(foldIn(key, i), e)`, so what happens in it does not depend on the other environments: `count` environments here, or
 * the same ones split by `firstIndex` over several calls or workers, give the same rows to the bit.
 *
 * @example
 * ```ts
 * const envs = vectorise(timeLimit(cartPole(), 500), 8);
 * const { state } = envs.reset(key(0));
 * const next = envs.step(state, [0, 1, 0, 1, 0, 1, 0, 1]);
 * console.log(next.rewards.length); // 8
 * ```
 */
export const vectorise = <State>(
  env: Env<State>,
  count: number,
  { firstIndex = 0 }: VectorOptions = {},
): VectorEnv<State> => {
  checkCount('count', count, 1);
  checkCount('firstIndex', firstIndex, 0);
  const width = widthOf(env.observationSpace);
  const actionWidth = widthOf(env.actionSpace);
  const discrete = env.actionSpace.kind === 'discrete';
  const all: readonly number[] = Array.from({ length: count }, (_, i) => i);

  /** Copies one observation into its row of a packed array that is still being filled. */
  const pack = (out: Float64Array, row: number, environment: number, observation: Vector): void => {
    if (observation.length !== width)
      throw shapeError(
        env.id,
        `environment ${firstIndex + environment} showed ${observation.length} numbers, its space has ${width}`,
        {
          argument: 'observation',
          found: `${observation.length} numbers`,
          expected: `${width} numbers`,
        },
      );
    for (let j = 0, at = row * width; j < width; j += 1, at += 1) out[at] = observation[j] as number;
  };

  const actionOf = (actions: Vector, row: number): Action => {
    if (discrete) return actions[row] as number;
    const action = new Float64Array(actionWidth);
    for (let j = 0, at = row * actionWidth; j < actionWidth; j += 1, at += 1) action[j] = actions[at] as number;
    return action;
  };

  return {
    env,
    count,
    firstIndex,
    observationSpace: env.observationSpace,
    actionSpace: env.actionSpace,
    reset: (key: Key): VectorStart<State> => {
      const observations = new Float64Array(count * width);
      const states = Array.from({ length: count }, (_, i): State => {
        const start = env.reset(episodeKey(key, firstIndex + i, 0));
        pack(observations, i, i, start.observation);
        return start.state;
      });
      return { state: { key, states, episodes: new Array<number>(count).fill(0) }, observations };
    },
    step: (state: VectorState<State>, actions: Vector, only?: readonly number[]): VectorTransition<State> => {
      const stepped = only === undefined ? all : checkSelection(only, count);
      const rows = stepped.length;
      if (actions.length !== rows * actionWidth)
        throw shapeError('VectorEnv.step', `${actions.length} numbers for ${rows} actions of width ${actionWidth}`, {
          argument: 'actions',
          found: `${actions.length} numbers`,
          expected: `${rows * actionWidth} numbers`,
        });
      const finalObservations = new Float64Array(rows * width);
      const rewards = new Float64Array(rows);
      const costs = env.reportsCost === true ? new Float64Array(rows) : null;
      const terminated = new Uint8Array(rows);
      const truncated = new Uint8Array(rows);
      const failures: { readonly environment: number; readonly failure: EnvFailure }[] = [];
      const states = state.states.slice();
      let episodes = state.episodes;
      let observations = finalObservations;
      for (let row = 0; row < rows; row += 1) {
        const i = stepped[row] as number;
        const next = env.step(states[i] as State, actionOf(actions, row));
        pack(finalObservations, row, i, next.observation);
        rewards[row] = next.reward;
        if (costs !== null) costs[row] = next.cost ?? Number.NaN;
        terminated[row] = next.terminated ? 1 : 0;
        truncated[row] = next.truncated ? 1 : 0;
        if (next.failure !== undefined) failures.push({ environment: i, failure: next.failure });
        states[i] = next.state;
      }
      for (let row = 0; row < rows; row += 1) {
        if (terminated[row] === 0 && truncated[row] === 0) continue;
        const i = stepped[row] as number;
        const episode = (episodes[i] as number) + 1;
        const start = env.reset(episodeKey(state.key, firstIndex + i, episode));
        if (observations === finalObservations) observations = finalObservations.slice();
        pack(observations, row, i, start.observation);
        states[i] = start.state;
        episodes = episodes.map((before, j) => (j === i ? episode : before));
      }
      return {
        state: { key: state.key, states, episodes },
        observations,
        finalObservations,
        rewards,
        ...(costs === null ? {} : { costs }),
        terminated,
        truncated,
        ...(failures.length === 0 ? {} : { failures }),
      };
    },
  };
};
