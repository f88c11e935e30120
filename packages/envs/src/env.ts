/**
 * The pure interface. An environment is a record of data and two pure functions; everything that changes is in the state,
 * and the state is plain data that anybody can store, send or go back to.
 */
import type { Key } from '@natgrad/tensor';
import { invalid, registerInternalRoot } from '@natgrad/tensor/internal';
import type { Scene } from './scene.js';
import { type Action, type Box, checkAction, type Space, type Vector } from './spaces.js';

registerInternalRoot(new URL('.', import.meta.url).href);

/** Where an episode begins. */
export interface Start<State> {
  readonly state: State;
  readonly observation: Vector;
}

/** Why an environment could not make a step, e.g. because its physics ran away, or a reward is no finite number. Plain data. */
export interface EnvFailure {
  readonly code: 'Runaway';
  /** What was found, e.g. `qvel[3] is NaN`. */
  readonly found: string;
  readonly expected: string;
}

/** What one step leads to. */
export interface Transition<State> extends Start<State> {
  readonly reward: number;
  /** What constraints bound, such as a risk taken; there at every step of an environment that `reportsCost`, and never of others. */
  readonly cost?: number;
  /** The task itself is over (the pole fell, the goal is reached): nothing follows, the value of what follows is 0. */
  readonly terminated: boolean;
  /** The episode was cut from outside, by a time limit: the task would go on, so a learner bootstraps from `observation`. */
  readonly truncated: boolean;
  /**
   * There where the step could not be made. It ends this episode and no other: `terminated` is true, the reward 0, and state and
   * observation are those before the step, to the bit. (A time limit counts the step all the same.)
   */
  readonly failure?: EnvFailure;
}

/**
 * The physical coordinates of a state as a flat vector: for replaying recorded trajectories, drawing, and starting anywhere.
 */
export interface Coordinates<State> {
  /** What each element is, e.g. `['position', 'velocity']`. */
  readonly names: readonly string[];
  /** `f32` if the environment rounds its state to single precision after each step. */
  readonly dtype: 'f32' | 'f64';
  /** Facts about its physics, by the names that recorded trajectories give them, such as `frame_skip`; a replay compares them. */
  readonly facts?: Readonly<Record<string, number>>;
  /** The coordinates of a state, a fresh vector. */
  read(state: State): Vector;
  /** An episode that begins at these coordinates: finite numbers, one per name. */
  start(values: Vector): Start<State>;
}

/**
 * A reinforcement-learning environment.
 *
 * - **Pure**: `reset` and `step` depend on their arguments only and change nothing. Randomness comes from the key given to
 *   `reset`; an environment that needs more of it later keeps a key in its state and splits it.
 * - **State is plain data**: records, arrays, typed arrays, numbers, strings, booleans, null. A structured clone of it, or one
 *   read back from a file, continues to the same bits.
 * - **Observations are fresh**: each call makes a new vector and never touches it again; callers may keep it and must not
 *   write to it.
 * - **Total**: `step` also answers after the end of an episode. Only an invalid action is an error, a typed one.
 *
 * `State` is opaque where it does not matter: every environment is an `Env`, whose states are `unknown`. (The two functions are
 * declared as methods so that TypeScript allows this; a state goes back only into the environment that it came from.)
 *
 * @example
 * ```ts
 * const env = cartPole();
 * const { state } = env.reset(key(0));
 * console.log(env.step(state, 1).reward); // 1
 * ```
 */
export interface Env<State = unknown, A extends Action = Action> {
  /** Name and version, e.g. `CartPole-v1`. */
  readonly id: string;
  readonly observationSpace: Box;
  readonly actionSpace: Space;
  /** Steps after which an episode is truncated; null if it never is. */
  readonly timeLimit: number | null;
  /** Mean return from which the task counts as solved; null if there is no agreed number. */
  readonly rewardThreshold: number | null;
  /** True where every transition has a cost. */
  readonly reportsCost?: boolean;
  /** Absent where there is no physical state to speak of. */
  readonly coordinates?: Coordinates<State>;
  /** Begins an episode. The same key gives the same episode start, to the bit. */
  reset(key: Key): Start<State>;
  /**
   * One step from `state`. The same state and action give the same transition, to the bit.
   *
   * @throws `OutOfRange` or `InvalidArgument` for an action that is no such choice, has the wrong width, or is not finite.
   */
  step(state: State, action: A): Transition<State>;
  /**
   * What a state looks like, for `render`. With `action` it also shows what is done in this state, where that can be seen: a force,
   * an answer. Absent where there is nothing to look at. Pure, and total over all states.
   */
  scene?(state: State, action?: A): Scene;
}

/** What {@link defineEnv} completes to an {@link Env}. */
export interface EnvParts<State, A extends Action> {
  readonly id: string;
  readonly observationSpace: Box;
  readonly actionSpace: Space;
  readonly timeLimit?: number | null;
  readonly rewardThreshold?: number | null;
  readonly reportsCost?: boolean;
  readonly coordinates?: Coordinates<State>;
  readonly reset: (key: Key) => Start<State>;
  /** Receives valid actions only. */
  readonly step: (state: State, action: A) => Transition<State>;
  readonly scene?: (state: State, action?: A) => Scene;
}

/**
 * An environment from its parts: checks every action before it reaches `step`, and the vector given to `coordinates.start`.
 *
 * @example
 * ```ts
 * // Walk along a line from a random place; the task is over at a distance of 3 or more.
 * const walk = defineEnv<{ readonly x: number }, number>({
 *   id: 'Walk-v0',
 *   observationSpace: box({ low: -Infinity, high: Infinity }),
 *   actionSpace: discrete(2),
 *   reset: (key) => {
 *     const x = uniformAt(key, 0);
 *     return { state: { x }, observation: [x] };
 *   },
 *   step: ({ x }, action) => {
 *     const next = x + (action === 1 ? 1 : -1);
 *     const terminated = Math.abs(next) >= 3;
 *     return { state: { x: next }, observation: [next], reward: terminated ? 0 : 1, terminated, truncated: false };
 *   },
 * });
 * console.log(walk.step({ x: 2.5 }, 1).terminated); // true
 * ```
 */
export const defineEnv = <State, A extends Action>(parts: EnvParts<State, A>): Env<State, A> => {
  const { id, actionSpace, coordinates, step, scene } = parts;
  const operation = `${id}.step`;
  return Object.freeze({
    id,
    observationSpace: parts.observationSpace,
    actionSpace,
    timeLimit: parts.timeLimit ?? null,
    rewardThreshold: parts.rewardThreshold ?? null,
    reportsCost: parts.reportsCost ?? false,
    ...(coordinates === undefined ? {} : { coordinates: checkedCoordinates(id, coordinates) }),
    reset: parts.reset,
    step: (state: State, action: A): Transition<State> => {
      checkAction(actionSpace, action, operation);
      return step(state, action);
    },
    ...(scene === undefined ? {} : { scene }),
  });
};

const checkedCoordinates = <State>(id: string, coordinates: Coordinates<State>): Coordinates<State> =>
  Object.freeze({
    names: coordinates.names,
    dtype: coordinates.dtype,
    ...(coordinates.facts === undefined ? {} : { facts: coordinates.facts }),
    read: (state: State): Vector => coordinates.read(state),
    start: (values: Vector): Start<State> => {
      const { names } = coordinates;
      const bad = names.findIndex((_, i) => !Number.isFinite(values[i]));
      if (values.length !== names.length || bad >= 0)
        throw invalid(
          `${id}.coordinates.start`,
          values.length === names.length
            ? `${names[bad]} is ${String(values[bad])}, expected a finite number`
            : `${values.length} coordinates, expected ${names.length}: ${names.join(', ')}`,
          { argument: 'values', expected: `${names.length} finite numbers` },
        );
      return coordinates.start(values);
    },
  });

/** The `scene` of an environment around another one whose state lies in `inner`, where that one has a scene. */
export const innerScene = <State, A extends Action>(
  env: Env<State, A>,
): { readonly scene?: (state: { readonly inner: State }, action?: A) => Scene } => {
  const scene = env.scene?.bind(env);
  return scene === undefined ? {} : { scene: ({ inner }, action) => scene(inner, action) };
};
