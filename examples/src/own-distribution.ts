/**
 * A distribution of one's own: how long to wait.
 *
 * The action is a duration, so it is positive and has no upper bound: an exponential distribution, with its rate e^ρ. Three
 * functions are needed, the log-probability, the KL divergence and sampling; `distributionOf` makes the rest of them, the Fisher
 * metric among it. A mistake in them would show as a policy that learns badly, weeks later and with many possible causes;
 * the laws of distributions show it now, and which one it is.
 *
 * One thing more: a batch keeps the logarithm of the duration, which may be any number, and the environment is told the
 * duration. That is what a `bijection` is for; nothing is cut off or rounded to 0 on the way.
 */
import { add, exp, matmul, multiply, subtract } from '@natgrad/autodiff';
import { box, defineEnv, vectorise } from '@natgrad/envs';
import {
  type Distribution,
  distributionOf,
  type Iteration,
  type Model,
  type TrpoConfig,
  train,
} from '@natgrad/rl-trpo';
import { distributionLaws } from '@natgrad/rl-trpo/laws';
import { item, key, type Tensor, tensor, toTypedArray, uniformAt, zeros } from '@natgrad/tensor';
import { checkLaw } from '@natgrad/tensor/laws';

/** `rho` `[N, 1]`: the logarithm of the rate. The mean duration is e^−ρ. */
export type WaitingParameters = { readonly rho: Tensor };

const column = (x: Tensor): Tensor => matmul(x, tensor([1])); // [N, 1] → [N]

/** KL(old ‖ next) of rates a and b: log(a/b) + b/a − 1. */
const klOf = (old: WaitingParameters, next: WaitingParameters): Tensor => {
  const difference = column(subtract(next.rho, old.rho));
  return subtract(exp(difference), add(difference, 1));
};

export const waiting: Distribution<WaitingParameters> = distributionOf<WaitingParameters>({
  name: 'waiting',
  action: { dtype: 'float', shape: [1] },
  parameterShapes: { rho: [1] },
  bijection: {
    forward: (logDurations) => Float64Array.from(logDurations, Math.exp),
    // dt/dx = eˣ for t = eˣ.
    logDeterminant: column,
  },
  // The density of the duration: log(e^ρ e^(−e^ρ t)) = ρ − e^(ρ + x).
  logProbability: ({ rho }, logDurations) => column(subtract(rho, exp(add(rho, logDurations)))),
  kl: klOf,
  // By inversion: −log u is exponential with rate 1. Row i is drawn with key i, from a u that is never 0 or 1.
  sample: ({ rho }, keys) => {
    const rhos = toTypedArray(rho);
    return tensor(keys.map((each, row) => [Math.log(-Math.log(uniformAt(each, 0) + 2 ** -54)) - (rhos[row] ?? 0)]));
  },
  // The mean duration; the likeliest one is 0.
  deterministicAction: ({ rho }) => multiply(rho, -1),
});

/** The mistake that is made most often: the divergence in the other direction. It is as positive, and as zero at the old policy. */
export const reversed: Distribution<WaitingParameters> = distributionOf<WaitingParameters>({
  ...waiting,
  name: 'waiting, KL reversed',
  kl: (old, next) => klOf(next, old),
});

/** The laws that a distribution breaks, by name. */
export const broken = (distribution: Distribution<WaitingParameters>): readonly string[] =>
  distributionLaws(distribution)
    .filter((law) => {
      try {
        checkLaw(law, { numRuns: 20 });
        return false;
      } catch {
        return true;
      }
    })
    .map(({ name }) => name);

/* ---------- A task for it ---------- */

/**
 * Waiting costs a unit per second, and is in vain with probability e^(−t/2), which costs 8 more; the reward is the expected one.
 * Whoever draws the duration from an exponential distribution of mean m pays m + 8 E[e^(−t/2)] = m + 8 / (1 + m/2): least at m = 2.
 */
const queue = defineEnv<null, ArrayLike<number>>({
  id: 'Queue-v0',
  observationSpace: box({ low: 1, high: 1 }),
  actionSpace: box({ low: 0, high: Infinity, shape: [1] }),
  reset: () => ({ state: null, observation: [1] }),
  step: (state, action) => {
    const seconds = action[0] ?? 0;
    const reward = -seconds - 8 * Math.exp(-seconds / 2);
    return { state, observation: [1], reward, terminated: true, truncated: false };
  },
});

export const bestMean = 2;

/** There is nothing to see, so the policy is one number. */
const model: Model<Tensor, Tensor> = {
  observationWidth: 1,
  distribution: waiting,
  policy: (rho, observations) => ({ rho: matmul(observations, rho) }),
  value: (level, observations) => matmul(observations, level),
  initialise: () => ({ policy: zeros([1, 1]), value: zeros([1]) }),
};

const options: Partial<TrpoConfig> = { batchSize: 2048, delta: 0.005, damping: 0, valueLearningRate: 0.1 };

/** The mean durations of the policy after each iteration. */
export const learn = async (iterations: number): Promise<readonly number[]> => {
  const means: number[] = [];
  let last: Iteration;
  for await (last of train({ envs: vectorise(queue, 8), model: model, options, key: key(0) })) {
    means.push(Math.exp(-item(last.state.policy as never)));
    if (means.length === iterations) break;
  }
  return means;
};

export const main = async (print: (line: string) => void): Promise<void> => {
  for (const distribution of [waiting, reversed])
    print(`${distribution.name} breaks: ${broken(distribution).join('; ') || 'nothing'}`);
  const means = await learn(30);
  print(`mean durations, of which ${bestMean} is the best: ${means.map((mean) => mean.toFixed(2)).join(' ')}`);
};
