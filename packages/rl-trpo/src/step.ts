/** One step of trust-region policy optimisation (Schulman, Levine, Moritz, Jordan and Abbeel 2015): the paper on one page. */
import { type Either, isLeft } from 'fp-ts/lib/Either.js';
import type { TrpoError } from './errors.js';
import { finish, type StepResult, solveReport } from './finish.js';
import { type Algorithm, defineAlgorithm, type StepInput } from './frame.js';
import type { TrpoReport } from './report.js';
import {
  backtrack,
  candidatesAlong,
  estimateAdvantages,
  fitCritic,
  naturalDirection,
  policyGradient,
  policyMetric,
  sizeStep,
} from './stages.js';

/** Algorithm 1 of the paper with the practical choices of its section 6 and appendix C. */
const update = (input: StepInput): Either<TrpoError, StepResult<TrpoReport>> => {
  // 1. Estimate the advantages A(s, a).
  const estimated = estimateAdvantages(input);
  if (isLeft(estimated)) return estimated;
  const data = estimated.right;

  // 2. The gradient g = ∇L of the surrogate L at θ_old.
  const surrogate = policyGradient(input, data);
  if (isLeft(surrogate)) return surrogate;
  const { atOld, gradient, surrogateBefore } = surrogate.right;

  // 3. The natural gradient x ≈ (F + damping)⁻¹ g, by conjugate gradient on Fisher-vector products.
  const metric = policyMetric(input, data, atOld);
  if (isLeft(metric)) return metric;
  const natural = naturalDirection(input, metric.right, gradient);

  // 4. The step size: as far along x as KL(old ‖ new) ≤ δ allows.
  const candidate = candidatesAlong(input, data, surrogateBefore, natural.solve.x);
  const size = sizeStep(input, natural, candidate);

  // 5. Backtrack until the surrogate improves within δ.
  const outcome = backtrack(input, natural, size, candidate);
  const taken =
    outcome.status === 'accepted' ? { ...outcome, theta: candidate(outcome.fraction * size.scale).parameters } : null;

  // 6. Fit the critic to the returns.
  const critic = fitCritic(input, data, taken?.theta);

  return finish(input, {
    data,
    ...surrogate.right,
    taken,
    critic,
    natural,
    solve: solveReport({ state: input.state, metric: metric.right, natural, size, outcome }),
  });
};

/**
 * A step of TRPO as a pure function: `trpoStep(config)(state, batch)` is a new state and a report, or an error that says what
 * is wrong with the configuration, the state or the batch. It never throws, and the state is never half-updated: where no step
 * is acceptable the policy stays what it was, to the bit, and the report says why.
 *
 * Keep `trpoStep(config)` and call it again: it holds what was compiled, once for each size of batch.
 *
 * @param config the model, and the options that differ from the defaults
 * @param probe measures the parts of the step; the result does not depend on it
 * @param engine runs the step in place of the engine that the options name
 * @example
 * ```ts
 * const model = mlpModel({ observationSpace: { low: [0] }, actionSpace: { kind: 'discrete', n: 2 } });
 * const result = trpoStep({ model, gamma: 2 })({} as TrpoState, {} as Batch);
 * console.log(result._tag === 'Left' && result.left.message); // gamma: found 2, expected a number in [0, 1]
 * ```
 */
export const trpoStep: Algorithm<TrpoReport> = defineAlgorithm({ name: 'trpo', prepare: () => update });
