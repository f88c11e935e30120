/** Time limits: the one reason for truncation that an environment does not know by itself. */
import type { Key } from '@natgrad/tensor';
import { invalid } from '@natgrad/tensor/internal';
import { type Coordinates, type Env, innerScene, type Start, type Transition } from './env.js';
import type { Action, Vector } from './spaces.js';

/** The state of a time-limited environment: the inner state and the steps since reset. */
export interface TimeLimited<State> {
  readonly inner: State;
  readonly elapsed: number;
}

/**
 * Cuts episodes after `steps` steps: `truncated` is true from the step on that brings the count to the limit. As in
 * Gymnasium's `TimeLimit`, the two flags are independent: if the task ends in the very step that reaches the limit, both are
 * true, and a learner gives termination precedence (nothing follows, so there is nothing to bootstrap from).
 *
 * @param steps steps per episode, a whole number of at least 1
 * @throws `InvalidArgument` for any other number of steps
 * @example
 * ```ts
 * const env = timeLimit(pendulum(), 2);
 * const first = env.step(env.reset(key(0)).state, [0]);
 * const second = env.step(first.state, [0]);
 * console.log([first.truncated, second.truncated]); // [ false, true ]
 * ```
 */
export const timeLimit = <State, A extends Action>(env: Env<State, A>, steps: number): Env<TimeLimited<State>, A> => {
  if (!Number.isSafeInteger(steps) || steps < 1)
    throw invalid('timeLimit', `${steps} steps, expected a whole number ≥ 1`, {
      argument: 'steps',
      found: String(steps),
      expected: 'a whole number ≥ 1',
    });
  const begin = ({ state, observation }: Start<State>): Start<TimeLimited<State>> => ({
    state: { inner: state, elapsed: 0 },
    observation,
  });
  const { coordinates } = env;
  const outer: Coordinates<TimeLimited<State>> | undefined = coordinates && {
    names: coordinates.names,
    dtype: coordinates.dtype,
    ...(coordinates.facts === undefined ? {} : { facts: coordinates.facts }),
    read: ({ inner }: TimeLimited<State>): Vector => coordinates.read(inner),
    start: (values: Vector): Start<TimeLimited<State>> => begin(coordinates.start(values)),
  };
  return Object.freeze({
    id: env.id,
    observationSpace: env.observationSpace,
    actionSpace: env.actionSpace,
    timeLimit: env.timeLimit === null ? steps : Math.min(steps, env.timeLimit),
    rewardThreshold: env.rewardThreshold,
    reportsCost: env.reportsCost ?? false,
    ...(outer === undefined ? {} : { coordinates: outer }),
    ...innerScene(env),
    reset: (key: Key): Start<TimeLimited<State>> => begin(env.reset(key)),
    step: (state: TimeLimited<State>, action: A): Transition<TimeLimited<State>> => {
      const next = env.step(state.inner, action);
      const elapsed = state.elapsed + 1;
      return { ...next, state: { inner: next.state, elapsed }, truncated: next.truncated || elapsed >= steps };
    },
  });
};
