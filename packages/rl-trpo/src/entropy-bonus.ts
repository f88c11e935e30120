/** β E[H(π(·|s))], for distributions that know their entropy. */
import { add, mean, multiply } from '@natgrad/autodiff';
import type { Scalar } from '@natgrad/tensor';
import { invalid } from '@natgrad/tensor/internal';
import type { TrpoIssue } from './errors.js';
import type { Distribution, DistributionParameters } from './policy/distribution.js';

/** What is wrong with a bonus for this distribution, or null. */
export const entropyBonusFault = (distribution: Distribution, bonus: number): TrpoIssue | null =>
  bonus === 0 || distribution.entropy !== undefined
    ? null
    : {
        code: 'contradiction',
        field: 'entropyBonus',
        found: `${bonus} for the distribution '${distribution.name}', which does not know its entropy`,
        expected: '0, or a distribution with entropy',
      };

/**
 * An objective and β E[H] on top; nothing is spent on an entropy that does not count.
 *
 * @throws `InvalidArgument` for a bonus on an entropy that is not known
 */
export const withEntropyBonus = (
  objective: Scalar,
  distribution: Distribution,
  parameters: DistributionParameters,
  bonus: number,
): Scalar => {
  if (bonus === 0) return objective;
  if (distribution.entropy === undefined) {
    const { found, expected } = entropyBonusFault(distribution, bonus) as TrpoIssue;
    throw invalid('surrogate', `an entropy bonus of ${found}`, { argument: 'entropyBonus', found, expected });
  }
  return add(objective, multiply(mean(distribution.entropy(parameters)), bonus));
};
