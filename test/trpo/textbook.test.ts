/** The preset of the literature, and batches of whole trajectories, from the options to a step. */
import { makeEnv, vectorise } from '@natgrad/envs';
import { type Iteration, mlpModel, presetConfig, rollout, startOfTraining, train } from '@natgrad/rl-trpo';
import { key, toTypedArray, treeLeaves } from '@natgrad/tensor';
import { isLeft } from 'fp-ts/lib/Either.js';
import { describe, expect, test } from 'vitest';

const orThrow = <T>(
  result: { readonly _tag: 'Left'; readonly left: unknown } | { readonly _tag: 'Right'; readonly right: T },
): T => {
  if (result._tag === 'Left') throw new Error(JSON.stringify(result.left));
  return result.right;
};

describe('the textbook preset', () => {
  const preset = orThrow(presetConfig('textbook'));

  test('is what the literature says', () => {
    expect(preset).toMatchObject({
      hidden: [256, 256],
      valueHidden: [256, 256],
      activation: 'tanh',
      valueActivation: 'tanh',
      batchSize: 5000,
      stepSize: 'damped',
      shrink: 0.8,
      initialLogDeviation: 0,
      valueEpochs: 5,
      valueMinibatch: null,
      gamma: 0.99,
      lambda: 0.95,
      delta: 0.01,
      damping: 0.1,
      cgIterations: 10,
    });
  });

  test('trains: an iteration of 5000 steps within δ, with 5 full-batch updates of the critic', async () => {
    const env = orThrow(makeEnv('Pendulum-v1'));
    const config = { envs: vectorise(env, preset.environments), options: preset, key: key(3), steps: 1 };
    const start = startOfTraining(config);
    const taken: Iteration[] = [];
    for await (const iteration of train(config)) taken.push(iteration);
    expect(taken.length).toBe(1);
    const [
      {
        state,
        record: { report },
      },
    ] = taken as [Iteration];
    expect(report.steps).toBe(5000);
    expect(report.lineSearch?.status).toBe('accepted');
    expect(report.kl).toBeLessThanOrEqual(0.01);
    expect(report.sizingEvaluations).toBe(0);
    expect(state.valueOptimiser.count).toBe(5);
    expect(report.valueLossAfter).toBeLessThan(report.valueLossBefore);
    expect(treeLeaves(state.policy).map(({ size }) => size)).toEqual(
      treeLeaves(start.state.policy).map(({ size }) => size),
    );
    expect(treeLeaves(state.policy).some(({ shape }) => shape.join() === '256,256')).toBe(true);
  });
});

describe('whole trajectories', () => {
  const options = orThrow(
    presetConfig('CartPole-v1', { wholeEpisodes: true, batchSize: 200, hidden: [8], valueHidden: [8] }),
  );
  const env = orThrow(makeEnv('CartPole-v1'));
  const envs = vectorise(env, options.environments);

  test('every segment ends an episode, of at least batchSize steps together, and nothing is bootstrapped in the middle of one', () => {
    const { state, environments } = startOfTraining({ envs, options, key: key(1) });
    const { batch } = rollout({ model: mlpModel(env, options), envs, ...options }, state, environments);
    const ended = [...toTypedArray(batch.terminated)].map(
      (flag, i) => flag === 1 || toTypedArray(batch.truncated)[i] === 1,
    );
    let last = -1;
    for (const { length } of batch.segments) {
      last += length;
      expect(ended[last]).toBe(true);
    }
    expect(batch.rewards.size).toBeGreaterThanOrEqual(200);
    // A final observation for each episode that the time limit cut, and for no other.
    const cut = [...toTypedArray(batch.truncated)].filter(
      (flag, i) => flag === 1 && toTypedArray(batch.terminated)[i] !== 1,
    );
    expect(batch.finalObservations.shape[0]).toBe(cut.length);
  });

  test('step after step: no episode goes on from one batch to the next', async () => {
    const lengths: number[] = [];
    for await (const { state, record } of train({ envs, options, key: key(1), steps: 500 })) {
      expect(state.progress.every(({ length }) => length === 0)).toBe(true);
      // So that the episodes of a batch are all of its steps.
      const { count, lengthMean } = record.report.episodes;
      expect(Math.round(count * (lengthMean as number))).toBe(record.report.steps);
      lengths.push(record.report.steps);
    }
    expect(lengths.length).toBeGreaterThan(1);
  });
});

test('the name of the preset is checked', () => {
  expect(isLeft(presetConfig('textbok'))).toBe(true);
});
