/** The vectorised runner against a plain loop over single environments. */
import {
  type Action,
  box,
  cartPole,
  defineEnv,
  discrete,
  type Env,
  mountainCarContinuous,
  timeLimit,
  vectorise,
  widthOf,
} from '@natgrad/envs';
import { foldIn, isNatgradError, type Key, key, uniformAt } from '@natgrad/tensor';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { runs } from './runs.js';

/** The specification: environment `index` by itself, its episodes one after the other. One record per step. */
const alone = (env: Env, root: Key, index: number, actions: readonly Action[]) => {
  let episode = 0;
  const begin = () => env.reset(foldIn(foldIn(root, index), episode));
  let { state, observation } = begin();
  return actions.map((action) => {
    const acted = Array.from(observation);
    const next = env.step(state, action);
    ({ state, observation } = next);
    if (next.terminated || next.truncated) {
      episode += 1;
      ({ state, observation } = begin());
    }
    return {
      acted,
      reward: next.reward,
      terminated: next.terminated,
      truncated: next.truncated,
      final: Array.from(next.observation),
      following: Array.from(observation),
      episode,
    };
  });
};

/** A fixed, arbitrary action for a step of an environment. */
const actionFor = (env: Env, seed: number, index: number, step: number): Action => {
  const u = uniformAt(foldIn(key(seed), index), step);
  return env.actionSpace.kind === 'discrete' ? Math.floor(u * env.actionSpace.n) : [4 * u - 2];
};

const together = (env: Env, root: Key, seed: number, first: number, count: number, steps: number) => {
  const envs = vectorise(env, count, { firstIndex: first });
  const width = widthOf(env.observationSpace);
  let { state, observations } = envs.reset(root);
  const row = (packed: Float64Array, i: number): readonly number[] =>
    Array.from(packed.subarray(i * width, (i + 1) * width));
  const records = Array.from({ length: count }, (): ReturnType<typeof alone> => []);
  for (let step = 0; step < steps; step += 1) {
    const actions = Array.from({ length: count }, (_, i) => actionFor(env, seed, first + i, step)).flat() as number[];
    const next = envs.step(state, actions);
    records.forEach((record, i) => {
      record.push({
        acted: row(observations, i) as number[],
        reward: next.rewards[i] as number,
        terminated: next.terminated[i] === 1,
        truncated: next.truncated[i] === 1,
        final: row(next.finalObservations, i) as number[],
        following: row(next.observations, i) as number[],
        episode: next.state.episodes[i] as number,
      });
    });
    ({ state, observations } = next);
  }
  return records;
};

const cases: readonly Env[] = [
  // Short limits, so that truncation and termination both happen within a few steps.
  timeLimit(cartPole(), 17),
  timeLimit(mountainCarContinuous(), 9),
];

describe.each(cases)('$id', (env) => {
  test('equals a loop over single environments, however the set is split', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 5 }), fc.integer({ min: 0, max: 5 }), (seed, count, split) => {
        const steps = 40;
        const root = key(seed);
        const expected = Array.from({ length: count }, (_, i) =>
          alone(
            env,
            root,
            i,
            Array.from({ length: steps }, (_, step) => actionFor(env, seed, i, step)),
          ),
        );
        expect(together(env, root, seed, 0, count, steps)).toEqual(expected);
        const cut = Math.min(split, count - 1);
        if (cut > 0)
          expect([
            ...together(env, root, seed, 0, cut, steps),
            ...together(env, root, seed, cut, count - cut, steps),
          ]).toEqual(expected);
      }),
      runs(15),
    );
  });

  test('is pure: an old state continues as it did, and saved arrays stay as they were', () => {
    const envs = vectorise(env, 3);
    const start = envs.reset(key(1));
    const actions = [0, 1, 2].map((i) => actionFor(env, 1, i, 0)).flat() as number[];
    const trail = [start.state];
    const seen = Array.from({ length: 30 }, () => {
      const next = envs.step(trail.at(-1) as typeof start.state, actions);
      trail.push(next.state);
      return next;
    });
    const copies = seen.map((next) => structuredClone(next));
    const again = trail.slice(0, 30).map((state) => envs.step(structuredClone(state), actions));
    expect(again).toEqual(copies);
    expect(seen).toEqual(copies);
  });
});

test('some environments alone: they do as they do among the others, which stay as they are', () => {
  const envs = vectorise(timeLimit(cartPole(), 2), 4);
  const begin = envs.reset(key(3)).state;
  const state = envs.step(begin, [0, 1, 1, 0]).state;
  const whole = envs.step(state, [1, 0, 1, 0]);
  const some = envs.step(state, [0, 0], [1, 3]);
  const row = (packed: Float64Array, i: number): readonly number[] => Array.from(packed.subarray(4 * i, 4 * i + 4));
  for (const field of ['observations', 'finalObservations'] as const)
    expect([0, 1].map((i) => row(some[field], i))).toEqual([1, 3].map((i) => row(whole[field], i)));
  expect(Array.from(some.truncated)).toEqual([1, 1]);
  expect(some.state.episodes).toEqual([0, 1, 0, 1]);
  expect([some.state.states[0], some.state.states[2]]).toEqual([state.states[0], state.states[2]]);
  expect([some.state.states[1], some.state.states[3]]).toEqual([whole.state.states[1], whole.state.states[3]]);
});

test('the final observation of a truncated episode is delivered before the reset', () => {
  const envs = vectorise(timeLimit(cartPole(), 1), 2);
  const start = envs.reset(key(5));
  const next = envs.step(start.state, [0, 1]);
  const bare = cartPole();
  const first = bare.reset(foldIn(foldIn(key(5), 0), 0));
  expect(Array.from(next.truncated)).toEqual([1, 1]);
  expect(Array.from(next.finalObservations.subarray(0, 4))).toEqual(Array.from(bare.step(first.state, 0).observation));
  expect(Array.from(next.observations.subarray(0, 4))).toEqual(
    Array.from(bare.reset(foldIn(foldIn(key(5), 0), 1)).observation),
  );
  expect(next.state.episodes).toEqual([1, 1]);
});

test('no episode, no environment and no key begins like another', () => {
  const starts = [key(0), key(1)].flatMap((root) => {
    const envs = vectorise(timeLimit(cartPole(), 1), 4);
    const start = envs.reset(root);
    const second = envs.step(start.state, [0, 0, 0, 0]);
    return [start.observations, second.observations].map((packed) => Array.from(packed));
  });
  const rows = starts.flatMap((packed) => [0, 1, 2, 3].map((i) => packed.slice(4 * i, 4 * i + 4).join()));
  expect(new Set(rows).size).toBe(16);
});

describe('bad input', () => {
  const code = (run: () => unknown): string => {
    try {
      run();
    } catch (error) {
      if (isNatgradError(error)) return error.code;
      throw error;
    }
    return 'nothing was thrown';
  };
  const envs = vectorise(cartPole(), 2);

  test('is a typed error', () => {
    const { state } = envs.reset(key(0));
    expect(code(() => envs.step(state, [0]))).toBe('ShapeMismatch');
    expect(code(() => envs.step(state, [0, 7]))).toBe('OutOfRange');
    for (const only of [
      [1, 0],
      [0, 0],
      [0, 2],
      [-1, 0],
      [0.5, 1],
    ])
      expect(code(() => envs.step(state, [0, 0], only))).toBe('InvalidArgument');
    expect(code(() => envs.step(state, [0, 0], [1]))).toBe('ShapeMismatch');
    expect(code(() => vectorise(cartPole(), 0))).toBe('InvalidArgument');
    expect(code(() => vectorise(cartPole(), 1, { firstIndex: -1 }))).toBe('InvalidArgument');
  });

  test('an environment whose observations have another width than it says is named', () => {
    const liar = defineEnv<null, number>({
      id: 'Liar-v0',
      observationSpace: box({ low: [0, 0], high: [1, 1] }),
      actionSpace: discrete(1),
      reset: () => ({ state: null, observation: [0] }),
      step: () => ({ state: null, observation: [0], reward: 0, terminated: false, truncated: false }),
    });
    expect(code(() => vectorise(liar, 1).reset(key(0)))).toBe('ShapeMismatch');
  });
});
