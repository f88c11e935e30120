/** Every algorithm of the registry keeps the laws of steps, those that relate algorithms to each other, and goes on to the bit. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { detour, type Env, makeEnv, pendulum, timeLimit, vectorise } from '@natgrad/envs';
import {
  type AlgorithmName,
  algorithms,
  algorithmTitles,
  type Batch,
  constrainedStep,
  cpoStep,
  decodeAlgorithm,
  decodeConfig,
  type Iteration,
  initialState,
  mlpModel,
  rollout,
  type Snapshot,
  startOfTraining,
  type TrainConfig,
  train,
  trpoStep,
} from '@natgrad/rl-trpo';
import {
  algorithmLaws,
  constrainedStepLaws,
  exampleModels,
  problemOf,
  relationLaws,
  withCosts,
} from '@natgrad/rl-trpo/laws';
import { createRun, resumeRun, saveIteration } from '@natgrad/rl-trpo/runs';
import { identical, key, multiply, type Tensor, toNested, toTypedArray, treeLeaves } from '@natgrad/tensor';
import { checkLaw } from '@natgrad/tensor/laws';
import { isLeft } from 'fp-ts/lib/Either.js';
import { afterAll, describe, expect, test } from 'vitest';
import { encodeData } from '../../packages/rl-trpo/src/shell/runs/codec.js';

const names = Object.keys(algorithms) as readonly AlgorithmName[];
/** Options that make every algorithm go through its loops, in little time. */
const small = {
  valueEpochs: 2,
  valueMinibatch: 7,
  policyEpochs: 2,
  policyMinibatch: 6,
  policyLearningRate: 1e-2,
  costLimit: 3,
} as const;

test('every file of an algorithm is registered, under its own name and with a title', () => {
  const files = import.meta.glob<Readonly<Record<string, unknown>>>('../../packages/rl-trpo/src/algorithms/[a-z]*.ts', {
    eager: true,
  });
  const found = Object.entries(files).filter(([path]) => !path.endsWith('/index.ts'));
  expect(found.length).toBe(names.length - 1);
  for (const [path, module] of found) {
    const name = path.replace(/^.*\/(.*)\.ts$/, '$1') as AlgorithmName;
    expect(Object.values(module), path).toContain(algorithms[name]);
    expect(algorithmTitles[name].length).toBeGreaterThan(2);
  }
});

describe.each(names)('%s', (name) => {
  const laws = exampleModels.slice(0, 2).flatMap((model) => algorithmLaws(name, algorithms[name], { ...small, model }));
  test.each(laws)('$name', (law) => checkLaw(law, { numRuns: 4 }));
});

test.each(exampleModels.slice(0, 2).flatMap((model) => relationLaws({ ...small, model })))('$name', (law) =>
  checkLaw(law, { numRuns: 8 }),
);

test.each(constrainedStepLaws(constrainedStep))('$name', (law) => checkLaw(law, { numRuns: 200 }));

test('constrained step: numbers that all but vanish give no NaN', () => {
  const tiny = Number.MIN_VALUE;
  const { alongGradient, alongCost } = constrainedStep({ q: tiny, r: 0, s: tiny, c: tiny, delta: 1e-9 });
  expect([alongGradient, alongCost].some(Number.isNaN)).toBe(false);
});

test.each(names)('%s reports every residual of its solve, or none', (name) => {
  const [model] = exampleModels as [(typeof exampleModels)[number]];
  const problem = problemOf({ model }, 3);
  const batch = withCosts(problem.batch, 3);
  const result = algorithms[name]({ ...small, model, cgIterations: 5, cgTolerance: 0 })(problem.state, batch);
  if (isLeft(result)) throw new Error(result.left.message);
  const { cgIterations, cgResidual, cgResiduals } = result.right.report;
  expect([cgIterations, cgResidual]).toEqual([
    cgResiduals === null ? null : cgResiduals.length - 1,
    cgResiduals?.at(-1) ?? null,
  ]);
  expect(cgResiduals === null).toBe(['vanilla-policy-gradient', 'ppo', 'kl-penalised'].includes(name));
  if (cgResiduals !== null) expect([cgResiduals[0], cgResiduals.every((x) => x >= 0)]).toEqual([1, true]);
});

test.each(names)('%s announces once how the next state acts', (name) => {
  const [model] = exampleModels as [(typeof exampleModels)[number]];
  const problem = problemOf({ model }, 5);
  let count = 0;
  const step = algorithms[name]({ ...small, model }, undefined, undefined, () => (count += 1));
  expect(step(problem.state, withCosts(problem.batch, 5))._tag).toBe('Right');
  expect(count).toBe(1);
});

test('a name that is none: the nearest one', () => {
  expect(decodeAlgorithm('kl-penalized')).toMatchObject({
    left: { issues: [{ field: 'algorithm', found: "'kl-penalized'", suggestion: "'kl-penalised'" }] },
  });
  for (const name of [undefined, null, 3, '', 'toString', '__proto__']) expect(decodeAlgorithm(name)._tag).toBe('Left');
});

describe('a step beyond the range of floats is undone: the policy and its optimiser stay, and a warning says so', () => {
  const [model] = exampleModels as [(typeof exampleModels)[number]];
  const { state, batch } = problemOf({ model }, 2);
  // Gradients of about 1e200: their squares overflow, and 1e6 times 1e150 of them does not fit either.
  const huge = { ...batch, rewards: multiply(batch.rewards, 1e200) };
  const raw = { ...small, normaliseAdvantages: false, valueEpochs: 0, policyEpochs: 1, policyLearningRate: 1e6, model };

  test.each(['vanilla-policy-gradient', 'ppo', 'kl-penalised'] as const)('%s, plain and Adam', (name) => {
    for (const policyOptimiser of ['plain', 'adam'] as const) {
      const result = algorithms[name]({ ...raw, policyOptimiser })(state, huge);
      if (isLeft(result)) throw new Error(result.left.message);
      const { state: after, report } = result.right;
      const undone = report.warnings.includes('policyStepUndone');
      if (policyOptimiser === 'plain') expect(undone).toBe(true);
      if (undone) expect(after.policy).toBe(state.policy);
      for (const leaf of treeLeaves(after.memory)) expect([...toTypedArray(leaf)].every(Number.isFinite)).toBe(true);
    }
  });
});

describe('compiled', () => {
  test.each(names)('%s: WebAssembly and interpreter agree', (name) => {
    const [model] = exampleModels as [(typeof exampleModels)[number]];
    const { state, batch } = problemOf({ model }, 4);
    const given = withCosts(batch, 4);
    const [compiled, interpreted] = (['wasm', 'interpreter'] as const).map((engine) => {
      const result = algorithms[name]({ ...small, engine, model })(state, given);
      if (isLeft(result)) throw new Error(result.left.message);
      return result.right.report;
    });
    expect(compiled?.engine).not.toBe(interpreted?.engine);
    // Sums in another order; line search and epochs are the same.
    expect(compiled?.surrogateAfter).toBeCloseTo(interpreted?.surrogateAfter ?? NaN, 8);
    expect(compiled?.kl).toBeCloseTo(interpreted?.kl ?? NaN, 8);
  });
});

const bits = ({ state, environments }: Snapshot): readonly unknown[] => {
  const { json, tensors } = encodeData({ state, environments });
  return [JSON.stringify(json), Object.entries(tensors)];
};

const expectSame = (a: Snapshot, b: Snapshot): void => {
  const [[json, tensors], [otherJson, otherTensors]] = [bits(a), bits(b)];
  expect(json).toBe(otherJson);
  const others = otherTensors as readonly (readonly [string, Tensor])[];
  (tensors as typeof others).forEach(([path, x], i) => {
    expect([path, identical(x, others[i]?.[1] as Tensor)]).toEqual([others[i]?.[0], true]);
  });
};

describe('k iterations, saved, and m more after reading them are k + m, to the bit', () => {
  const base = mkdtempSync(join(tmpdir(), 'natgrad-algorithms-'));
  afterAll(() => rmSync(base, { recursive: true, force: true }));
  const decoded = decodeConfig({
    ...small,
    environments: 2,
    batchSize: 32,
    hidden: [4],
    valueHidden: [4],
    normaliseObservations: true,
    scaleRewards: true,
    cgWarmStart: true,
  });
  if (isLeft(decoded)) throw new Error(decoded.left.message);
  const options = decoded.right;

  const take = async (config: TrainConfig, count: number): Promise<readonly Iteration[]> => {
    const taken: Iteration[] = [];
    for await (const iteration of train(config)) if (taken.push(iteration) >= count) break;
    return taken;
  };

  test.each(names)('%s', async (algorithm) => {
    const config: TrainConfig = { envs: vectorise(timeLimit(detour(), 12), 2), algorithm, options, key: key(3) };
    const whole = await take(config, 4);
    const folder = join(base, algorithm);
    const description = {
      environment: { id: 'Detour-v0', options: {} },
      algorithm,
      seed: 3,
      steps: 128,
      preset: null,
      options,
      versions: {},
    };
    const run = createRun(folder, description);
    if (isLeft(run)) throw new Error(run.left.message);
    for (const iteration of whole.slice(0, 2)) expect(saveIteration(run.right, iteration, 0)._tag).toBe('Right');
    const resumed = resumeRun(folder);
    if (isLeft(resumed)) throw new Error(resumed.left.message);
    const { snapshot, run: read } = resumed.right;
    expect(read.description.algorithm).toBe(algorithm);
    const rest = await take({ ...config, algorithm: read.description.algorithm, from: snapshot as Snapshot }, 2);
    rest.forEach((iteration, i) => {
      expectSame(iteration, whole[i + 2] as Iteration);
    });
  });
});

describe('CPO without costs is refused with field and fix', () => {
  const [model] = exampleModels as [(typeof exampleModels)[number]];

  test('in a batch', () => {
    const { state, batch } = problemOf({ model }, 1);
    const result = cpoStep({ model })(state, batch);
    if (!isLeft(result)) throw new Error('it should be refused');
    const [issue] = result.left.issues;
    expect([result.left.code, issue.code, issue.field, issue.found]).toEqual([
      'InvalidBatch',
      'contradiction',
      'costs',
      'none',
    ]);
    expect(issue.expected).toContain('an environment that reports costs');
  });

  test('in training, before anything is done', () => {
    const env = makeEnv('CartPole-v1');
    if (isLeft(env)) throw env.left;
    expect(() => startOfTraining({ envs: vectorise(env.right, 2), algorithm: 'cpo', key: key(0) })).toThrow(
      "algorithm: found 'cpo' in CartPole-v1, which reports no costs, expected an environment that reports costs, such as Detour-v0, or another algorithm",
    );
  });

  test('costs that are not finite, or too few', () => {
    const { state, batch } = problemOf({ model }, 1);
    const costed = withCosts(batch, 1);
    const { costs } = withCosts(problemOf({ model }, 1, { lengths: [2] }).batch, 1);
    for (const algorithm of [cpoStep, trpoStep])
      expect(algorithm({ model })(state, { ...costed, costs: costs as Tensor })).toMatchObject({
        left: { issues: [{ code: 'wrongLength', field: 'costs' }] },
      });
  });
});

test('rollouts collect the costs that the environment reports, and none where it reports none', () => {
  const collect = (env: Env): Batch => {
    const envs = vectorise(env, 2);
    const options = decodeConfig({ batchSize: 60, environments: 2, hidden: [4], outputScale: 1 });
    if (isLeft(options)) throw new Error(options.left.message);
    const model = mlpModel(envs, options.right);
    const start = envs.reset(key(1));
    const state = initialState({ ...options.right, model }, key(0));
    if (isLeft(state)) throw new Error(state.left.message);
    return rollout({ ...options.right, model, envs }, state.right, {
      vector: start.state,
      observations: start.observations,
    }).batch;
  };
  const radius = 0.8;
  const { costs, observations, segments } = collect(timeLimit(detour({ radius }) as Env, 100));
  const place = toNested(observations) as readonly (readonly [number, number])[];
  const cost = toNested(costs as Tensor) as readonly number[];
  expect(segments.map(({ length }) => length)).toEqual([30, 30]);
  // No episode ended, so that the next row of an environment shows where the step led.
  for (const first of [0, 30])
    for (let row = first; row < first + 29; row += 1) {
      const [x, y] = place[row + 1] as readonly [number, number];
      expect(cost[row]).toBe(Math.hypot(x, y - 0.15) < radius ? 1 : 0);
    }
  expect(new Set(cost)).toEqual(new Set([0, 1]));
  expect(collect(timeLimit(pendulum() as Env, 100)).costs).toBeUndefined();
});
