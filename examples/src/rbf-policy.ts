/**
 * A policy that is not a perceptron.
 *
 * A model is a record of pure functions, and its parameters are any tree of tensors. This one looks up what to do: it keeps
 * twelve typical situations, each with a preference for every action; it compares the observation with all of them, and mixes
 * their preferences by likeness. One may see normalised radial basis functions in that (Moody and Darken 1989), or attention
 * with the observation as its query, the situations as keys and the preferences as values. Everything is learnt: preferences,
 * situations, and what counts as near.
 *
 * Natural gradients do not mind: the Fisher matrix is that of the policy's distributions, whatever makes them, and its products
 * come from tracing these very functions.
 */
import { add, exp, expandDims, matmul, matrixTranspose, multiply, softmax, square, sum } from '@natgrad/autodiff';
import { makeEnv, vectorise } from '@natgrad/envs';
import {
  categoricalDistribution,
  evaluate,
  type Iteration,
  type Model,
  type TrpoConfig,
  train,
} from '@natgrad/rl-trpo';
import { foldIn, key, normal, split, type Tensor, zeros } from '@natgrad/tensor';
import { isLeft } from 'fp-ts/lib/Either.js';

/** K situations in a space of `width` numbers. */
export type Lookup = {
  /** `[K, width]`. */
  readonly situations: Tensor;
  /** `[width]`: log of how much a difference in each number counts. */
  readonly logScale: Tensor;
  /** `[K, outputs]`. */
  readonly preferences: Tensor;
};

const SITUATIONS = 12;

/** Likeness of every observation to every situation, rows that sum to 1: softmax(−½ ‖scale ∘ (s − c)‖²), `[N, K]`. */
export const likeness = ({ situations, logScale }: Lookup, observations: Tensor): Tensor => {
  const scale = exp(logScale);
  const [s, c] = [multiply(observations, scale), multiply(situations, scale)];
  // ‖s − c‖² = ‖s‖² − 2 s·c + ‖c‖², and what is the same for all situations does not change a softmax.
  const products = matmul(s, matrixTranspose(c));
  return softmax(add(products, multiply(expandDims(sum(square(c), 1), 0), -0.5)), 1);
};

/** `[N, outputs]`. */
const lookUp = (parameters: Lookup, observations: Tensor): Tensor =>
  matmul(likeness(parameters, observations), parameters.preferences);

/** Observations of four numbers, two actions. The critic is made in the same way: a value for every situation. */
export const model: Model<Lookup, Lookup> = {
  observationWidth: 4,
  distribution: categoricalDistribution(2),
  policy: (parameters, observations) => ({ logits: lookUp(parameters, observations) }),
  value: (parameters, observations) => sum(lookUp(parameters, observations), 1),
  initialise: (seed) => {
    const [policyKey, valueKey] = split(seed);
    const fresh = (own: typeof seed, outputs: number): Lookup => ({
      // Observations will be normalised, so these are as typical as can be known beforehand.
      situations: normal(own, [SITUATIONS, 4]),
      logScale: zeros([4]),
      // No preference, every value 0: the first policy is uniform.
      preferences: zeros([SITUATIONS, outputs]),
    });
    return { policy: fresh(policyKey, 2), value: fresh(valueKey, 1) };
  },
};

const options: Partial<TrpoConfig> = {
  batchSize: 1024,
  environments: 8,
  delta: 0.02,
  normaliseObservations: true,
  scaleRewards: true,
  valueEpochs: 20,
  valueMinibatch: 256,
  valueLearningRate: 0.01,
};

export interface Learnt {
  /** Mean returns of the batches; null where no episode ended. */
  readonly returns: readonly (number | null)[];
  /** Mean return of twenty episodes with the likelier action. */
  readonly evaluated: number;
}

/** CartPole: balance a pole on a cart, for 500 steps at most. */
export const learn = async (seed: number, steps: number): Promise<Learnt> => {
  const env = makeEnv('CartPole-v1');
  if (isLeft(env)) throw env.left;
  const envs = vectorise(env.right, 8);
  let last: Iteration | undefined;
  const returns: (number | null)[] = [];
  for await (const iteration of train({ envs, model: model, options, key: key(seed), steps })) {
    last = iteration;
    returns.push(iteration.record.report.episodes.returnMean);
  }
  if (last === undefined) throw new RangeError(`no iteration in ${steps} steps`);
  const { mean } = evaluate(
    { env: env.right, model: model, clipActions: true, normaliseObservations: true, observationClip: 10 },
    last.state,
    { key: foldIn(key(seed), 1), episodes: 20 },
  );
  return { returns, evaluated: mean };
};

export const main = async (print: (line: string) => void): Promise<void> => {
  const { returns, evaluated } = await learn(0, 40_960);
  returns.forEach((mean, k) => print(`${String(1024 * (k + 1)).padStart(6)} steps  return ${mean?.toFixed(0) ?? '–'}`));
  print(`without sampling: ${evaluated.toFixed(0)} of 500`);
};
