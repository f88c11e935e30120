/** Programs that mean the same in a page and in Node: data out, so that the two can be compared. */
import {
  defaultEngine,
  type Engine,
  hvp,
  interpreter,
  jit,
  matmul,
  multiply,
  platform,
  square,
  sum,
  type WasmEngine,
  wasmEngine,
} from '@natgrad/autodiff';
import { makeEnv } from '@natgrad/envs';
import {
  type DistributionParameters,
  decodeConfig,
  engineOf,
  evaluate,
  initialState,
  type Model,
  mlpModel,
  modelFor,
  type ParameterTree,
  presetConfig,
  type TrpoReport,
  train,
  trpoStep,
} from '@natgrad/rl-trpo';
import {
  foldIn,
  identical,
  type Key,
  key,
  normal,
  split,
  type Tensor,
  tensor,
  toNested,
  toTypedArray,
  treeLeaves,
  zeros,
} from '@natgrad/tensor';
import { type Either, isLeft } from 'fp-ts/lib/Either.js';

const orThrow = <E, T>(result: Either<E, T>): T => {
  if (isLeft(result)) throw new Error(JSON.stringify(result.left));
  return result.right;
};

/** Where the program runs. */
export const place = (): unknown => ({
  isolated: globalThis.crossOriginIsolated,
  sharedMemory: typeof SharedArrayBuffer === 'function',
  platform: platform(),
  engine: defaultEngine().name,
});

/** H·v of Σ x⁴, by whatever engine is the default: 12 x² v in whole numbers, which are exact. */
export const hessianProduct = (): unknown => {
  const quartic = (x: Tensor) => sum(multiply(square(x), square(x)));
  const product = jit((x: Tensor, v: Tensor) => hvp(quartic, x, v));
  return toNested(product(tensor([1, 2, 3, -4]), tensor([1, 10, 100, 1000])));
};

/** What a step did, as plain data. */
export interface StepOutcome {
  readonly policy: readonly (readonly number[])[];
  readonly value: readonly (readonly number[])[];
  readonly report: TrpoReport;
}

const numbers = (tree: ParameterTree): readonly (readonly number[])[] =>
  treeLeaves(tree).map((leaf) => Array.from(toTypedArray(leaf)));

/**
 * One step of TRPO for a Gaussian policy: the parameters after it, and what it says. The batch is drawn at random, since environments
 * and rollouts use `Math.sin` and `Math.tanh`, whose last places differ between versions of V8.
 */
export const step = (name: 'deterministic' | 'interpreter'): StepOutcome => {
  const engine: Engine = name === 'interpreter' ? interpreter : wasmEngine({ deterministic: true });
  const rows = 128;
  const model: Model = mlpModel(
    { observationSpace: { low: [0, 0, 0] }, actionSpace: { kind: 'box', low: [-1, -1], high: [1, 1] } },
    orThrow(decodeConfig({ hidden: [8], valueHidden: [8] })),
  );
  const config = { model, environments: 2, batchSize: rows };
  const state = orThrow(initialState(config, key(7)));
  const [observed, acted, rewarded, followed] = split(key(8), 4) as [Key, Key, Key, Key];
  const observations = normal(observed, [rows, 3]);
  const actions = normal(acted, [rows, 2]);
  const oldParameters = jit((theta: ParameterTree, x: Tensor) => model.policy(theta, x), { engine })(
    state.policy,
    observations,
  );
  const batch = {
    observations,
    actions,
    logProbabilities: jit(
      (parameters: DistributionParameters, taken: Tensor) => model.distribution.logProbability(parameters, taken),
      { engine },
    )(oldParameters, actions),
    oldParameters,
    rewards: normal(rewarded, [rows]),
    terminated: zeros([rows], 'bool'),
    truncated: zeros([rows], 'bool'),
    finalObservations: normal(followed, [2, 3]),
    segments: [0, 1].map((environment) => ({ environment, length: rows / 2 })),
  };
  const { state: after, report } = orThrow(trpoStep(config, undefined, engine)(state, batch));
  return { policy: numbers(after.policy), value: numbers(after.value), report };
};

/**
 * A product on an engine that may have two threads: whether it is, to the bit, that of one thread, how many are there, once they
 * have had time to start, and whether another than this one took blocks of it.
 */
export const threads = async (): Promise<unknown> => {
  const [alone, both] = [1, 2].map((count) => wasmEngine({ threads: count, deterministic: true })) as [
    WasmEngine,
    WasmEngine,
  ];
  const [a, b] = [normal(key(1), [1200, 300]), normal(key(2), [300, 400])];
  const product = (engine: Engine): Tensor => jit((x: Tensor, y: Tensor) => matmul(x, y), { engine })(a, b);
  const expected = product(alone);
  product(both);
  const end = performance.now() + 5000;
  while (both.statistics().threads.ready < both.statistics().threads.wanted && performance.now() < end)
    await new Promise((resume) => setTimeout(resume, 5));
  // A worker may be asleep when a product of a few milliseconds is over: it has five seconds to take a block of one.
  const enough = performance.now() + (both.statistics().threads.ready > 1 ? 5000 : 0);
  let same = true;
  do same &&= identical(product(both), expected);
  while (both.statistics().threads.workerBlocks === 0 && performance.now() < enough);
  const { ready, lost, reason, workerBlocks } = both.statistics().threads;
  return { same, ready, lost, reason, shared: workerBlocks > 0 };
};

/** CartPole by name and preset until twenty episodes last to the end on average, or for 50,000 steps. */
export const solve = async (): Promise<unknown> => {
  const options = orThrow(presetConfig('CartPole-v1', { batchSize: 512, valueMinibatch: 128 }));
  const env = orThrow(makeEnv('CartPole-v1'));
  const acting = { env, model: modelFor(env, options), ...options };
  const training = { environment: { id: 'CartPole-v1' }, options, key: key(2), steps: 50_000 };
  for await (const { state, record } of train(training)) {
    if ((record.report.episodes.returnMean ?? 0) < 200) continue;
    const { mean } = evaluate(acting, state, { key: foldIn(key(2), 0), episodes: 20 });
    if (mean >= 475) return { solved: true, workers: record.workers, engine: record.report.engine };
  }
  return { solved: false };
};

/** What is refused in a page, and with which words. */
export const refused = async (): Promise<unknown> => {
  const engine = engineOf({ engine: 'wasm', deterministic: false });
  const workers = await train({ environment: { id: 'CartPole-v1' }, workers: 2, key: key(0) })
    .next()
    .then(() => 'nothing', String);
  return { engine: isLeft(engine) ? engine.left.issues : engine.right.name, workers };
};
