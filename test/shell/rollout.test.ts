/** A batch is what happened: which steps, in which order, with which actions, and what followed them. */
import { type Env, vectorise } from '@natgrad/envs';
import {
  decodeConfig,
  initialState,
  type Model,
  mlpModel,
  normalise,
  rollout,
  statisticsOf,
  type TrpoConfig,
  validateBatch,
} from '@natgrad/rl-trpo';
import { identical, item, key, type Tensor, tensor, toNested, toTypedArray } from '@natgrad/tensor';
import { lawRuns } from '@natgrad/tensor/laws';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { counter } from './counter.js';

const right = <T>(
  result: { readonly _tag: 'Left'; readonly left: unknown } | { readonly _tag: 'Right'; readonly right: T },
): T => {
  if (result._tag === 'Left') throw result.left;
  return result.right;
};

const setUp = (env: Env, count: number, given: Partial<TrpoConfig>) => {
  const options = right(decodeConfig({ hidden: [4], valueHidden: [4], environments: count, ...given }));
  const model: Model = mlpModel(env, options);
  const envs = vectorise(env, count);
  const { state: vector, observations } = envs.reset(key(1));
  return {
    config: { model, envs, ...options },
    state: right(initialState({ model, ...options }, key(2))),
    from: { vector, observations },
  };
};

const rows = (x: Tensor): readonly number[][] => toNested(x) as number[][];
const column = (x: Tensor): readonly number[] => [...toTypedArray(x)];

describe('exactly N steps', () => {
  const { config, state, from } = setUp(counter({ end: 3, limit: 5 }), 2, { batchSize: 14 });
  const { batch, environments } = rollout(config, state, from);

  test('each environment makes its share, one after the other in the batch', () => {
    expect(batch.segments).toEqual([
      { environment: 0, length: 7 },
      { environment: 1, length: 7 },
    ]);
    expect(rows(batch.observations).map(([, count]) => count)).toEqual([0, 1, 2, 0, 1, 2, 0, 0, 1, 2, 0, 1, 2, 0]);
    const marks = rows(batch.observations).map(([mark]) => mark);
    expect(new Set(marks).size).toBe(6);
    expect(right(validateBatch(config.model, batch))).toBe(batch);
  });

  test('termination needs no final observation, the end of the batch does', () => {
    expect(column(batch.terminated)).toEqual([0, 0, 1, 0, 0, 1, 0, 0, 0, 1, 0, 0, 1, 0]);
    const observed = rows(batch.observations);
    expect(rows(batch.finalObservations)).toEqual([
      [observed[6]?.[0], 1],
      [observed[13]?.[0], 1],
    ]);
  });

  test('the next rollout goes on in the middle of the episode', () => {
    const next = rollout(config, state, environments).batch;
    expect(rows(next.observations)[0]).toEqual(rows(batch.finalObservations)[0]);
    expect(
      rows(next.observations)
        .map(([, count]) => count)
        .slice(0, 4),
    ).toEqual([1, 2, 0, 1]);
  });

  test('the first environments make one more where it is no multiple of their number', () => {
    const { config: uneven, state: at, from: start } = setUp(counter(), 3, { batchSize: 11 });
    const next = rollout(uneven, at, start);
    expect(next.batch.segments.map(({ length }) => length)).toEqual([4, 4, 3]);
    expect(rows(next.batch.observations).map(([, count]) => count)).toEqual([0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2]);
    const standing = [...next.environments.observations].filter((_, i) => i % 2 === 1);
    expect(standing).toEqual([4, 4, 3]);
    expect(right(validateBatch(uneven.model, next.batch))).toBe(next.batch);
  });

  test('fewer steps than environments: the last ones make none and stand still', () => {
    const { config: few, state: at, from: start } = setUp(counter(), 3, { batchSize: 3 });
    const next = rollout({ ...few, batchSize: 2 }, at, start);
    expect(next.batch.segments).toEqual([0, 1].map((environment) => ({ environment, length: 1 })));
    expect(next.environments.vector.states[2]).toBe(start.vector.states[2]);
  });
});

test('an environment that has made its steps is not stepped again', () => {
  const calls: number[] = [];
  const inner = counter({ end: 3 });
  const env: Env = {
    ...inner,
    step: (state, action) => {
      calls.push(1);
      return inner.step(state, action);
    },
  };
  const { config, state, from } = setUp(env, 3, { batchSize: 8, wholeEpisodes: true });
  const { batch } = rollout(config, state, from);
  expect(batch.segments.map(({ length }) => length)).toEqual([3, 3, 3]);
  const { config: uneven, state: at, from: start } = setUp(env, 3, { batchSize: 7 });
  rollout(uneven, at, start);
  expect(calls).toHaveLength(9 + 7);
});

test('truncation carries the final observation, not the first of the next episode', () => {
  const { config, state, from } = setUp(counter({ limit: 3 }), 1, { batchSize: 4 });
  const { batch } = rollout(config, state, from);
  expect([column(batch.terminated), column(batch.truncated)]).toEqual([
    [0, 0, 0, 0],
    [0, 0, 1, 0],
  ]);
  const observed = rows(batch.observations);
  expect(rows(batch.finalObservations)).toEqual([
    [observed[0]?.[0], 3],
    [observed[3]?.[0], 1],
  ]);
});

test('terminated and truncated at once: nothing follows', () => {
  const { config, state, from } = setUp(counter({ end: 3, limit: 3 }), 1, { batchSize: 3 });
  const { batch } = rollout(config, state, from);
  expect([column(batch.terminated), column(batch.truncated), batch.finalObservations.shape]).toEqual([
    [0, 0, 1],
    [0, 0, 1],
    [0, 2],
  ]);
});

test('whole episodes: every environment goes on until one ends, and begins a new one next time', () => {
  const { config, state, from } = setUp(counter({ end: 4 }), 3, { batchSize: 15, wholeEpisodes: true });
  const { batch, environments } = rollout(config, state, from);
  expect(batch.segments.map(({ length }) => length)).toEqual([8, 8, 8]);
  expect(batch.finalObservations.shape).toEqual([0, 2]);
  expect([...environments.observations].filter((_, i) => i % 2 === 1)).toEqual([0, 0, 0]);
});

describe('actions', () => {
  const given = { batchSize: 40, initialLogDeviation: 1 };

  test('the batch keeps them as sampled, the environment is told the clipped ones', () => {
    const { config, state, from } = setUp(counter(), 2, given);
    const { batch } = rollout(config, state, from);
    const sampled = rows(batch.actions).map(([action]) => action as number);
    expect(sampled.some((action) => Math.abs(action) > 0.5)).toBe(true);
    expect(column(batch.rewards)).toEqual(sampled.map((action) => Math.min(0.5, Math.max(-0.5, action))));
  });

  test('clipActions off: the environment is told all', () => {
    const { config, state, from } = setUp(counter(), 2, { ...given, clipActions: false });
    const { batch } = rollout(config, state, from);
    expect(column(batch.rewards)).toEqual(rows(batch.actions).map(([action]) => action));
  });

  test('log-probabilities and old parameters are those of the policy on what it saw', () => {
    const { config, state, from } = setUp(counter(), 2, given);
    const { batch } = rollout(config, state, from);
    const { distribution } = config.model;
    // The same formula on the same bits.
    expect(identical(batch.logProbabilities, distribution.logProbability(batch.oldParameters, batch.actions))).toBe(
      true,
    );
    // The traced policy sums in another order: rounding only.
    const kl = column(distribution.kl(batch.oldParameters, config.model.policy(state.policy, batch.observations)));
    expect(Math.max(...kl)).toBeLessThan(1e-25);
  });

  test('the policy sees observations normalised with the statistics of the state, the batch keeps the raw ones', () => {
    const { config, state, from } = setUp(counter(), 2, { ...given, normaliseObservations: true });
    const seen = {
      ...state,
      observationStatistics: statisticsOf(
        tensor([
          [0, 0],
          [4, 8],
        ]),
      ),
    };
    const { batch } = rollout(config, seen, from);
    const normalised = normalise(seen.observationStatistics, batch.observations, config.observationClip);
    const kl = column(config.model.distribution.kl(batch.oldParameters, config.model.policy(state.policy, normalised)));
    expect(Math.max(...kl)).toBeLessThan(1e-25);
    expect(rows(batch.observations)[1]?.[1]).toBe(1);
  });
});

describe('laws', () => {
  test('pure: twice the same bits, and nothing that was handed in has changed', () => {
    const { config, state, from } = setUp(counter({ end: 7 }), 3, { batchSize: 30 });
    const before = structuredClone(from);
    const [a, b] = [rollout(config, state, from), rollout(config, state, from)];
    expect(from).toEqual(before);
    expect(a.environments).toEqual(b.environments);
    for (const field of ['observations', 'actions', 'logProbabilities', 'rewards', 'finalObservations'] as const)
      expect(identical(a.batch[field], b.batch[field])).toBe(true);
  });

  test('what an environment does, does not depend on how many there are beside it', () =>
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 6 }),
        (few, more, share, end) => {
          const of = (count: number): readonly unknown[] => {
            const { config, state, from } = setUp(counter({ end }), count, { batchSize: share * count });
            const { batch } = rollout(config, state, from);
            return [batch.observations, batch.actions, batch.logProbabilities].map((field) =>
              rows(field).slice(0, few * share),
            );
          };
          expect(of(few + more)).toEqual(of(few));
        },
      ),
      { numRuns: lawRuns(15) },
    ));

  test('another key, other actions', () => {
    const { config, state, from } = setUp(counter(), 1, { batchSize: 1 });
    const action = (seed: number): number => item(rollout(config, { ...state, key: key(seed) }, from).batch.actions);
    expect(action(3)).not.toBe(action(4));
  });

  test('environments of a larger set do what they do in it', () => {
    const { config, state } = setUp(counter({ end: 4 }), 5, { batchSize: 25 });
    const whole = config.envs.reset(key(1));
    const { batch } = rollout(config, state, { vector: whole.state, observations: whole.observations });
    const envs = vectorise(counter({ end: 4 }), 2, { firstIndex: 3 });
    const { state: vector, observations } = envs.reset(key(1));
    const part = rollout({ ...config, envs, batchSize: 10 }, state, { vector, observations }).batch;
    expect(part.segments).toEqual([3, 4].map((environment) => ({ environment, length: 5 })));
    for (const field of ['observations', 'actions', 'logProbabilities'] as const)
      expect(rows(part[field]), field).toEqual(rows(batch[field]).slice(15));
  });

  test('environments that are not as many are refused', () => {
    const { config, state } = setUp(counter(), 2, {});
    const { from } = setUp(counter(), 3, {});
    expect(() => rollout(config, state, from)).toThrow('rollout: 3 environments to continue, 2 to step');
  });
});
