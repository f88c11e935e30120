/** The objective of a step as a function of the distributions' parameters: the policy network is not in it. */
import { add, exp, mean, multiply, subtract } from '@natgrad/autodiff';
import type { Scalar, Tensor } from '@natgrad/tensor';
import type { Distribution, DistributionParameters } from './policy/distribution.js';

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
    return entropyBonus === 0
      ? objective
      : add(objective, multiply(mean(distribution.entropy(parameters)), entropyBonus));
  };

/** Mean KL(old ‖ new) over the rows: the direction of the paper's constraint, always. */
export const meanKl = (distribution: Distribution, old: DistributionParameters, next: DistributionParameters): Scalar =>
  mean(distribution.kl(old, next));
