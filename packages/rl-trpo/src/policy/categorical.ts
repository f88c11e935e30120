/** One of n choices, by logits. */
import {
  argmax,
  cast,
  equal,
  exp,
  expandDims,
  greater,
  logsumexp,
  mean,
  multiply,
  negate,
  select,
  subtract,
  sum,
} from '@natgrad/autodiff';
import { arange, item, type Tensor } from '@natgrad/tensor';
import { adopt, categoricalAt, elements } from '@natgrad/tensor/internal';
import { right } from 'fp-ts/lib/Either.js';
import type { DistributionWithEntropy, PackedDistribution } from './distribution.js';
import type { HeadMaker } from './head.js';
import { largestAt, logProbabilityAt } from './packed-categorical.js';

/** `logits` `[N, n]`: log-probabilities up to a constant of each row. */
export type CategoricalParameters = { readonly logits: Tensor };

/** log softmax of each row, exact also for logits of ±1000. */
const logSoftmax = (logits: Tensor): Tensor => subtract(logits, expandDims(logsumexp(logits, 1), 1));

/** Σ p·x by row, where 0·(±∞) = 0: what has no probability does not count. */
const expectation = (p: Tensor, x: Tensor): Tensor => sum(multiply(p, select(greater(p, 0), x, 0)), 1);

/**
 * The categorical distribution over `0 … n−1`.
 *
 * @example
 * ```ts
 * const coin = categoricalDistribution(2);
 * const [fair, biased] = [{ logits: tensor([[0, 0]]) }, { logits: tensor([[Math.log(0.9), Math.log(0.1)]]) }];
 * console.log(item(coin.kl(fair, biased)).toFixed(2)); // 0.51
 * ```
 */
export const categoricalDistribution = (n: number): DistributionWithEntropy<CategoricalParameters> => {
  const choices = arange(0, n, 1, 'i32');
  return {
    name: 'categorical',
    action: { dtype: 'i32', shape: [], counts: [n] },
    parameterShapes: { logits: [n] },
    logProbability: ({ logits }, actions) =>
      // A choice, not a product with a one-hot row: 0·(−∞) would be NaN.
      sum(select(equal(expandDims(cast(actions, 'i32'), 1), choices), logSoftmax(logits), 0), 1),
    entropy: ({ logits }) => {
      const logP = logSoftmax(logits);
      return expectation(exp(logP), negate(logP));
    },
    // Σ p (log p − log q)
    kl: (old, next) => {
      const logP = logSoftmax(old.logits);
      return expectation(exp(logP), subtract(logP, logSoftmax(next.logits)));
    },
    // M = diag(p) − p pᵀ
    fisher: ({ logits }, tangent) => {
      const p = exp(logSoftmax(logits));
      const pv = multiply(p, tangent.logits);
      return { logits: subtract(pv, multiply(p, expandDims(sum(pv, 1), 1))) };
    },
    // Mean of p(1 − p).
    fisherScale: ({ logits }) => {
      const p = exp(logSoftmax(logits));
      return item(mean(multiply(p, subtract(1, p))));
    },
    sample: ({ logits }, keys) =>
      adopt(Int32Array.from(packed(n).sample({ logits: elements(logits) }, keys)), 'i32', [keys.length]),
    deterministicAction: ({ logits }) => argmax(logits, 1),
    packed: packed(n),
  };
};

type Packed = { readonly [name in keyof CategoricalParameters]: ArrayLike<number> };

const packed = (n: number): PackedDistribution => ({
  sample: (parameters, keys) => {
    const { logits } = parameters as Packed;
    return Float64Array.from(keys, (key, row) => categoricalAt(key, logits, row * n, n));
  },
  logProbability: (parameters, actions) => {
    const { logits } = parameters as Packed;
    return Float64Array.from(actions, (action, row) => logProbabilityAt(logits, row * n, n, action));
  },
  deterministicAction: (parameters) => {
    const { logits } = parameters as Packed;
    return Float64Array.from({ length: logits.length / n }, (_, row) => largestAt(logits, row * n, n));
  },
});

/** A logit of each choice, from the network. */
export const categoricalHead: HeadMaker<'discrete'> = {
  kind: 'discrete',
  make: ({ n }) => right({ distribution: categoricalDistribution(n), free: [], initial: {} }),
};
