/** States of every registered environment: one that shows what there is to see, and those of random episodes. */
import { type Action, type Env, environments, loadEnv, type Scene } from '@natgrad/envs';
import { foldIn, type Key, key, uniformAt } from '@natgrad/tensor';
import { isLeft } from 'fp-ts/lib/Either.js';

export const registered: readonly Env[] = await Promise.all(
  environments.map(async ({ id }) => {
    const env = await loadEnv({ id })();
    if (isLeft(env)) throw env.left;
    return env.right;
  }),
);

/** Coordinates to begin at, and an action. */
const POSES: Readonly<Record<string, readonly [coordinates: readonly number[], action: Action]>> = {
  'CartPole-v1': [[0.6, 0, 0.1, 0], 1],
  'Acrobot-v1': [[1.1, 0.7, 0, 0], 2],
  'MountainCar-v0': [[0.1, 0.02], 2],
  'MountainCarContinuous-v0': [[-0.9, 0.02], [-0.7]],
  'Pendulum-v1': [[0.6, 0], [1.4]],
  'Detour-v0': [
    [-0.62, -0.2],
    [0.8, -0.4],
  ],
  'RepeatPrevious-v0': [[6, ...Array.from({ length: 16 }, (_, i) => (i * 7 + 3) % 4)], 2],
};

/** For the others: steps under waves of control, after which they stand differently but still stand. */
const MOVED: Readonly<Record<string, number>> = {
  'HalfCheetah-v5': 9,
  'Hopper-v5': 9,
  'Walker2d-v5': 12,
  'Ant-v5': 20,
  'Humanoid-v5': 10,
  'Swimmer-v5': 20,
  'Reacher-v5': 20,
  'InvertedPendulum-v5': 3,
  'InvertedDoublePendulum-v5': 3,
};

const wave = (env: Env, step: number): Action => {
  if (env.actionSpace.kind !== 'box') throw new Error(`${env.id} needs a pose`);
  const { high } = env.actionSpace;
  return high.map((bound, i) => 0.6 * bound * Math.sin(step / 4 + 2 * i));
};

/** The scene whose picture is kept. */
export const posed = (env: Env): Scene => {
  if (env.scene === undefined) throw new Error(`${env.id} has no scene`);
  const pose = POSES[env.id];
  if (pose !== undefined) {
    const start = env.coordinates?.start(pose[0]);
    return env.scene(start?.state, pose[1]);
  }
  const steps = MOVED[env.id];
  if (steps === undefined) throw new Error(`${env.id} needs a pose in test/envs/_scenes.ts`);
  const end = Array.from({ length: steps }).reduce<unknown>(
    (state, _, step) => env.step(state, wave(env, step)).state,
    env.reset(key(1)).state,
  );
  return env.scene(end);
};

const actionAt = ({ actionSpace: space }: Env, seed: Key, step: number): Action => {
  const draw = (i: number): number => uniformAt(foldIn(seed, step), i);
  if (space.kind === 'discrete') return Math.floor(draw(0) * space.n);
  if (space.kind !== 'box') throw new Error('no registered environment has such actions');
  return space.low.map((low, i) => low + draw(i) * ((space.high[i] as number) - low));
};

export interface Moment {
  readonly state: unknown;
  readonly action: Action;
}

/** The states of a random episode, at most `most`. */
export const episode = (
  env: Env,
  seed: Key,
  most: number,
  look: (moment: Moment) => void = () => undefined,
): readonly Moment[] => {
  let { state } = env.reset(seed);
  const moments: Moment[] = [];
  for (let step = 0; step < most; step += 1) {
    const moment = { state, action: actionAt(env, seed, step) };
    moments.push(moment);
    look(moment);
    const next = env.step(state, moment.action);
    if (next.terminated || next.truncated) break;
    ({ state } = next);
  }
  return moments;
};

export const sceneOf = (env: Env, { state, action }: Moment): Scene => {
  if (env.scene === undefined) throw new Error(`${env.id} has no scene`);
  return env.scene(state, action);
};
