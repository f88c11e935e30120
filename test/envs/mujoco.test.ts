/** The MuJoCo tasks: models, purity on a shared engine, options, ends, and physics that runs away. */
import { readFileSync } from 'node:fs';
import {
  ant,
  type Env,
  type EnvOptions,
  environments,
  halfCheetah,
  hopper,
  humanoid,
  invertedDoublePendulum,
  invertedPendulum,
  loadEnv,
  loadMujoco,
  type Mujoco,
  type MujocoState,
  makeEnv,
  reacher,
  spacesOf,
  swimmer,
  type Transition,
  vectorise,
  walker2d,
} from '@natgrad/envs';
import { mujocoTasks } from '@natgrad/envs/internal';
import { foldIn, type Key, key, uniformAt } from '@natgrad/tensor';
import { isLeft } from 'fp-ts/lib/Either.js';
import { describe, expect, test } from 'vitest';
import { expectError } from '../errors.js';

const loaded = await loadMujoco()();
if (isLeft(loaded)) throw loaded.left;
const mujoco: Mujoco = loaded.right;

const made = async (id: string, options: EnvOptions = {}): Promise<Env<{ readonly inner: MujocoState }>> => {
  const env = await loadEnv({ id, options })();
  if (isLeft(env)) throw env.left;
  return env.right as Env<{ readonly inner: MujocoState }>;
};

const ids = mujocoTasks.map(({ id }) => id);

const actionAt = ({ actionSpace }: Env, seed: Key, step: number): Float64Array => {
  if (actionSpace.kind !== 'box') throw new Error('a MuJoCo task takes numbers');
  const { low, high } = actionSpace;
  return Float64Array.from(low, (least, i) => least + uniformAt(foldIn(seed, step), i) * ((high[i] as number) - least));
};

const play = <State>(env: Env<State>, from: State, seed: Key, steps: number): readonly Transition<State>[] => {
  const transitions: Transition<State>[] = [];
  let state = from;
  for (let step = 0; step < steps; step += 1) {
    const next = env.step(state, actionAt(env, seed, step));
    transitions.push(next);
    ({ state } = next);
  }
  return transitions;
};

describe.each(['HalfCheetah', 'Hopper'])('the model of %s', (name) => {
  const reference = JSON.parse(readFileSync(new URL(`../fixtures/mujoco/${name}.json`, import.meta.url), 'utf8')) as {
    readonly env: string;
    readonly sizes: Readonly<Record<string, number>>;
    readonly opt: Readonly<Record<string, number | readonly number[]>>;
    readonly stat: Readonly<Record<string, number | readonly number[]>>;
    readonly arrays: Readonly<Record<string, readonly number[]>>;
  };
  const task = mujocoTasks.find(({ id }) => id === reference.env);
  const model = mujoco.simulation(task?.model ?? '').model as unknown as Readonly<Record<string, unknown>>;

  test('compiles to the sizes, options and arrays of the reference', () => {
    const plain = (value: unknown): unknown =>
      typeof value === 'object' && value !== null && 'length' in value
        ? // JSON knows no −0.
          Array.from(value as ArrayLike<number>, (x) => x + 0)
        : value;
    const pick = (from: unknown, names: readonly string[]): Readonly<Record<string, unknown>> =>
      Object.fromEntries(names.map((each) => [each, plain((from as Readonly<Record<string, unknown>>)[each])]));
    expect(pick(model, Object.keys(reference.sizes))).toEqual(reference.sizes);
    expect(pick(model['opt'], Object.keys(reference.opt))).toEqual(reference.opt);
    expect(pick(model['stat'], Object.keys(reference.stat))).toEqual(reference.stat);
    // The binding throws for arrays of truth values; margins of Hopper are half of the reference’s (see its model).
    const arrays = Object.keys(reference.arrays).filter((each) => !each.endsWith('limited') && each !== 'geom_margin');
    expect(arrays.length).toBeGreaterThan(60);
    for (const each of arrays) expect({ [each]: plain(model[each]) }).toEqual({ [each]: reference.arrays[each] });
    expect(plain(model['geom_margin'])).toEqual((reference.arrays['geom_margin'] ?? []).map((margin) => margin / 2));
  });
});

describe.each(ids)('%s', (id) => {
  test('shows and takes what its spaces say before the engine is there', async () => {
    const [env, spaces] = [await made(id), spacesOf(id)];
    if (isLeft(spaces)) throw spaces.left;
    expect(spaces.right).toEqual({ observationSpace: env.observationSpace, actionSpace: env.actionSpace });
    expect(env.reset(key(0)).observation).toHaveLength(env.observationSpace.shape[0] as number);
  });

  test('goes on to the same bits from any state, whatever the engine did in between', async () => {
    const [env, other] = [await made(id), await made(id === 'Ant-v5' ? 'Humanoid-v5' : 'Ant-v5')];
    const alone = play(env, env.reset(key(1)).state, key(2), 40);
    // Each step of the same episode again, with another episode, another environment and a runaway between any two.
    let { state } = env.reset(key(1));
    let [elsewhere, foreign] = [env.reset(key(3)).state, other.reset(key(4)).state];
    alone.forEach((expected, step) => {
      elsewhere = env.step(elsewhere, actionAt(env, key(5), step)).state;
      foreign = other.step(foreign, actionAt(other, key(6), step)).state;
      const { inner } = elsewhere;
      env.step({ ...elsewhere, inner: { ...inner, qvel: inner.qvel.map(() => 1e9) } }, actionAt(env, key(7), step));
      const found = env.step(state, actionAt(env, key(2), step));
      expect(found).toEqual(expected);
      ({ state } = found);
    });
    // And from the middle, out of a copy.
    const middle = structuredClone((alone[19] as Transition<{ readonly inner: MujocoState }>).state);
    expect(play(env, middle, foldIn(key(2), 0), 1)[0]?.state).not.toBe(middle);
    const rest = alone.slice(20);
    let here = middle;
    rest.forEach((expected, i) => {
      const found = env.step(here, actionAt(env, key(2), 20 + i));
      expect(found).toEqual(expected);
      here = found.state;
    });
  });

  test('10,000 random steps show finite numbers and pay finite rewards', async () => {
    const env = await made(id);
    let [episode, ended] = [0, 0];
    let { state } = env.reset(key(0));
    for (let step = 0; step < 10_000; step += 1) {
      const next = env.step(state, actionAt(env, key(8), step));
      if (!Array.from(next.observation).every(Number.isFinite) || !Number.isFinite(next.reward) || next.failure)
        throw new Error(`step ${step}: ${JSON.stringify(next)}`);
      ({ state } = next);
      if (!next.terminated && !next.truncated) continue;
      ended += 1;
      episode += 1;
      ({ state } = env.reset(foldIn(key(9), episode)));
    }
    expect(ended).toBeGreaterThan(0);
  });

  test('is cut at its limit, and ends by itself only if the task says so', async () => {
    const limit = id === 'Reacher-v5' ? 50 : 1000;
    const endless = ['HalfCheetah-v5', 'Swimmer-v5', 'Reacher-v5'].includes(id);
    const env = await made(id);
    expect(env.timeLimit).toBe(limit);
    let { state } = env.reset(key(3));
    const [terminated, truncated]: [number[], number[]] = [[], []];
    for (let step = 1; step <= limit; step += 1) {
      const next = env.step(state, actionAt(env, key(4), step));
      if (next.terminated) terminated.push(step);
      if (next.truncated) truncated.push(step);
      ({ state } = next);
    }
    expect(truncated).toEqual([limit]);
    expect(terminated.length > 0).toBe(!endless);
  });

  test.each([
    ['not a number', Number.NaN],
    ['huge', 1e300],
  ])('physics that runs away ends only its own episode: a state that is %s', async (_, bad) => {
    const env = await made(id);
    // In the middle of an episode, where motors and contacts are at work.
    const middle = play(env, env.reset(key(1)).state, key(3), 30).at(-1) as Transition<{ readonly inner: MujocoState }>;
    const { state, observation: shown } = middle;
    const broken = { ...state, inner: { ...state.inner, qvel: state.inner.qvel.map(() => bad) } };
    const two = vectorise(env as Env, 2);
    const begun = two.reset(key(2));
    const [sound, width] = [begun.state.states[0], env.actionSpace.kind === 'box' ? env.actionSpace.low.length : 0];
    const next = two.step({ ...begun.state, states: [sound, broken] }, new Float64Array(2 * width));
    expect(next.failures).toMatchObject([{ environment: 1, failure: { code: 'Runaway' } }]);
    expect([...next.terminated]).toEqual([0, 1]);
    expect(next.rewards[1]).toBe(0);
    expect([...next.observations].every(Number.isFinite)).toBe(true);
    expect([...next.finalObservations.subarray(shown.length)]).toEqual(Array.from(shown));
    // The other one, and the engine, go on as if nothing had been.
    expect(next.rewards[0]).toBe(env.step(sound as never, new Float64Array(width)).reward);
    expect(env.step(state, new Float64Array(width))).toEqual(env.step(state, new Float64Array(width)));
  });

  test('what is paid for controls of any finite size is a finite number, or the step fails and shows what was shown before', async () => {
    const env = await made(id);
    const middle = play(env, env.reset(key(1)).state, key(3), 30).at(-1) as Transition<{ readonly inner: MujocoState }>;
    for (const size of [1, 1e100, 1e155, 1e300, -1e300]) {
      const next = env.step(
        middle.state,
        actionAt(env, key(2), 0).map(() => size),
      );
      expect([next.reward, ...Array.from(next.observation)].every(Number.isFinite)).toBe(true);
      if (next.failure === undefined) continue;
      expect(Math.abs(size)).toBeGreaterThan(1e100);
      expect(next).toMatchObject({
        failure: { code: 'Runaway', found: 'the reward is -Infinity' },
        terminated: true,
        reward: 0,
      });
      expect(Array.from(next.observation)).toEqual(Array.from(middle.observation));
    }
  });

  test('impossible options are refused before the engine is loaded', () => {
    const refused = (options: EnvOptions): string => {
      const found = spacesOf(id, options);
      return isLeft(found) ? `${found.left.argument ?? ''}: ${found.left.expected ?? ''}` : 'accepted';
    };
    const options = environments.find((each) => each.id === id)?.options ?? {};
    for (const [name, { kind }] of Object.entries(options))
      if (kind === 'range') {
        expect(refused({ [name]: [2, 1] })).toBe(`${name}: two numbers in [-Infinity, Infinity], the lower one first`);
        for (const wrong of [[1], [1, 2, 3], 1, [0, Number.NaN], '1,2', null])
          expect(refused({ [name]: wrong })).toContain(name);
      } else if (kind === 'number') expect(refused({ [name]: Number.NaN })).toContain(`${name}: `);
      else expect(refused({ [name]: 1 })).toBe(`${name}: true or false`);
    expect(refused({ resetNoise: 0 })).toMatch(/resetNoise: /);
  });
});

describe('options do what they say', () => {
  /** The first step of an environment with some options, beside the step with the defaults. */
  const steps = (
    create: (mujoco: Mujoco, options?: object) => Env<MujocoState, ArrayLike<number>>,
    options: object,
  ): readonly [Transition<MujocoState>, Transition<MujocoState>] => {
    const one = (env: Env<MujocoState, ArrayLike<number>>): Transition<MujocoState> =>
      env.step(env.reset(key(1)).state, actionAt(env, key(2), 0));
    return [one(create(mujoco)), one(create(mujoco, options))];
  };
  const sum = (values: ArrayLike<number>): number => Array.from(values, (x) => x * x).reduce((a, b) => a + b, 0);
  const paid = (create: Parameters<typeof steps>[0], options: object): number => {
    const [usual, other] = steps(create, options);
    return other.reward - usual.reward;
  };

  test('weights', () => {
    const action = (env: Env): number => sum(actionAt(env, key(2), 0));
    expect(paid(halfCheetah, { ctrlCostWeight: 0 })).toBeCloseTo(0.1 * action(halfCheetah(mujoco)), 12);
    expect(paid(swimmer, { ctrlCostWeight: 1 })).toBeCloseTo(-(1 - 1e-4) * action(swimmer(mujoco)), 12);
    for (const create of [hopper, walker2d, ant]) expect(paid(create, { healthyReward: 3 })).toBeCloseTo(2, 12);
    expect(paid(humanoid, { healthyReward: 0 })).toBeCloseTo(-5, 12);
    expect(paid(invertedDoublePendulum, { healthyReward: 11 })).toBeCloseTo(1, 12);
    expect(paid(reacher, { rewardControlWeight: 0 })).toBeCloseTo(action(reacher(mujoco)), 12);
    const [usual] = steps(reacher, {});
    const distance = -usual.reward - action(reacher(mujoco));
    expect(paid(reacher, { rewardDistWeight: 3 })).toBeCloseTo(-2 * distance, 12);
    for (const [create, seconds] of [
      [halfCheetah, 0.05],
      [hopper, 0.008],
      [walker2d, 0.008],
      [swimmer, 0.04],
    ] as const) {
      const env = create(mujoco);
      const { state } = env.reset(key(1));
      const next = env.step(state, actionAt(env, key(2), 0)).state;
      const velocity = ((next.qpos[0] as number) - (state.qpos[0] as number)) / seconds;
      expect(paid(create as never, { forwardRewardWeight: 3 })).toBeCloseTo(2 * velocity, 10);
    }
  });

  test('noise', () => {
    for (const create of [
      halfCheetah,
      hopper,
      walker2d,
      ant,
      humanoid,
      swimmer,
      invertedPendulum,
      invertedDoublePendulum,
    ]) {
      const still = create(mujoco, { resetNoiseScale: 0 }).reset(key(1)).state;
      expect([...still.qvel].every((x) => x === 0)).toBe(true);
      const other = create(mujoco, { resetNoiseScale: 0 }).reset(key(2)).state;
      expect(other.qpos).toEqual(still.qpos);
      expect(create(mujoco).reset(key(1)).state.qpos).not.toEqual(still.qpos);
    }
  });

  test('health', () => {
    const lying = (create: Parameters<typeof steps>[0], height: number, options: object): Transition<MujocoState> => {
      const env = create(mujoco, options);
      const { state } = env.reset(key(1));
      const at = create === (ant as never) || create === (humanoid as never) ? 2 : 1;
      const qpos = state.qpos.map((x, i) => (i === at ? height : x));
      const zero = new Float64Array(env.actionSpace.kind === 'box' ? env.actionSpace.low.length : 0);
      return env.step({ ...state, qpos }, zero);
    };
    for (const create of [hopper, walker2d, ant, humanoid] as unknown as readonly (typeof steps extends (
      c: infer C,
      ...rest: never
    ) => unknown
      ? C
      : never)[]) {
      expect(lying(create, 5, { healthyZRange: [0, 1] }).terminated).toBe(true);
      expect(lying(create, 5, { healthyZRange: [0, 1], terminateWhenUnhealthy: false }).terminated).toBe(false);
      expect(lying(create, 5, { healthyZRange: [0, 10] }).terminated).toBe(false);
    }
    expect(lying(hopper as never, 5, { healthyZRange: [0, 10], healthyStateRange: [-1e-9, 1e-9] }).terminated).toBe(
      true,
    );
    expect(lying(hopper as never, 5, { healthyZRange: [0, 10], healthyAngleRange: [1, 2] }).terminated).toBe(true);
    expect(lying(walker2d as never, 5, { healthyZRange: [0, 10], healthyAngleRange: [1, 2] }).terminated).toBe(true);
  });

  test('what is observed', () => {
    const width = (id: string, options: EnvOptions): number => {
      const found = spacesOf(id, options);
      if (isLeft(found)) throw found.left;
      return found.right.observationSpace.shape[0] as number;
    };
    const all = { excludeCurrentPositionsFromObservation: false };
    expect(
      ['HalfCheetah-v5', 'Hopper-v5', 'Walker2d-v5', 'Swimmer-v5', 'Ant-v5', 'Humanoid-v5'].map((id) => width(id, all)),
    ).toEqual([18, 12, 18, 10, 107, 350]);
    expect(width('Ant-v5', { includeCfrcExtInObservation: false })).toBe(27);
    const parts = { Cinert: 130, Cvel: 78, QfrcActuator: 17, CfrcExt: 78 };
    for (const [part, size] of Object.entries(parts)) {
      const options = { [`include${part}InObservation`]: false };
      expect(width('Humanoid-v5', options)).toBe(348 - size);
      expect(humanoid(mujoco, options).reset(key(0)).observation).toHaveLength(348 - size);
    }
    for (const create of [halfCheetah, hopper, walker2d, swimmer, ant, humanoid]) {
      const env = create(mujoco, all);
      const { state, observation } = env.reset(key(1));
      expect(observation[0]).toBe(state.qpos[0]);
    }
  });

  test('forces of contact', () => {
    // Once its legs touch the ground the ant pays for them, within the range.
    const standing = (options: object): Transition<MujocoState> => {
      const env = ant(mujoco, options);
      let { state } = env.reset(key(1));
      let last: Transition<MujocoState> | undefined;
      for (let step = 0; step < 30; step += 1) {
        last = env.step(state, new Float64Array(8));
        ({ state } = last);
      }
      return last as Transition<MujocoState>;
    };
    const [free, usual, wide] = [
      standing({ contactCostWeight: 0 }),
      standing({}),
      standing({ contactForceRange: [-100, 100] }),
    ];
    expect(usual.reward).toBeLessThan(free.reward);
    expect(wide.reward).toBeLessThan(usual.reward);
    expect(Math.max(...Array.from(usual.observation).slice(27))).toBe(1);
    expect(Math.max(...Array.from(wide.observation).slice(27))).toBeGreaterThan(1);
    const [capped] = [steps(humanoid, { contactCostRange: [7, 10], contactCostWeight: 0 })];
    expect(capped[1].reward - capped[0].reward).toBeCloseTo(-7, 1);
  });

  test('goals of Reacher lie in a disc, and differ', () => {
    const env = reacher(mujoco);
    const goals = Array.from({ length: 200 }, (_, i) => env.reset(key(i)).state.qpos.slice(2));
    const far = goals.map(([x, y]) => Math.hypot(x as number, y as number));
    expect(Math.max(...far)).toBeLessThan(0.2);
    // Uniform in the disc: a quarter lies within half the radius; 200 draws have a deviation of 6.
    expect(Math.abs(far.filter((distance) => distance < 0.1).length - 50)).toBeLessThan(30);
  });
});

test('an environment on an engine is not made at once, and the message says how it is', () => {
  const env = makeEnv('Ant-v5');
  if (!isLeft(env)) throw new Error('made');
  expect(env.left).toMatchObject({ code: 'InvalidArgument', expected: "await loadEnv({ id: 'Ant-v5' })()" });
});

test('actions of the wrong width, or not finite, are typed errors', () => {
  const env = hopper(mujoco);
  const { state } = env.reset(key(0));
  for (const action of [
    [0, 0],
    [0, 0, Number.NaN],
    [0, 0, Infinity],
  ])
    expectError(() => env.step(state, action), 'InvalidArgument');
});

test('unknown and impossible options of a constructor are typed errors', () => {
  expectError(() => hopper(mujoco, { healthyRewrd: 1 }), 'InvalidArgument');
  expectError(() => hopper(mujoco, { healthyZRange: [1, 0] }), 'InvalidArgument');
});
