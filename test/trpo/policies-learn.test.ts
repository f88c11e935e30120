/** Every kind of policy learns through `train`: one-step tasks whose best answer is known. */
import {
  box,
  defineEnv,
  discrete,
  type Env,
  multiBinary,
  multiDiscrete,
  type Space,
  type Vector,
  vectorise,
} from '@natgrad/envs';
import { evaluate, mlpModel, startOfTraining, type TrpoConfig, type TrpoState, train } from '@natgrad/rl-trpo';
import { key, type Tensor, toTypedArray, uniformAt } from '@natgrad/tensor';
import { expect, test } from 'vitest';

/** Shows a number between −1 and 1, rewards the answer to it, and ends. */
const question = (actionSpace: Space, reward: (x: number, action: Vector) => number): Env =>
  defineEnv<number, Vector | number>({
    id: 'Question-v0',
    observationSpace: box({ low: -1, high: 1, shape: [1] }),
    actionSpace,
    reset: (start) => {
      const x = 2 * uniformAt(start, 0) - 1;
      return { state: x, observation: [x] };
    },
    step: (x, action) => ({
      state: x,
      observation: [x],
      reward: reward(x, typeof action === 'number' ? [action] : action),
      terminated: true,
      truncated: false,
    }),
  });

const learn = async (env: Env, options: Partial<TrpoConfig>, iterations: number) => {
  const envs = vectorise(env, 8);
  const given: Partial<TrpoConfig> = {
    batchSize: 400,
    hidden: [16],
    valueHidden: [16],
    delta: 0.05,
    environments: 8,
    ...options,
  };
  const config = { envs, options: given, key: key(1), steps: 400 * iterations };
  const model = mlpModel(env, given);
  const score = (state: TrpoState): number =>
    evaluate({ model, env, clipActions: true, normaliseObservations: false, observationClip: 10 }, state, {
      key: key(7),
      episodes: 200,
    }).mean;
  const before = score(startOfTraining(config).state);
  let last: TrpoState | undefined;
  for await (const { state } of train(config)) last = state;
  if (last === undefined) throw new Error('no iteration');
  return { before, after: score(last), policy: last.policy as Readonly<Record<string, Tensor>> };
};

const number = (action: Vector, i = 0): number => action[i] as number;
const square = (x: number): number => x * x;

/** Answers in two numbers; what they should be differs with what is shown, and lies within the bounds. */
const pair = question(
  box({ low: -2, high: 2, shape: [2] }),
  (x, a) => -square(number(a) - x) - square(number(a, 1) + x / 2 - 1),
);

test.each([
  ['diagonalGaussian', pair, 40],
  ['stateDependentGaussian', pair, 40],
  ['fullGaussian', pair, 40],
  ['stateDependentFullGaussian', pair, 40],
  ['squashedGaussian', pair, 40],
] as const)('%s', async (distribution, env, iterations) => {
  const { before, after } = await learn(env, { distribution, initialLogDeviation: -0.5 }, iterations);
  // At first both answers are near 0: E[x²] + E[(x/2 − 1)²] = 1/3 + 13/12 = 1.42. A tenth of that is left.
  expect(before).toBeLessThan(-1.2);
  expect(after).toBeGreaterThan(-0.14);
});

test.each([
  ['categorical', question(discrete(3), (x, a) => (number(a) === (x < -0.3 ? 0 : x < 0.3 ? 1 : 2) ? 1 : 0))],
  [
    'multiCategorical',
    question(
      multiDiscrete([2, 3]),
      (x, a) => (number(a) === (x < 0 ? 1 : 0) ? 0.5 : 0) + (number(a, 1) === (x < 0.3 ? 2 : 1) ? 0.5 : 0),
    ),
  ],
  [
    'bernoulli',
    question(
      multiBinary(2),
      (x, a) => (number(a) === (x < 0 ? 1 : 0) ? 0.5 : 0) + (number(a, 1) === (Math.abs(x) < 2 ? 1 : 0) ? 0.5 : 0),
    ),
  ],
] as const)('%s', async (_, env) => {
  const { before, after } = await learn(env, {}, 30);
  // Half of the points at most by chance, and nearly all of them in the end.
  expect(before).toBeLessThan(0.76);
  expect(after).toBeGreaterThan(0.93);
});

test('a full Gaussian learns which way to keep trying', async () => {
  // Only the sum of the answers counts: with a bonus for entropy, their difference stays wide, so that they are correlated.
  const sum = question(box({ low: -5, high: 5, shape: [2] }), (_x, a) => -4 * square(number(a) + number(a, 1)));
  const { policy } = await learn(sum, { distribution: 'fullGaussian', entropyBonus: 0.1, gamma: 0.9 }, 30);
  const [first, second, below] = toTypedArray(policy['factor'] as Tensor) as unknown as readonly [
    number,
    number,
    number,
  ];
  const correlation = below / Math.hypot(below, Math.exp(second));
  expect(Number.isFinite(first)).toBe(true);
  expect(correlation).toBeLessThan(-0.8);
});

test('a squashed Gaussian goes to the bound and not beyond', async () => {
  const best = question(box({ low: -1, high: 3 }), (_x, a) => number(a));
  const { before, after } = await learn(best, { distribution: 'squashedGaussian' }, 30);
  expect(before).toBeCloseTo(1, 1);
  expect(after).toBeGreaterThan(2.7);
  expect(after).toBeLessThanOrEqual(3);
});
