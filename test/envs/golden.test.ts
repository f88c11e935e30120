/** Trajectories of the real Gymnasium classes. */
import { readdirSync, readFileSync } from 'node:fs';
import { decodeTrajectories, type Env, loadEnv, replay, type TrajectoryFile } from '@natgrad/envs';
import { isLeft } from 'fp-ts/lib/Either.js';
import { describe, expect, test } from 'vitest';
import { classic } from '../../packages/envs/src/classic/index.js';
import { mujoco } from '../../packages/envs/src/mujoco/index.js';

const folder = new URL('../fixtures/golden/', import.meta.url);

const read = (name: string): TrajectoryFile => {
  const decoded = decodeTrajectories(readFileSync(new URL(name, folder), 'utf8'));
  if (isLeft(decoded)) throw decoded.left;
  return decoded.right;
};

const envOf = async (id: string): Promise<Env> => {
  const made = await loadEnv({ id })();
  if (isLeft(made)) throw made.left;
  return made.right;
};

describe.each(readdirSync(folder).filter((name) => name.endsWith('.json')))('%s', (name) => {
  const file = read(name);

  test('replays to the recorded states, observations, rewards and terminations', async () => {
    const replays = replay(await envOf(file.env), file);
    if (isLeft(replays)) throw replays.left;
    expect(replays.right.length).toBeGreaterThan(0);
    expect(replays.right.reduce((steps, trajectory) => steps + trajectory.steps, 0)).toBeGreaterThan(5);
    for (const trajectory of replays.right)
      expect(trajectory).toMatchObject({ matches: true, terminationMismatches: [] });
  });

  test.each(['states', 'observations', 'rewards', 'terminated'] as const)(
    'a change in %s is noticed',
    async (field) => {
      const trajectory = file.trajectories[0];
      if (trajectory === undefined) throw new Error('no trajectory');
      const step = 3;
      // Of physics tasks only the last state was recorded.
      const isLast = trajectory.states.length === 1;
      const stateStep = isLast ? trajectory.actions.length - 1 : step;
      // Twice the widest tolerance.
      const off = 2e-5;
      const changed = {
        ...trajectory,
        states: trajectory.states.map((x, i) =>
          field === 'states' && i === (isLast ? 0 : step) ? x.map((y, j) => (j === 1 ? y + off : y)) : x,
        ),
        observations: trajectory.observations.map((x, i) =>
          field === 'observations' && i === step ? x.map((y, j) => (j === 1 ? y - off : y)) : x,
        ),
        rewards: trajectory.rewards.map((x, i) => (field === 'rewards' && i === step ? x + off : x)),
        terminated: trajectory.terminated.map((x, i) => (field === 'terminated' && i === step ? !x : x)),
      };
      const replays = replay(await envOf(file.env), { ...file, trajectories: [changed] });
      if (isLeft(replays)) throw replays.left;
      const found = replays.right[0];
      expect(found?.matches).toBe(false);
      if (field === 'states') expect(found?.state.step).toBe(stateStep);
      if (field === 'observations') expect(found?.observation.step).toBe(step);
      if (field === 'rewards') expect(found?.reward.step).toBe(step);
      if (field === 'terminated') expect(found?.terminationMismatches).toEqual([step]);
    },
  );
});

test('MountainCarContinuous follows numpy 1 in what it rounds to single precision: no bit differs', async () => {
  const file = read('MountainCarContinuous.json');
  const replays = replay(await envOf(file.env), file, { state: 0, observation: 0, reward: 0 });
  if (isLeft(replays)) throw replays.left;
  expect(replays.right.map(({ matches }) => matches)).toEqual([true]);
});

test('every classic and every physics environment has a recorded trajectory', () => {
  const recorded = readdirSync(folder).map((name) => read(name).env);
  expect([...classic, ...mujoco].map(({ id }) => id).filter((id) => !recorded.includes(id))).toEqual([]);
});
