/** The update workload: one TRPO update of a Gaussian policy on a random batch, of any size. */
import {
  cast,
  type FloatDType,
  full,
  key,
  multiply,
  normal,
  split,
  type Tensor,
  treeMap,
  zeros,
} from '@natgrad/tensor';

export interface Sizes {
  readonly batch: number;
  readonly observation: number;
  readonly action: number;
  readonly hidden: number;
}

/** A multi-layer perceptron with two hidden tanh layers; weights are `[inputs, outputs]`. */
export interface Network {
  readonly W1: Tensor;
  readonly b1: Tensor;
  readonly W2: Tensor;
  readonly b2: Tensor;
  readonly W3: Tensor;
  readonly b3: Tensor;
}

export interface Policy extends Network {
  /** log σ of each action dimension, the same in every state. */
  readonly logStd: Tensor;
}

export interface Problem {
  readonly policy: Policy;
  readonly critic: Network;
  readonly observations: Tensor;
  readonly actions: Tensor;
  readonly advantages: Tensor;
  readonly returns: Tensor;
}

/** A random problem: the same for every dtype up to rounding. */
export const makeProblem = ({ batch, observation, action, hidden }: Sizes, dtype: FloatDType, seed = 0): Problem => {
  const keys = split(key(seed), 10);
  const draw = (k: number, shape: readonly number[], scale: number): Tensor =>
    multiply(normal(keys[k] as (typeof keys)[number], shape), scale);
  const network = (first: number, outputs: number): Network => ({
    W1: draw(first, [observation, hidden], 1 / Math.sqrt(observation)),
    b1: zeros([hidden]),
    W2: draw(first + 1, [hidden, hidden], 1 / Math.sqrt(hidden)),
    b2: zeros([hidden]),
    W3: draw(first + 2, [hidden, outputs], 1 / Math.sqrt(hidden)),
    b3: zeros([outputs]),
  });
  const problem: Problem = {
    policy: { ...network(0, action), logStd: full([action], -0.5) },
    critic: network(3, 1),
    observations: draw(6, [batch, observation], 1),
    actions: draw(7, [batch, action], 1),
    advantages: draw(8, [batch], 1),
    returns: draw(9, [batch], 1),
  };
  return treeMap((leaf) => cast(leaf, dtype), problem);
};

/** The fixed direction whose Fisher-vector product is compared: the policy's own weights, with biases that are not zero. */
export const makeDirection = ({ policy }: Problem): Policy =>
  treeMap((leaf) => (leaf.rank === 1 ? full(leaf.shape, 0.5, leaf.dtype) : leaf), policy);
