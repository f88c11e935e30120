/** Laws of the entropy bonus. */
import { grad, mean } from '@natgrad/autodiff';
import { item, key, normal } from '@natgrad/tensor';
import { type Law, law } from '@natgrad/tensor/laws';
import fc from 'fast-check';
import type { Algorithm } from '../frame.js';
import type { ParameterTree } from '../model.js';
import type { TrpoReport } from '../report.js';
import type { StepConfig } from '../setup.js';
import { surrogate } from '../surrogate.js';
import { addScaled } from '../vector.js';
import { require, requireClose, requireCloseTrees } from './check.js';
import { problems } from './problems.js';
import { stepper } from './steps.js';

/** Laws of a step with β E[H] in its objective, for distributions that know their entropy. */
export const entropyBonusLaws = (algorithm: Algorithm<TrpoReport>, config: StepConfig): readonly Law[] => {
  const { model } = config;
  const { distribution } = model;
  const cases = problems(config);
  const label = `entropy bonus, ${distribution.name}(${model.observationWidth})`;
  const bonuses = fc.constantFrom(0.01, 0.5, 3);
  const having = (entropyBonus: number) => stepper(algorithm, { ...config, entropyBonus });
  const [without, some, all] = [having(0), having(0.5), having(1e6)];
  return [
    law(`${label}: ∇L = ∇E[ratio · A] + β ∇E[H]`, fc.tuple(cases, bonuses), ([{ state, batch }, entropyBonus]) => {
      const advantages = normal(key(state.key.low), [batch.rewards.size]);
      const objective = (beta: number) => (theta: ParameterTree) =>
        surrogate({ ...batch, distribution, advantages, entropyBonus: beta })(model.policy(theta, batch.observations));
      const entropy = (theta: ParameterTree) => {
        if (distribution.entropy === undefined) throw new Error('a distribution without entropy');
        return mean(distribution.entropy(model.policy(theta, batch.observations)));
      };
      const [whole, without, own] = [objective(entropyBonus), objective(0), entropy].map((f) => grad(f)(state.policy));
      requireCloseTrees('∇L', whole, addScaled(without as ParameterTree, entropyBonus, own as ParameterTree), 1e-11);
      requireClose(
        'L',
        item(objective(entropyBonus)(state.policy)),
        item(objective(0)(state.policy)) + entropyBonus * item(entropy(state.policy)),
        1e-12,
      );
    }),
    law(`${label}: the reported surrogate has β times the reported entropy in it`, cases, (problem) => {
      const [none, half] = [without(problem).report, some(problem).report];
      requireClose('L', half.surrogateBefore, none.surrogateBefore + 0.5 * (none.entropy ?? 0), 1e-11);
      require(half.entropy === none.entropy, () => 'the entropy of the old policy depends on the bonus');
    }),
    law(`${label}: where it is all that counts, an accepted step raises the entropy`, cases, (problem) => {
      const { state, report } = all(problem);
      if (report.lineSearch.status === 'rejected' || distribution.entropy === undefined) return;
      const after = item(mean(distribution.entropy(model.policy(state.policy, problem.batch.observations))));
      require(after > (report.entropy ?? Infinity), () => `from ${report.entropy} to ${after}`);
    }),
  ];
};
