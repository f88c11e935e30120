/** Natural policy gradient (Kakade 2001), with the step size that makes KL = δ if KL were quadratic (Rajeswaran et al. 2017). */
import { type Either, isLeft } from 'fp-ts/lib/Either.js';
import { unsupportedBy } from '../contradictions.js';
import type { TrpoError } from '../errors.js';
import { finish, type StepResult } from '../finish.js';
import { type Algorithm, defineAlgorithm, type StepInput } from '../frame.js';
import { reasonToStay } from '../natural-gradient.js';
import { stepTo } from '../policy-fit.js';
import type { Known } from '../report.js';
import { estimateAdvantages, fitCritic, naturalDirection, policyGradient, policyMetric } from '../stages.js';
import { quadraticStep } from '../step-size.js';
import { addScaled } from '../vector.js';

/** The report of a natural policy gradient: what TRPO reports, but for the search. */
export type NaturalPolicyGradientReport = Known<
  'cgStatus' | 'cgIterations' | 'cgResidual' | 'cgResiduals' | 'damping' | 'stepSize' | 'delta' | 'klShare'
>;

const update = (input: StepInput): Either<TrpoError, StepResult<NaturalPolicyGradientReport>> => {
  const { state } = input;
  // 1. to 3. as TRPO.
  const estimated = estimateAdvantages(input);
  if (isLeft(estimated)) return estimated;
  const data = estimated.right;
  const surrogate = policyGradient(input, data);
  if (isLeft(surrogate)) return surrogate;
  const metric = policyMetric(input, data, surrogate.right.atOld);
  if (isLeft(metric)) return metric;
  const natural = naturalDirection(input, metric.right, surrogate.right.gradient);

  // 4. The whole step √(2δ / xᵀFx) · x, without a look at where it leads.
  const scale = quadraticStep(state.delta, natural.curvature);
  const stays = reasonToStay(natural, scale) !== null;
  const taken = stays ? null : stepTo(input, data, surrogate.right, addScaled(state.policy, scale, natural.solve.x));

  // 6. as TRPO.
  const critic = fitCritic(input, data, taken?.theta);
  const { status, iterations, residuals } = natural.solve;
  return finish(input, {
    data,
    ...surrogate.right,
    taken,
    critic,
    natural,
    solve: {
      cgStatus: status,
      cgIterations: iterations,
      cgResidual: residuals.at(-1) ?? 1,
      cgResiduals: residuals,
      damping: metric.right.damping,
      stepSize: scale,
      delta: state.delta,
    },
    warnings: taken === null && !stays ? ['policyStepUndone'] : [],
  });
};

/**
 * A step of the natural policy gradient: TRPO's direction and δ, but a fixed step √(2δ / xᵀFx) with the undamped F, and no line
 * search, so the KL of a step may be more than δ. It keeps nothing.
 *
 * @example
 * ```ts
 * const model = mlpModel({ observationSpace: { low: [0] }, actionSpace: { kind: 'discrete', n: 2 } });
 * const result = naturalPolicyGradientStep({ model, delta: -1 })({} as TrpoState, {} as Batch);
 * console.log(result._tag === 'Left' && result.left.issues[0].field); // delta
 * ```
 */
export const naturalPolicyGradientStep: Algorithm<NaturalPolicyGradientReport> = defineAlgorithm({
  name: 'natural-policy-gradient',
  refuses: unsupportedBy('natural-policy-gradient', { trunk: true }),
  prepare: () => update,
});
