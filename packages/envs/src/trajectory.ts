/** Recorded trajectories, in the two formats of those that the tests replay, read from files that may come from anybody. */
import { NatgradError } from '@natgrad/tensor';
import { describeForeign } from '@natgrad/tensor/internal';
import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js';
import type { Action } from './spaces.js';

/** One recorded episode: where it began, what was done, and what followed. All lists have one entry per step. */
export interface Trajectory {
  readonly name: string;
  readonly initial: readonly number[];
  readonly actions: readonly Action[];
  /** After each step; only the last one, or none, where the others were not recorded. */
  readonly states: readonly (readonly number[])[];
  readonly observations: readonly (readonly number[])[];
  readonly rewards: readonly number[];
  readonly terminated: readonly boolean[];
  /** What the environment showed before the first action; absent where that was not recorded. */
  readonly initialObservation?: readonly number[];
}

/** Recorded trajectories of one environment. */
export interface TrajectoryFile {
  /** The environment that the file says it was recorded from. */
  readonly env: string;
  /** What else the file says of that environment: `frame_skip` and the like, as far as they are there. */
  readonly header?: Readonly<Record<string, number>>;
  readonly trajectories: readonly Trajectory[];
}

/** Numbers that a file may state about the environment that it was recorded from, beside its name. */
const HEADER = ['frame_skip', 'timestep', 'dt', 'nq', 'nv', 'nu', 'obs_size', 'max_episode_steps'] as const;

/** Largest file, in characters, and largest parts of one. */
export const TRAJECTORY_LIMITS: {
  readonly characters: number;
  readonly trajectories: number;
  readonly steps: number;
  readonly width: number;
} = Object.freeze({ characters: 256 * 2 ** 20, trajectories: 10_000, steps: 1_000_000, width: 10_000 });

type Decoded<T> = Either<NatgradError, T>;
type Decoder<T> = (value: unknown, path: string) => Decoded<T>;

const malformed = (path: string, found: string, expected: string): Decoded<never> =>
  left(
    new NatgradError('Malformed', `${path} is ${found}, expected ${expected}`, {
      operation: 'decodeTrajectories',
      argument: path,
      found,
      expected,
    }),
  );

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const number: Decoder<number> = (value, path) =>
  typeof value === 'number' && Number.isFinite(value)
    ? right(value)
    : malformed(path, describeForeign(value), 'a finite number');

const boolean: Decoder<boolean> = (value, path) =>
  typeof value === 'boolean' ? right(value) : malformed(path, describeForeign(value), 'true or false');

/** A line of text to show: control characters, which could drive a terminal, are replaced. */
const text: Decoder<string> = (value, path) =>
  typeof value === 'string' && value.length <= 200
    ? right(value.replace(/\p{C}/gu, '�'))
    : malformed(
        path,
        typeof value === 'string' ? `${value.length} characters long` : describeForeign(value),
        'a string of at most 200 characters',
      );

/** A list of at most `most` items, or of exactly `length`. */
const list =
  <T>(item: Decoder<T>, most: number, length?: number): Decoder<readonly T[]> =>
  (value, path) => {
    if (!Array.isArray(value)) return malformed(path, describeForeign(value), 'an array');
    if (value.length > most) return malformed(path, `an array of length ${value.length}`, `at most ${most} entries`);
    if (length !== undefined && value.length !== length)
      return malformed(path, `an array of length ${value.length}`, `${length} entries, as there are actions`);
    const items: T[] = [];
    for (let i = 0; i < value.length; i += 1) {
      const decoded = item(value[i], `${path}[${i}]`);
      if (isLeft(decoded)) return decoded;
      items.push(decoded.right);
    }
    return right(items);
  };

const numbers: Decoder<readonly number[]> = list(number, TRAJECTORY_LIMITS.width);

const action: Decoder<Action> = (value, path) => (Array.isArray(value) ? numbers(value, path) : number(value, path));

/** Pose and motion of a physics task, one after the other. */
const physicsState = (value: Readonly<Record<string, unknown>>, path: string, prefix: string): Decoded<number[]> => {
  const qpos = numbers(value[`${prefix}qpos`], `${path}.${prefix}qpos`);
  if (isLeft(qpos)) return qpos;
  const qvel = numbers(value[`${prefix}qvel`], `${path}.${prefix}qvel`);
  return isLeft(qvel) ? qvel : right([...qpos.right, ...qvel.right]);
};

/** What differs between the formats: where an episode began, and which states are known. */
const ends = (
  value: Readonly<Record<string, unknown>>,
  path: string,
  steps: number,
): Decoded<Pick<Trajectory, 'initial' | 'states' | 'initialObservation'>> => {
  if (!Object.hasOwn(value, 'qpos')) {
    const initial = numbers(value['state0'], `${path}.state0`);
    if (isLeft(initial)) return initial;
    const states = list(numbers, TRAJECTORY_LIMITS.steps, steps)(value['state'], `${path}.state`);
    return isLeft(states) ? states : right({ initial: initial.right, states: states.right });
  }
  const initial = physicsState(value, path, '');
  if (isLeft(initial)) return initial;
  const final = physicsState(value, path, 'final_');
  if (isLeft(final)) return final;
  const initialObservation = numbers(value['reset_obs'], `${path}.reset_obs`);
  if (isLeft(initialObservation)) return initialObservation;
  return right({ initial: initial.right, states: [final.right], initialObservation: initialObservation.right });
};

const trajectory: Decoder<Trajectory> = (value, path) => {
  if (!isRecord(value)) return malformed(path, describeForeign(value), 'a trajectory: { name, state0, actions, … }');
  const name = text(value['name'], `${path}.name`);
  if (isLeft(name)) return name;
  const actions = list(action, TRAJECTORY_LIMITS.steps)(value['actions'], `${path}.actions`);
  if (isLeft(actions)) return actions;
  const perStep = <T>(item: Decoder<T>, field: string): Decoded<readonly T[]> =>
    list(item, TRAJECTORY_LIMITS.steps, actions.right.length)(value[field], `${path}.${field}`);
  const known = ends(value, path, actions.right.length);
  if (isLeft(known)) return known;
  const observations = perStep(numbers, 'obs');
  if (isLeft(observations)) return observations;
  const rewards = perStep(number, 'reward');
  if (isLeft(rewards)) return rewards;
  const terminated = perStep(boolean, 'terminated');
  if (isLeft(terminated)) return terminated;
  return right({
    name: name.right,
    ...known.right,
    actions: actions.right,
    observations: observations.right,
    rewards: rewards.right,
    terminated: terminated.right,
  });
};

const parse = (content: string): Decoded<unknown> => {
  if (content.length > TRAJECTORY_LIMITS.characters)
    return malformed('the file', `${content.length} characters long`, `at most ${TRAJECTORY_LIMITS.characters}`);
  try {
    return right(JSON.parse(content));
  } catch (error) {
    return malformed(
      'the file',
      `no JSON (${error instanceof Error ? error.message : String(error)})`,
      'a JSON object',
    );
  }
};

/**
 * Reads trajectories from the text of a JSON file:
 * `{ env, trajectories: [{ name, state0, actions, state, obs, reward, terminated }] }`, where the last four have one entry per
 * action. Those of physics tasks have `qpos`, `qvel`, `reset_obs`, `final_qpos` and `final_qvel` in place of `state0` and `state`.
 * Beside `env` it may state `frame_skip`, `timestep`, `dt`, `nq`, `nv`, `nu`, `obs_size` and `max_episode_steps`. Fields that it does
 * not know are ignored.
 *
 * @returns `Left` with code `Malformed` and the path of the first fault, e.g. `trajectories[0].obs[17][2]`; never throws
 * @example
 * ```ts
 * const file = decodeTrajectories('{ "env": "CartPole-v1", "trajectories": 3 }');
 * console.log(file._tag === 'Left' && file.left.argument); // trajectories
 * ```
 */
export const decodeTrajectories = (content: string): Either<NatgradError, TrajectoryFile> => {
  const parsed = parse(content);
  if (isLeft(parsed)) return parsed;
  const file = parsed.right;
  if (!isRecord(file)) return malformed('the file', describeForeign(file), 'a JSON object { env, trajectories }');
  const env = text(file['env'], 'env');
  if (isLeft(env)) return env;
  const header: Record<string, number> = {};
  for (const name of HEADER.filter((each) => Object.hasOwn(file, each))) {
    const value = number(file[name], name);
    if (isLeft(value)) return value;
    header[name] = value.right;
  }
  const trajectories = list(trajectory, TRAJECTORY_LIMITS.trajectories)(file['trajectories'], 'trajectories');
  if (isLeft(trajectories)) return trajectories;
  return right({ env: env.right, header, trajectories: trajectories.right });
};
