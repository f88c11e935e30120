/** A model: the functions that a step improves, and the shapes they promise. */
import type { Engine } from '@natgrad/autodiff';
import type { Key, Tensor, Tree } from '@natgrad/tensor';
import type { Distribution, DistributionParameters } from './policy/distribution.js';

/** Any tree of float tensors: nested arrays and plain objects. */
export type ParameterTree = Tree<Tensor>;

/** Packed rows in, packed parameters out: `rows × width`, row-major. */
export type Inference = (observations: Float64Array, rows: number) => Readonly<Record<string, Float64Array>>;

/**
 * What {@link trpoStep} needs to know about a policy and its critic. Any pure functions will do; `mlpModel` makes the usual
 * ones.
 */
export interface Model<Policy extends ParameterTree = ParameterTree, Value extends ParameterTree = ParameterTree> {
  /** Numbers in one observation. */
  readonly observationWidth: number;
  readonly distribution: Distribution;
  /** π(·|s): observations `[N, width]`, normalised if that is on, → parameters of N distributions. Pure and traceable. */
  policy(parameters: Policy, observations: Tensor): DistributionParameters;
  /** V(s): observations `[N, width]`, or the features of a shared trunk, → `[N]`. Pure and traceable. */
  value(parameters: Value, observations: Tensor): Tensor;
  /**
   * Optional and experimental: what policy and critic share. Where it is there, `value` is given features `[N, …]` in place of
   * observations; the steps of the policy train the trunk for both (see the option `valueCoefficient`). Pure and traceable.
   */
  features?(parameters: Policy, observations: Tensor): Tensor;
  /** True where `policy` keeps no activations for its derivatives, as the option `checkpointing` asks. */
  readonly checkpointing?: boolean;
  /** Fresh parameters; all leaves are floats of one dtype. */
  initialise(key: Key): { readonly policy: Policy; readonly value: Value };
  /**
   * Optional: the policy for acting, on few rows at a time. A row's result must not depend on the other rows, nor on how many
   * there are, to the bit. Without it rows go through `policy` one at a time.
   *
   * @param engine for whoever has a use for it
   */
  inference?(parameters: Policy, engine: Engine): Inference;
}
