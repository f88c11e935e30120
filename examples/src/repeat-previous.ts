/**
 * A policy with a memory.
 *
 * In RepeatPrevious the reward is for saying which symbol was shown k steps before. A policy that sees only the present symbol
 * is right once in m times, whatever it does, because the symbols are independent: its expected return is 2/m − 1. That is no
 * shortcoming of its training, so nothing that we do to a perceptron can help.
 *
 * `withHistory` makes an observation of what the episode has shown so far, and `recurrentModel` reads it with a gated
 * recurrent unit, one step after the other, by `scan`. Derivatives go back through time to the beginning of the episode,
 * and so do Fisher products; nothing else changes.
 */
import { type Env, type RepeatPreviousOptions, repeatPrevious, vectorise, withHistory } from '@natgrad/envs';
import {
  type Evaluation,
  evaluate,
  type Iteration,
  mlpModel,
  recurrentModel,
  type TrpoConfig,
  train,
} from '@natgrad/rl-trpo';
import { foldIn, key } from '@natgrad/tensor';

/** Say what was shown two steps ago, six times; two symbols. */
export const task: Required<RepeatPreviousOptions> = { k: 2, symbols: 2, scored: 6 };

/** The expected return of every policy without a memory. */
export const withoutMemory = ({ symbols }: Required<RepeatPreviousOptions>): number => 2 / symbols - 1;

/**
 * An answer has no consequences but its reward, so γ = 0: the advantage of an answer is whether it was right. One large batch
 * and large steps; the critic has little to do.
 */
const options = {
  batchSize: 512,
  environments: 16,
  gamma: 0,
  delta: 0.1,
  damping: 0.01,
  hidden: [12],
  valueHidden: [4],
  valueEpochs: 1,
  valueLearningRate: 0.01,
  clipActions: true,
  normaliseObservations: false,
  observationClip: 10,
} satisfies Partial<TrpoConfig>;

export interface Learnt {
  /** Mean returns of the batches. */
  readonly returns: readonly number[];
  /** 200 episodes with the likeliest answers. */
  readonly evaluation: Evaluation;
}

/** Trains a network with or without a memory, from the same options otherwise. */
export const learn = async (network: 'recurrent' | 'mlp', seed: number, steps: number): Promise<Learnt> => {
  const plain: Env = repeatPrevious(task);
  const env = network === 'recurrent' ? withHistory(plain, task.k + task.scored) : plain;
  const model = network === 'recurrent' ? recurrentModel(env, options) : mlpModel(env, options);
  let last: Iteration | undefined;
  const returns: number[] = [];
  for await (const iteration of train({
    envs: vectorise(env, options.environments),
    model,
    options,
    key: key(seed),
    steps,
  })) {
    last = iteration;
    returns.push(iteration.record.report.episodes.returnMean ?? 0);
  }
  if (last === undefined) throw new RangeError(`no iteration in ${steps} steps`);
  const evaluation = evaluate({ env, model, ...options }, last.state, { key: foldIn(key(seed), 1), episodes: 200 });
  return { returns, evaluation };
};

export const main = async (print: (line: string) => void): Promise<void> => {
  for (const network of ['mlp', 'recurrent'] as const) {
    const { returns, evaluation } = await learn(network, 0, 8192);
    print(`${network}: returns ${returns.map((each) => each.toFixed(2)).join(' ')}`);
    print(
      `${network}: in the end ${evaluation.mean.toFixed(2)}, without memory ${withoutMemory(task).toFixed(2)} is expected`,
    );
  }
};
