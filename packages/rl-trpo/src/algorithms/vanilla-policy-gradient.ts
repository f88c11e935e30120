/** Vanilla policy gradient: REINFORCE with a baseline (Williams 1992; Sutton, McAllester, Singh and Mansour 2000). */
import { type Either, isLeft } from 'fp-ts/lib/Either.js';
import { unsupportedBy } from '../contradictions.js';
import type { TrpoError } from '../errors.js';
import { finish, type StepResult } from '../finish.js';
import { type Algorithm, defineAlgorithm, type StepInput } from '../frame.js';
import { movingFrom, optimiserAfter, optimiserMemory, stepTo, updatePolicy } from '../policy-fit.js';
import { estimateAdvantages, fitCritic, policyGradient } from '../stages.js';
import { scaled } from '../vector.js';

const update = (input: StepInput): Either<TrpoError, StepResult> => {
  // 1. and 2. as TRPO. At θ_old the gradient of the surrogate is the policy gradient E[A ∇ log π].
  const estimated = estimateAdvantages(input);
  if (isLeft(estimated)) return estimated;
  const data = estimated.right;
  const surrogate = policyGradient(input, data);
  if (isLeft(surrogate)) return surrogate;

  // 3. One update along it: Adam's, or θ + learning rate · g.
  const before = movingFrom(input);
  const moved = updatePolicy(input.setup.options, before, scaled(-1, surrogate.right.gradient));
  const taken = stepTo(input, data, surrogate.right, moved.theta);

  // 6. as TRPO.
  const critic = fitCritic(input, data, taken?.theta);
  return finish(input, {
    data,
    ...surrogate.right,
    taken,
    critic,
    memory: optimiserAfter(before, taken, moved),
    warnings: taken === null ? ['policyStepUndone'] : [],
  });
};

/**
 * A step of the vanilla policy gradient: TRPO without natural gradient, trust region and line search. Options of its own:
 * `policyOptimiser`, `policyLearningRate`, `policyGradientClip`. It keeps the moments of Adam.
 *
 * @example
 * ```ts
 * const model = mlpModel({ observationSpace: { low: [0] }, actionSpace: { kind: 'discrete', n: 2 } });
 * const result = vanillaPolicyGradientStep({ model, policyLearningRate: 0 })({} as TrpoState, {} as Batch);
 * console.log(result._tag === 'Left' && result.left.issues[0].field); // policyLearningRate
 * ```
 */
export const vanillaPolicyGradientStep: Algorithm = defineAlgorithm({
  name: 'vanilla-policy-gradient',
  memory: optimiserMemory,
  refuses: unsupportedBy('vanilla-policy-gradient', { trunk: true }),
  prepare: () => update,
});
