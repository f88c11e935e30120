/** The objective of a step as a function of the distributions' parameters: the policy network is not in it. */
import { exp, max, mean, multiply, subtract } from '@natgrad/autodiff';
import type { Scalar, Tensor } from '@natgrad/tensor';
import { withEntropyBonus } from './entropy-bonus.js';
import type { Distribution, DistributionParameters } from './policy/distribution.js';

/** What the surrogate objective knows of a batch. */
export interface SurrogateData {
  readonly distribution: Distribution;
  readonly actions: Tensor;
  /** `[N]`: log π_old(a|s). */
  readonly logProbabilities: Tensor;
  /** `[N]`. */
  readonly advantages: Tensor;
  /** β. */
  readonly entropyBonus: number;
}

/** L = E[π(a|s) / π_old(a|s) · A(s,a)] + β E[H(π(·|s))] (TRPO, equation 14 with the sample estimate of section 5.1). */
export const surrogate =
  ({ distribution, actions, logProbabilities, advantages, entropyBonus }: SurrogateData) =>
  (parameters: DistributionParameters): Scalar => {
    const ratio = exp(subtract(distribution.logProbability(parameters, actions), logProbabilities));
    const objective = mean(multiply(ratio, advantages));
    return withEntropyBonus(objective, distribution, parameters, entropyBonus);
  };

/** Mean KL(old ‖ new) over the rows: the direction of the paper's constraint, always. */
export const meanKl = (distribution: Distribution, old: DistributionParameters, next: DistributionParameters): Scalar =>
  mean(distribution.kl(old, next));

/** max_s KL(old ‖ new) over the rows: the constraint that the paper's theory has (its equation 11) and its practice does not. */
export const maxKl = (distribution: Distribution, old: DistributionParameters, next: DistributionParameters): Scalar =>
  max(distribution.kl(old, next));
