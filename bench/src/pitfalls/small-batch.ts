/** Pitfall: batches too small for the gradient that is read off them. */
import {
  compileModel,
  engineOf,
  estimateAdvantages,
  type ParameterTree,
  rollout,
  type Snapshot,
  type StepInput,
  type StepReport,
  trpoStep,
} from '@natgrad/rl-trpo';
import { foldIn, item, key } from '@natgrad/tensor';
import { orThrow } from '../or-throw.js';
import { mean } from '../statistics.js';
import { cartPole, type Effort, type Finding, type Pitfall, type Problem, returns, wanted } from './pitfall.js';
import { type Prepared, prepare, reportsOf, runWith } from './run.js';

/** The critic makes as many steps for a row of a small batch as for one of a large batch. */
const PROBLEM: Problem = { ...cartPole, options: { ...cartPole.options, valueMinibatch: 64 } };
const SIZES = [64, 256, 1024, 4096].map((size) => [`batchSize ${size}`, size] as const);
/** Rows of the batch that steps are judged by, and steps for each size. */
const JUDGE = 16_384;
const STEPS = 8;

type Judge = (theta: ParameterTree) => { readonly gain: number; readonly kl: number };

const withSize = (batchSize: number): Prepared => prepare(PROBLEM.env, { ...PROBLEM.options, batchSize });

/** Gain of the surrogate and KL of given parameters on a large batch that they were not made from. */
const judgeOf = (from: Snapshot): Judge => {
  const { config, envs, model } = withSize(JUDGE);
  const { batch } = rollout({ ...config, model, envs }, { ...from.state, key: key(0) }, from.environments);
  const engine = orThrow(engineOf(config));
  const compiled = compileModel(model, { ...config, engine });
  const input: StepInput = {
    algorithm: 'judge',
    setup: { model, options: config, engine, compiled },
    probe: (_stage, run) => run(),
    announce: () => undefined,
    state: from.state,
    batch,
    memory: null,
  };
  const data = orThrow(estimateAdvantages(input));
  const before = item(compiled.measure(from.state.policy, data).surrogate);
  return (theta) => {
    const { kl, surrogate } = compiled.measure(theta, data);
    return { gain: item(surrogate) - before, kl: item(kl) };
  };
};

interface Judged {
  readonly report: StepReport;
  readonly gain: number;
  readonly kl: number;
}

/** Steps from one policy, each from a batch of its own. */
const judgedSteps = (size: number, from: Snapshot, judge: Judge): readonly Judged[] => {
  const prepared = withSize(size);
  const { config, envs, model } = prepared;
  const step = trpoStep({ ...config, model });
  const judged: Judged[] = [];
  let { environments } = from;
  for (let k = 1; k <= STEPS; k += 1) {
    // Another key at each turn; the environments go on where they are.
    const state = { ...from.state, key: foldIn(key(1), k) };
    const acted = rollout({ ...config, model, envs }, state, environments);
    const { report, state: next } = orThrow(step(state, acted.batch));
    judged.push({ report, ...judge(next.policy) });
    ({ environments } = acted);
  }
  return judged;
};

const measureSize = (
  size: number,
  { seeds, iterations }: Effort,
  judges: readonly (readonly [Snapshot, Judge])[],
): Finding['values'] => {
  const judged = judges.flatMap(([from, judge]) => judgedSteps(size, from, judge));
  const steps = (cartPole.options.batchSize as number) * iterations;
  const runs = reportsOf({ ...PROBLEM, options: { ...PROBLEM.options, batchSize: size } }, trpoStep, {
    seeds,
    iterations: Math.round(steps / size),
  });
  const { delta = 1 } = cartPole.options;
  return {
    improvement: mean(judged.map(({ report }) => report.improvement)),
    'gain on other data': mean(judged.map(({ gain }) => gain)),
    improvementRatio: mean(judged.map(({ report }) => report.improvementRatio ?? 0)),
    klShare: mean(judged.map(({ report }) => report.klShare ?? 0)),
    'KL/δ on other data': mean(judged.map(({ kl }) => kl / delta)),
    'steps that lose on other data': mean(judged.map(({ gain }) => (gain < 0 ? 1 : 0))),
    'return after equal steps': returns(runs),
  };
};

export const smallBatch: Pitfall = {
  name: 'small-batch',
  setting: ({ seeds, iterations }) =>
    `CartPole-v1, ${STEPS} steps from each of ${seeds} policies of 10 iterations, judged by ${JUDGE} other rows; then ${seeds} seeds of ${(cartPole.options.batchSize as number) * iterations} environment steps with each size`,
  measure: (effort) => {
    const prepared = withSize(512);
    const step = trpoStep({ ...prepared.config, model: prepared.model });
    const judges = Array.from({ length: effort.seeds }, (_, seed) => {
      const { end } = runWith(prepared, step, seed, 10);
      return [end, judgeOf(end)] as const;
    });
    return wanted(SIZES, effort).map(([variant, size]) => ({ variant, values: measureSize(size, effort, judges) }));
  },
};
