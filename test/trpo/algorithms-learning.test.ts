/** Each algorithm learns, and CPO keeps its limit where TRPO does not. */
import { makeEnv, vectorise } from '@natgrad/envs';
import {
  type AlgorithmName,
  algorithms,
  type Iteration,
  presetConfig,
  type Snapshot,
  type TrpoConfig,
  train,
} from '@natgrad/rl-trpo';
import { key } from '@natgrad/tensor';
import { isLeft } from 'fp-ts/lib/Either.js';
import { describe, expect, test } from 'vitest';

/** Training with the environment's preset and further options. */
const learn = async (
  id: string,
  algorithm: AlgorithmName,
  steps: number,
  { from, ...given }: Partial<TrpoConfig> & { readonly from?: Snapshot } = {},
): Promise<readonly Iteration[]> => {
  const env = makeEnv(id);
  if (isLeft(env)) throw env.left;
  const options = presetConfig(id, given);
  if (isLeft(options)) throw new Error(options.left.message);
  const envs = vectorise(env.right, options.right.environments);
  const config = {
    envs,
    algorithm,
    options: options.right,
    key: key(0),
    steps,
    ...(from === undefined ? {} : { from }),
  };
  const iterations: Iteration[] = [];
  for await (const iteration of train(config)) iterations.push(iteration);
  return iterations;
};

const meanOf = (x: readonly (number | null)[]): number =>
  x.reduce<number>((sum, each) => sum + (each ?? 0) / x.length, 0);
const returnsOf = (iterations: readonly Iteration[]): readonly (number | null)[] =>
  iterations.map(({ record }) => record.report.episodes.returnMean);
const costsOf = (iterations: readonly Iteration[]): readonly (number | null)[] =>
  iterations.map(({ record }) => record.report.episodes.costMean);

const learners = Object.keys(algorithms).filter((name) => name !== 'cpo') as AlgorithmName[];
/** First-order methods want a rate of their own. */
const rates: Partial<Record<AlgorithmName, Partial<TrpoConfig>>> = {
  'vanilla-policy-gradient': { policyLearningRate: 0.02 },
  ppo: { policyLearningRate: 1e-3 },
  'kl-penalised': { policyLearningRate: 1e-3 },
};

describe('CartPole-v1', () => {
  // A random policy lasts 22 steps. What came out was between 286 and 500.
  test.each(learners)('%s: 12,000 steps make of a return of 25 one above 100', async (algorithm) => {
    const iterations = await learn('CartPole-v1', algorithm, 12_000, { batchSize: 1000, ...rates[algorithm] });
    const returns = returnsOf(iterations);
    expect(returns[0]).toBeLessThan(40);
    expect(meanOf(returns.slice(-2))).toBeGreaterThan(100);
  });
});

describe('Detour-v0, where the mean cost of an episode is to be at most 1', () => {
  const limit = 1;

  // Without a limit the way through the pond is the best: 7 to 10 steps in it. Of seeds 0 to 4 CPO ended between 0.8 and 1.1.
  test('CPO learns the task and comes to cost as much as it may, where TRPO costs more than five times the limit', async () => {
    const [free, constrained] = await Promise.all(
      (['trpo', 'cpo'] as const).map((algorithm) => learn('Detour-v0', algorithm, 24_000, { costLimit: limit })),
    );
    expect(meanOf(costsOf(free ?? []).slice(-8))).toBeGreaterThan(5 * limit);
    expect(meanOf(returnsOf(free ?? []).slice(-8))).toBeGreaterThan(1.8);
    const cost = meanOf(costsOf(constrained ?? []).slice(-12));
    expect(cost).toBeGreaterThan(0.5 * limit);
    expect(cost).toBeLessThan(1.4 * limit);
    expect(meanOf(returnsOf(constrained ?? []).slice(-8))).toBeGreaterThan(1.5);
  });

  test('from a policy that violates the limit beyond reach, recovery steps lower the cost until it is kept', async () => {
    const [violating] = (await learn('Detour-v0', 'trpo', 16_000)).slice(-1) as [Iteration];
    const recovering = await learn('Detour-v0', 'cpo', 40_000, { costLimit: limit, from: violating });
    const [costs, kinds] = [costsOf(recovering), recovering.map(({ record }) => record.report.own['constraint'])];
    const recoveries = kinds.findIndex((kind) => kind !== 'recovery');
    expect(costs[0]).toBeGreaterThan(5 * limit);
    expect(recoveries).toBeGreaterThan(4);
    for (const { record } of recovering.slice(0, recoveries)) {
      const { lineSearch, own } = record.report;
      expect(lineSearch?.status).toBe('accepted');
      expect(own['costChange']).toBeLessThan(0);
    }
    expect(costs[recoveries]).toBeLessThan(0.4 * (costs[0] ?? 0));
    expect(meanOf(costs.slice(-5))).toBeLessThan(1.4 * limit);
  });
});
