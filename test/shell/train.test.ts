/** Training as a sequence of immutable iterations. */
import { box, defineEnv, discrete, vectorise } from '@natgrad/envs';
import {
  type Iteration,
  type Snapshot,
  startOfTraining,
  type TrainConfig,
  TrainingError,
  train,
} from '@natgrad/rl-trpo';
import { identical, key, treeFlatten } from '@natgrad/tensor';
import { describe, expect, test } from 'vitest';
import { encodeData } from '../../packages/rl-trpo/src/shell/runs/codec.js';
import { counter } from './counter.js';

const config = (given: Partial<TrainConfig> = {}): TrainConfig => ({
  envs: vectorise(counter({ end: 5 }), 2),
  options: {
    batchSize: 16,
    hidden: [4],
    valueHidden: [4],
    valueEpochs: 2,
    valueMinibatch: 8,
    normaliseObservations: true,
    scaleRewards: true,
    cgWarmStart: true,
  },
  key: key(7),
  ...given,
});

const take = async (iterations: AsyncIterable<Iteration>, count = Infinity): Promise<readonly Iteration[]> => {
  const taken: Iteration[] = [];
  for await (const iteration of iterations) {
    taken.push(iteration);
    if (taken.length >= count) break;
  }
  return taken;
};

/** Every bit of a snapshot: JSON for the plain part, the tensors beside it. */
const same = (a: Snapshot | undefined, b: Snapshot | undefined): boolean => {
  const [x, y] = [a, b].map((snapshot) => encodeData({ state: snapshot?.state, environments: snapshot?.environments }));
  const names = Object.keys(x?.tensors ?? {});
  return (
    JSON.stringify(x?.json) === JSON.stringify(y?.json) &&
    names.length > 10 &&
    names.every((name) => identical(x?.tensors[name] as never, y?.tensors[name] as never))
  );
};

test('the same key gives the same bits, another key others', async () => {
  const [a, b, c] = await Promise.all(
    [config(), config(), config({ key: key(8) })].map((each) => take(train({ ...each, steps: 48 }))),
  );
  expect(a).toHaveLength(3);
  a?.forEach((iteration, i) => {
    expect(same(iteration, b?.[i])).toBe(true);
    expect(same(iteration, c?.[i])).toBe(false);
    expect(iteration.record.report).toEqual(b?.[i]?.record.report);
  });
});

test('k iterations and m more from there are k + m', async () => {
  const whole = await take(train(config()), 5);
  const first = await take(train(config()), 2);
  const rest = await take(train(config({ from: first[1] as Iteration })), 3);
  rest.forEach((iteration, i) => expect(same(iteration, whole[i + 2])).toBe(true));
});

test('an iteration never changes afterwards', async () => {
  const iterations = train(config());
  const first = (await iterations.next()).value as Iteration;
  const before = JSON.stringify(encodeData({ state: first.state, environments: first.environments }));
  const leaves = treeFlatten(first.state.policy).leaves.map(String);
  await iterations.next();
  await iterations.next();
  expect(JSON.stringify(encodeData({ state: first.state, environments: first.environments }))).toBe(before);
  expect(treeFlatten(first.state.policy).leaves.map(String)).toEqual(leaves);
});

test('it ends with the iteration that reaches the steps, and at once if they are reached', async () => {
  const iterations = await take(train(config({ steps: 40 })));
  expect(iterations.map(({ state }) => state.steps)).toEqual([16, 32, 48]);
  expect(await take(train(config({ steps: 40, from: iterations[2] as Iteration })))).toEqual([]);
});

test('clocks are in the record alone: parts that do not exceed the whole', async () => {
  const [{ record }] = (await take(train(config()), 1)) as [Iteration];
  const { total, ...parts } = record.seconds;
  const sum = Object.values(parts).reduce((a, b) => a + b, 0);
  expect(sum).toBeGreaterThan(0);
  expect(sum).toBeLessThanOrEqual(total);
  expect(record.stepsPerSecond).toBe(16 / total);
});

describe('errors', () => {
  const failure = async (given: Partial<TrainConfig>): Promise<TrainingError> => {
    try {
      await take(train(config(given)), 1);
    } catch (error) {
      if (error instanceof TrainingError) return error;
      throw error;
    }
    throw new Error('nothing was thrown');
  };

  test('all wrong options at once', async () => {
    const { reason } = await failure({ options: { gamma: 2, delta: -1 } });
    expect(reason.issues.map(({ field }) => field)).toEqual(['gamma', 'delta']);
  });

  test('another number of environments than there are', async () => {
    const { reason } = await failure({ options: { environments: 3 } });
    expect(reason.message).toBe(
      'environments: found 3, but 2 vectorised environments, expected the number of environments in envs, or no such option',
    );
  });

  const broken = (observation: number, reward: number) =>
    vectorise(
      defineEnv<number, number>({
        id: 'Broken-v0',
        observationSpace: box({ low: -1, high: 1, shape: [2] }),
        actionSpace: discrete(2),
        reset: () => ({ state: 0, observation: [0, 0] }),
        step: (n) => ({
          state: n + 1,
          observation: [0, n >= 2 ? observation : 0],
          reward: n >= 2 ? reward : 0,
          terminated: false,
          truncated: false,
        }),
      }),
      2,
    );

  test('an environment that shows NaN, before the policy sees it', async () => {
    const training = take(train(config({ envs: broken(Number.NaN, 0) })), 1);
    await expect(training).rejects.toThrow('rollout: environment 0 of Broken-v0 shows NaN in element 1 at step 3');
  });

  test('an infinite reward, with its row', async () => {
    const { reason } = await failure({ envs: broken(0, Number.POSITIVE_INFINITY) });
    expect([reason.code, reason.issues[0].field, reason.issues[0].index]).toEqual(['InvalidBatch', 'rewards', 2]);
  });

  test('a snapshot of another model', async () => {
    const from = startOfTraining(config({ options: { hidden: [5] } }));
    const { reason } = await failure({ from: { ...from, state: { ...from.state, delta: Number.NaN } } });
    expect(reason.code).toBe('InvalidState');
  });

  test('what the environment throws is thrown', async () => {
    const env = defineEnv<null, number>({
      id: 'Throws-v0',
      observationSpace: box({ low: -1, high: 1 }),
      actionSpace: discrete(2),
      reset: () => ({ state: null, observation: [0] }),
      step: () => {
        throw new RangeError('out of track');
      },
    });
    await expect(take(train({ envs: vectorise(env, 1), key: key(0) }))).rejects.toThrow('out of track');
  });
});
