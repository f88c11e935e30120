/** Memory as an observation: what an episode has shown so far. */
import type { Key } from '@natgrad/tensor';
import { invalid } from '@natgrad/tensor/internal';
import { type Coordinates, type Env, innerScene, type Start, type Transition } from './env.js';
import { type Action, type Box, box, type Vector } from './spaces.js';

/** The state of an environment with history: the inner state, and the observations of the window, oldest first. */
export interface WithHistory<State> {
  readonly inner: State;
  readonly window: readonly Vector[];
}

/** The space of windows: an element in front of each observation tells that there is one; where there is none are zeros. */
const windowSpace = ({ low, high, dtype }: Box, steps: number): Box => {
  const repeated = (flag: number, bound: readonly number[]): readonly number[] =>
    Array.from({ length: steps }, () => [flag, ...bound]).flat();
  return box({
    low: repeated(
      0,
      low.map((x) => Math.min(0, x)),
    ),
    high: repeated(
      1,
      high.map((x) => Math.max(0, x)),
    ),
    shape: [steps, 1 + low.length],
    dtype,
  });
};

/**
 * The same task, observed with its past: an observation is the list of the latest `steps` observations of the episode, the
 * present one last, each behind a 1. An episode that is younger fills the end of the list; the rest, in front, is zeros. Of the
 * observation `[steps, 1 + width]` (row-major) row `i` is `[1, ...observation]` or zeros.
 *
 * A policy on this is a policy with a memory, and stays a pure function of its observation: `recurrentModel` of
 * `@natgrad/rl-trpo` runs a recurrent cell over the rows that begin with 1. As long as episodes have at most `steps`
 * observations, that is the recurrent policy, exactly; in longer ones it forgets what is older. (An episode that a time limit
 * cuts after `n` steps shows `n + 1` observations, of which the last only serves to bootstrap.)
 *
 * Rewards, ends and time limit are those of `env`.
 *
 * @param steps observations in the window, a whole number of at least 1
 * @throws `InvalidArgument` for any other number of steps
 * @example
 * ```ts
 * const env = withHistory(pendulum(), 2);
 * const { state, observation } = env.reset(key(0));
 * console.log(Array.from(observation).slice(0, 5)); // [ 0, 0, 0, 0, 1 ]
 * const next = env.step(state, [0]).observation;
 * console.log(next[0], next[1] === observation[5]); // 1 true
 * ```
 */
export const withHistory = <State, A extends Action>(env: Env<State, A>, steps: number): Env<WithHistory<State>, A> => {
  if (!Number.isSafeInteger(steps) || steps < 1)
    throw invalid('withHistory', `${steps} steps, expected a whole number ≥ 1`, {
      argument: 'steps',
      found: String(steps),
      expected: 'a whole number ≥ 1',
    });
  const width = 1 + env.observationSpace.low.length;

  const shown = (inner: State, window: readonly Vector[]): Start<WithHistory<State>> => {
    const observation = new Float64Array(steps * width);
    window.forEach((row, i) => {
      const at = (steps - window.length + i) * width;
      observation[at] = 1;
      for (let j = 1; j < width; j += 1) observation[at + j] = row[j - 1] as number;
    });
    return { state: { inner, window }, observation };
  };
  const begin = ({ state, observation }: Start<State>): Start<WithHistory<State>> => shown(state, [observation]);

  const { coordinates } = env;
  const outer: Coordinates<WithHistory<State>> | undefined = coordinates && {
    names: coordinates.names,
    dtype: coordinates.dtype,
    read: ({ inner }: WithHistory<State>): Vector => coordinates.read(inner),
    start: (values: Vector): Start<WithHistory<State>> => begin(coordinates.start(values)),
  };
  return Object.freeze({
    id: env.id,
    observationSpace: windowSpace(env.observationSpace, steps),
    actionSpace: env.actionSpace,
    timeLimit: env.timeLimit,
    rewardThreshold: env.rewardThreshold,
    reportsCost: env.reportsCost ?? false,
    ...(outer === undefined ? {} : { coordinates: outer }),
    ...innerScene(env),
    reset: (key: Key): Start<WithHistory<State>> => begin(env.reset(key)),
    step: ({ inner, window }: WithHistory<State>, action: A): Transition<WithHistory<State>> => {
      const { state, observation, ...rest } = env.step(inner, action);
      // A step that fails shows what was shown before it.
      const seen = rest.failure === undefined ? [...window, observation].slice(-steps) : window;
      return { ...rest, ...shown(state, seen) };
    },
  });
};
