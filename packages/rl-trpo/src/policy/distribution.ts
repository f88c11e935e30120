/** The interface between a policy and everything that only needs its distribution. */
import type { Key, Tensor } from '@natgrad/tensor';

/** Named parameters of a batch of distributions; the first axis of each tensor is the row. */
export type DistributionParameters = { readonly [name: string]: Tensor };

/** What one action is. */
export interface ActionLayout {
  /** `i32` for choices, `float` (the dtype of the parameters) for continuous actions. */
  readonly dtype: 'i32' | 'float';
  /** Shape of one action: `[]` for one choice, `[width]` otherwise. */
  readonly shape: readonly number[];
  /** For choices: each is a whole number from 0 to its count less one. */
  readonly counts?: readonly number[];
}

/** Parameters as plain numbers, packed row by row. */
export type PackedParameters = { readonly [name: string]: ArrayLike<number> };

/**
 * What acting needs of a distribution, on packed rows instead of tensors. The results are fresh arrays, and a row's numbers
 * depend on that row only, to the bit, however many rows there are.
 */
export interface PackedDistribution {
  /** One action per key, equal to `sample`. */
  sample(parameters: PackedParameters, keys: readonly Key[]): Float64Array;
  /** log π(a) per row, equal to `logProbability` up to rounding. */
  logProbability(parameters: PackedParameters, actions: ArrayLike<number>): Float64Array;
  /** Equal to `deterministicAction`. */
  deterministicAction(parameters: PackedParameters): Float64Array;
}

/**
 * A smooth one-to-one map from the actions of a batch to what an environment is told of them, such as the squashing of a
 * Gaussian by tanh. Rollouts and evaluation apply it; a batch, and every function of a {@link Distribution}, has the action as
 * it was before.
 */
export interface ActionBijection {
  /** Packed rows, fresh. Within the environment's bounds also after rounding. */
  forward(actions: ArrayLike<number>): Float64Array;
  /** log |det ∂forward(a)/∂a|, `[N]`: what changes a density over `a` into one over `forward(a)`. */
  logDeterminant(actions: Tensor): Tensor;
}

/**
 * A family of distributions over actions, as pure functions of its parameters. All work on N rows at once and can be traced
 * and differentiated, except `sample`.
 *
 * (Declared as methods, so that a `Distribution<{ logits }>` is a `Distribution`: parameters go back only into the family they
 * came from.)
 */
export interface Distribution<P extends DistributionParameters = DistributionParameters> {
  readonly name: string;
  readonly action: ActionLayout;
  /** Shape of one row of each parameter. */
  readonly parameterShapes: { readonly [name in keyof P]: readonly number[] };
  /** log π(a), natural logarithm, `[N]`; with a {@link bijection} the density of what the environment is told. */
  logProbability(parameters: P, actions: Tensor): Tensor;
  /**
   * Entropy in nats (differential for continuous actions), `[N]`. Absent where nobody knows it: reports have none then, and an
   * `entropyBonus` is refused.
   */
  entropy?(parameters: P): Tensor;
  /** KL(old ‖ new) in nats, `[N]`: the expectation is over the old distribution. */
  kl(old: P, next: P): Tensor;
  /** M·v, row by row: the Fisher information matrix of the family in its own parameters, times a tangent of them. */
  fisher(parameters: P, tangent: P): P;
  /** Mean diagonal of M over all rows and parameters that are means or logits: the scale of `damping: relative`. */
  fisherScale(parameters: P): number;
  /** One action per row; row i depends on its parameters and on `keys[i]` only. Not traceable. */
  sample(parameters: P, keys: readonly Key[]): Tensor;
  /** The action of evaluation: the most likely choice, the mean of a Gaussian. */
  deterministicAction(parameters: P): Tensor;
  /** Optional: what becomes of an action on its way to the environment. By default it is told the action itself. */
  readonly bijection?: ActionBijection;
  /** Optional: the same for acting, without the cost of tensors, which for a few rows is most of the cost. */
  readonly packed?: PackedDistribution;
}

/** A distribution whose entropy is known. */
export interface DistributionWithEntropy<P extends DistributionParameters = DistributionParameters>
  extends Distribution<P> {
  /** Entropy in nats (differential for continuous actions), `[N]`. */
  entropy(parameters: P): Tensor;
}
