/** Replays recorded trajectories against an environment and measures how far apart the two are. */
import { isNatgradError, type NatgradError } from '@natgrad/tensor';
import { invalid } from '@natgrad/tensor/internal';
import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js';
import type { Env } from './env.js';
import { type Vector, widthOf } from './spaces.js';
import type { Trajectory, TrajectoryFile } from './trajectory.js';

/** The largest difference over all steps and elements, and the first step (from 0) that has it; −1 if all agree. */
export interface Deviation {
  readonly largest: number;
  readonly step: number;
}

/** How far a replay may be from the record. */
export interface Tolerances {
  readonly state: number;
  readonly observation: number;
  readonly reward: number;
  /** True where a difference counts in units of 1 + |recorded value|, for quantities of very different sizes. */
  readonly relative?: boolean;
}

/** How a replay went. */
export interface TrajectoryReplay {
  readonly name: string;
  readonly steps: number;
  readonly state: Deviation;
  readonly observation: Deviation;
  readonly reward: Deviation;
  /** Steps whose termination differs from the recorded one, from 0. */
  readonly terminationMismatches: readonly number[];
  /** True if all deviations are within the tolerances and every termination agrees. */
  readonly matches: boolean;
}

/**
 * How far an exact reimplementation may be off. State and reward in double precision: 1e-9, the rounding of a few hundred
 * chaotic steps. Observations in single precision: 1e-6, about one unit in the last place at the sizes that occur. A state
 * kept in single precision: 1e-5 for all three, because numpy 2 also computes such a step in single precision and numpy 1
 * did not. Physics tasks, which show forces of thousands: 1e-9 of 1 + the recorded value.
 */
export const defaultTolerances = (env: Env): Tolerances => {
  if (env.coordinates?.dtype === 'f32') return { state: 1e-5, observation: 1e-5, reward: 1e-5 };
  const relative = env.coordinates?.names[0]?.startsWith('qpos') === true;
  return { state: 1e-9, observation: env.observationSpace.dtype === 'f32' ? 1e-6 : 1e-9, reward: 1e-9, relative };
};

const fail = (path: string, message: string, expected: string): Either<NatgradError, never> =>
  left(invalid('replay', `${path}: ${message}`, { argument: path, expected }));

/** Largest difference of two vectors; infinite where widths differ or one has a NaN that the other has not. */
const difference = (ours: Vector, recorded: Vector, relative: boolean): number => {
  if (ours.length !== recorded.length) return Infinity;
  let largest = 0;
  for (let i = 0; i < ours.length; i += 1) {
    const unit = relative ? 1 + Math.abs(recorded[i] as number) : 1;
    const gap = Math.abs((ours[i] as number) - (recorded[i] as number)) / unit;
    if (!(gap <= largest) && !Object.is(ours[i], recorded[i])) largest = Number.isNaN(gap) ? Infinity : gap;
  }
  return largest;
};

const larger = (so: Deviation, gap: number, step: number): Deviation =>
  gap > so.largest ? { largest: gap, step } : so;

const AGREE: Deviation = Object.freeze({ largest: 0, step: -1 });

/** What the header of a file may state about an environment, as it is here. */
const factsOf = ({ coordinates, observationSpace, timeLimit }: Env): Readonly<Record<string, number>> => ({
  ...coordinates?.facts,
  obs_size: widthOf(observationSpace),
  ...(timeLimit === null ? {} : { max_episode_steps: timeLimit }),
});

/** The first fact of a file that is another one here; products such as `dt` may be rounded. */
const contradiction = (env: Env, header: Readonly<Record<string, number>>): Either<NatgradError, never> | null => {
  const facts = factsOf(env);
  const name = Object.keys(header).find((each) => {
    const [said, here] = [header[each] as number, facts[each]];
    return here !== undefined && !(Math.abs(said - here) <= 1e-12 * Math.abs(here));
  });
  return name === undefined
    ? null
    : fail(name, `the file was recorded with ${header[name]}, but ${env.id} has ${facts[name]}`, String(facts[name]));
};

/** Replays one trajectory; the environment must have coordinates. Throws what the environment throws. */
const replayOne = (env: Env, trajectory: Trajectory, tolerances: Tolerances): TrajectoryReplay => {
  const { coordinates } = env;
  if (coordinates === undefined) throw new Error('unreachable: checked by replay');
  const { actions, states, observations, rewards, terminated, initialObservation } = trajectory;
  const off = (ours: Vector, recorded: Vector): number => difference(ours, recorded, tolerances.relative === true);
  const begun = coordinates.start(trajectory.initial);
  let { state } = begun;
  let [stateGap, observationGap, rewardGap] = [AGREE, AGREE, AGREE];
  // What it begins with counts as of the first step.
  if (initialObservation !== undefined) observationGap = larger(AGREE, off(begun.observation, initialObservation), 0);
  const terminationMismatches: number[] = [];
  // Where fewer states were recorded than steps, they are the last ones.
  const unknown = actions.length - states.length;
  actions.forEach((action, step) => {
    const next = env.step(state, action);
    state = next.state;
    if (step >= unknown)
      stateGap = larger(stateGap, off(coordinates.read(state), states[step - unknown] as Vector), step);
    observationGap = larger(observationGap, off(next.observation, observations[step] as Vector), step);
    rewardGap = larger(rewardGap, off([next.reward], [rewards[step] as number]), step);
    if (next.terminated !== terminated[step]) terminationMismatches.push(step);
  });
  return {
    name: trajectory.name,
    steps: trajectory.actions.length,
    state: stateGap,
    observation: observationGap,
    reward: rewardGap,
    terminationMismatches,
    matches:
      stateGap.largest <= tolerances.state &&
      observationGap.largest <= tolerances.observation &&
      rewardGap.largest <= tolerances.reward &&
      terminationMismatches.length === 0,
  };
};

/**
 * Replays every trajectory of a file: starts at its initial coordinates, takes its actions, and compares each step. Time
 * limits play no part, and steps after a termination are replayed too.
 *
 * @param tolerances per element; default {@link defaultTolerances}
 * @returns `Left` if the file is of another environment, or of another version of it by what its header states, there is nothing in
 * it, the environment has no coordinates, or an action or an initial state
 * is not one of this environment, with the place in the file. Deviations are no error: see `matches`.
 * @example
 * ```ts
 * const text = JSON.stringify({
 *   env: 'Pendulum-v1',
 *   trajectories: [
 *     { name: 'upright', state0: [0, 0], actions: [[0]], state: [[0, 0]], obs: [[1, 0, 0]], reward: [0], terminated: [false] },
 *   ],
 * });
 * const file = decodeTrajectories(text);
 * if (file._tag === 'Left') throw file.left;
 * const replays = replay(pendulum(), file.right);
 * console.log(replays._tag === 'Right' && replays.right[0]?.matches); // true
 * ```
 */
export const replay = (
  env: Env,
  file: TrajectoryFile,
  tolerances: Tolerances = defaultTolerances(env),
): Either<NatgradError, readonly TrajectoryReplay[]> => {
  if (file.env !== env.id) return fail('env', `the file was recorded from ${file.env}, not from ${env.id}`, env.id);
  if (env.coordinates === undefined)
    return fail('env', `${env.id} cannot start at given coordinates`, 'Env.coordinates');
  const contradicted = contradiction(env, file.header ?? {});
  if (contradicted !== null) return contradicted;
  if (file.trajectories.length === 0) return fail('trajectories', 'there are none, nothing to compare', 'one or more');
  const replays: TrajectoryReplay[] = [];
  for (const [i, trajectory] of file.trajectories.entries()) {
    const replayed = attempt(`trajectories[${i}]`, () => replayOne(env, trajectory, tolerances));
    if (isLeft(replayed)) return replayed;
    replays.push(replayed.right);
  }
  return right(replays);
};

/** A typed error of the environment says what is wrong with the file; anything else is a fault in the environment itself. */
const attempt = <T>(path: string, run: () => T): Either<NatgradError, T> => {
  try {
    return right(run());
  } catch (error) {
    if (!isNatgradError(error)) throw error;
    // The first line: the second names a line of code, which here is not the caller's fault.
    return fail(
      path,
      error.message.split('\n', 1).join(''),
      error.expected ?? 'a start and actions that the environment takes',
    );
  }
};
