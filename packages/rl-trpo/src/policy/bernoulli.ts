/** Independent switches, each on with a probability of its own. */
import { add, cast, equal, exp, greater, mean, multiply, negate, select, subtract, sum } from '@natgrad/autodiff';
import { item, type Tensor, uniformAt } from '@natgrad/tensor';
import { adopt, elements } from '@natgrad/tensor/internal';
import { right } from 'fp-ts/lib/Either.js';
import type { DistributionWithEntropy, PackedDistribution } from './distribution.js';
import type { HeadMaker } from './head.js';
import { plainSoftplus, softplus } from './softplus.js';

/** `logits` `[N, width]`: log p − log(1 − p) of each switch. */
export type BernoulliParameters = { readonly logits: Tensor };

/** The logarithms of p and of 1 − p. */
const logarithms = (logits: Tensor): readonly [on: Tensor, off: Tensor] => [
  negate(softplus(negate(logits))),
  negate(softplus(logits)),
];

/** p·x, where 0·(±∞) = 0: what has no probability does not count. */
const weigh = (p: Tensor, x: Tensor): Tensor => multiply(p, select(greater(p, 0), x, 0));

/**
 * `width` independent coins: actions are vectors of zeros and ones.
 *
 * @example
 * ```ts
 * const coins = bernoulliDistribution(2);
 * const [fair, biased] = [{ logits: tensor([[0, 0]]) }, { logits: tensor([[Math.log(9), 0]]) }];
 * console.log(item(coins.kl(fair, biased)).toFixed(2)); // 0.51
 * ```
 */
export const bernoulliDistribution = (width: number): DistributionWithEntropy<BernoulliParameters> => ({
  name: 'bernoulli',
  action: { dtype: 'i32', shape: [width], counts: new Array<number>(width).fill(2) },
  parameterShapes: { logits: [width] },
  // a log p + (1 − a) log(1 − p), as a choice: 0·(−∞) would be NaN.
  logProbability: ({ logits }, actions) => {
    const [on, off] = logarithms(logits);
    return sum(select(equal(cast(actions, 'i32'), 1), on, off), 1);
  },
  entropy: ({ logits }) => {
    const [on, off] = logarithms(logits);
    return sum(add(weigh(exp(on), negate(on)), weigh(exp(off), negate(off))), 1);
  },
  // p (log p − log q) + (1 − p)(log(1 − p) − log(1 − q)), summed: independent, so divergences add up.
  kl: (old, next) => {
    const [[on, off], [nextOn, nextOff]] = [logarithms(old.logits), logarithms(next.logits)];
    return sum(add(weigh(exp(on), subtract(on, nextOn)), weigh(exp(off), subtract(off, nextOff))), 1);
  },
  // M = diag(p (1 − p))
  fisher: ({ logits }, tangent) => ({ logits: multiply(varianceOf(logits), tangent.logits) }),
  fisherScale: ({ logits }) => item(mean(varianceOf(logits))),
  sample: ({ logits }, keys) =>
    adopt(Int32Array.from(packed(width).sample({ logits: elements(logits) }, keys)), 'i32', [keys.length, width]),
  deterministicAction: ({ logits }) => cast(greater(logits, 0), 'i32'),
  packed: packed(width),
});

/** p (1 − p), with all its digits also where p is near 0 or 1. */
const varianceOf = (logits: Tensor): Tensor => {
  const [on, off] = logarithms(logits);
  return exp(add(on, off));
};

type Packed = { readonly [name in keyof BernoulliParameters]: ArrayLike<number> };

const packed = (width: number): PackedDistribution => ({
  sample: (parameters, keys) => {
    const { logits } = parameters as Packed;
    const actions = new Float64Array(keys.length * width);
    keys.forEach((key, row) => {
      for (let j = 0, at = row * width; j < width; j += 1, at += 1)
        actions[at] = uniformAt(key, j) < 1 / (1 + Math.exp(-(logits[at] as number))) ? 1 : 0;
    });
    return actions;
  },
  logProbability: (parameters, actions) => {
    const { logits } = parameters as Packed;
    return Float64Array.from({ length: actions.length / width }, (_, row) => {
      let total = 0;
      for (let j = 0, at = row * width; j < width; j += 1, at += 1)
        total -= plainSoftplus(actions[at] === 1 ? -(logits[at] as number) : (logits[at] as number));
      return total;
    });
  },
  deterministicAction: (parameters) => Float64Array.from((parameters as Packed).logits, (logit) => (logit > 0 ? 1 : 0)),
});

/** A logit of each switch, from the network. */
export const bernoulliHead: HeadMaker<'multiBinary'> = {
  kind: 'multiBinary',
  make: ({ n }) => right({ distribution: bernoulliDistribution(n), free: [], initial: {} }),
};
