/** The examples do what their pages say. */
import { mlpModel, trpoStep } from '@natgrad/rl-trpo';
import { problemOf } from '@natgrad/rl-trpo/laws';
import { treeLeaves } from '@natgrad/tensor';
import { elements } from '@natgrad/tensor/internal';
import { isLeft } from 'fp-ts/lib/Either.js';
import { describe, expect, test } from 'vitest';
import { entropyBoundStep, learn as learnBound } from '../../examples/src/custom-step.js';
import { distance, gradientDescent, newtonCg, problem, zerosLike } from '../../examples/src/newton-cg.js';
import { bestMean, broken, learn as learnToWait, reversed, waiting } from '../../examples/src/own-distribution.js';
import { learn as learnLookup } from '../../examples/src/rbf-policy.js';
import { learn as learnToRepeat, task, withoutMemory } from '../../examples/src/repeat-previous.js';

const meanOf = (xs: readonly number[]): number => xs.reduce((total, x) => total + x / xs.length, 0);

describe('custom step', () => {
  const model = mlpModel(
    { observationSpace: { low: [0, 0] }, actionSpace: { kind: 'discrete', n: 3 } },
    { hidden: [4] },
  );

  test('without a bound on the entropy it is TRPO, to the bit', () => {
    const { config, state, batch } = problemOf({ model, delta: 0.05 }, 3);
    const [own, trpo] = [entropyBoundStep(Infinity)(config)(state, batch), trpoStep(config)(state, batch)];
    if (isLeft(own) || isLeft(trpo)) throw new Error('both steps should be made');
    expect(trpo.right.report.lineSearch.status).toBe('accepted');
    const bits = (tree: unknown): readonly number[] => treeLeaves(tree).flatMap((leaf) => Array.from(elements(leaf)));
    for (const part of ['policy', 'value', 'previousSolution'] as const)
      expect(bits(own.right.state[part])).toEqual(bits(trpo.right.state[part]));
    expect(own.right.report.kl).toBe(trpo.right.report.kl);
  });

  test('a step loses at most κ of entropy, and goes to one of its bounds', () => {
    const kappa = 0.02;
    const reports = learnBound(entropyBoundStep(kappa), 8, { batchSize: 512 });
    const drops = reports.map(({ own }) => own['entropyDrop'] as number);
    for (const [k, { kl, delta }] of reports.entries()) {
      expect(drops[k]).toBeLessThanOrEqual(kappa);
      expect(kl).toBeLessThanOrEqual(delta);
    }
    const bounds = reports.map(({ own }) => own['bound']);
    expect(bounds).toContain('entropy');
    // Boundary sizing ends in [0.95, 1] of the budget that binds, unless the line search shortens the step.
    const atBounds = reports.filter(({ klShare }, k) => Math.max(klShare, (drops[k] as number) / kappa) >= 0.95);
    expect(atBounds.length).toBeGreaterThanOrEqual(6);
    // TRPO itself loses more.
    const free = learnBound(entropyBoundStep(Infinity), 8, { batchSize: 512 });
    expect(Math.max(...free.map(({ own }) => own['entropyDrop'] as number))).toBeGreaterThan(kappa);
  });
});

test('Newton-CG finds the minimiser that is known, quadratically in the end; gradient descent does not in 1000 steps', () => {
  for (const seed of [1, 2, 3]) {
    const { data, truth } = problem(seed);
    const start = zerosLike(truth);
    const iterates = [...newtonCg(start, data)];
    const errors = iterates.map(({ parameters }) => distance(parameters, truth));
    // It stops at a gradient of 1e-12, and the least curvature is about 0.01.
    expect(errors.at(-1)).toBeLessThan(1e-10);
    expect(iterates.length).toBeLessThanOrEqual(16);
    const losses = iterates.map(({ loss }) => loss);
    for (const [k, loss] of losses.entries()) expect(loss).toBeLessThanOrEqual((losses[k - 1] ?? Infinity) + 1e-15);
    const near = errors.flatMap((error, k) => (error > 1e-6 && error < 0.05 ? [[error, errors[k + 1] as number]] : []));
    expect(near.length).toBeGreaterThan(0);
    for (const [error, next] of near as [number, number][]) expect(next).toBeLessThan(error ** 1.5);
    expect(distance(gradientDescent(start, data, 1000), truth)).toBeGreaterThan(0.01);
  }
});

test('a policy that is not a perceptron balances the pole', async () => {
  const evaluated = [];
  for (const seed of [0, 1, 2]) evaluated.push((await learnLookup(seed, 24_576)).evaluated);
  expect(meanOf(evaluated)).toBeGreaterThan(400);
});

describe('own distribution', () => {
  test('it keeps the laws, and with its KL reversed it does not', () => {
    expect(broken(waiting)).toEqual([]);
    expect(broken(reversed).some((name) => name.includes('KL(P ‖ Q)'))).toBe(true);
  });

  test('it learns how long to wait', async () => {
    const means = (await learnToWait(30)).slice(-10);
    expect(Math.abs(meanOf(means) - bestMean)).toBeLessThan(0.15);
  });
});

describe('memory', () => {
  const SEEDS = [0, 1, 2];

  test('a recurrent policy learns to repeat what was shown k steps before', async () => {
    const means = [];
    for (const seed of SEEDS) means.push((await learnToRepeat('recurrent', seed, 5120)).evaluation.mean);
    // 1 is for never being wrong, 0.8 for nine answers of ten.
    expect(meanOf(means)).toBeGreaterThan(0.8);
    expect(Math.min(...means)).toBeGreaterThan(0.6);
  });

  test('a perceptron stays at the return of every policy without a memory', async () => {
    const expected = withoutMemory(task);
    const means = [];
    for (const seed of SEEDS) means.push((await learnToRepeat('mlp', seed, 5120)).evaluation.mean);
    // 600 episodes of `scored` independent answers, ±1 / scored each: five standard errors, 0.08, are exceeded once in 1.7 million.
    const error = Math.sqrt((1 - expected ** 2) / (task.scored * 200 * SEEDS.length));
    expect(Math.abs(meanOf(means) - expected)).toBeLessThan(5 * error);
  });
});
