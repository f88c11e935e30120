/** One step of trust-region policy optimisation (Schulman, Levine, Moritz, Jordan and Abbeel 2015): the paper on one page. */
import { linearize, valueAndGrad } from '@natgrad/autodiff';
import { chain, type Either, isLeft, right } from 'fp-ts/lib/Either.js';
import { attempt } from './attempt.js';
import type { Batch } from './batch.js';
import { checkLinearised, checkSurrogate } from './check-model.js';
import type { TrpoError } from './errors.js';
import { gaussNewton, hessian } from './fisher.js';
import { iterationKeys } from './keys.js';
import { lineSearch, type LineSearchOutcome } from './line-search.js';
import type { ParameterTree } from './model.js';
import { naturalGradient, type NaturalGradient } from './natural-gradient.js';
import type { StepReport } from './report.js';
import { finish } from './finish.js';
import { resolveSetup, type Setup, type StepConfig } from './setup.js';
import type { TrpoState } from './state.js';
import { boundaryStep, quadraticStep, type StepSize } from './step-size.js';
import { surrogate } from './surrogate.js';
import { trainingData } from './training-data.js';
import { alongLine, type Candidate } from './trial.js';
import { validateBatch } from './validate-batch.js';
import { validateState } from './validate-state.js';
import { fitValue, type ValueLoss, valueLoss } from './value-fit.js';

export interface StepResult {
  readonly state: TrpoState;
  readonly report: StepReport;
}

/** Parts of a step that a probe may time. */
export type Stage = 'advantages' | 'gradient' | 'conjugateGradient' | 'lineSearch' | 'valueFit';

/** Runs a part of the step: the place for a clock, which the step itself does not have. */
export type Probe = <T>(stage: Stage, run: () => T) => T;

const unmeasured: Probe = (_stage, run) => run();

/**
 * A step of TRPO as a pure function: `trpoStep(config)(state, batch)` is a new state and a report, or an error that says what
 * is wrong with the configuration, the state or the batch. It never throws and the state is never half-updated: if no step is
 * acceptable, the policy stays what it was to the bit and the report says why.
 *
 * Keep the result of `trpoStep(config)`: it holds what was compiled for the critic.
 *
 * @param config the model, and whatever options differ from the defaults
 * @param probe measures the parts of the step; the result does not depend on it
 * @example
 * ```ts
 * const model = mlpModel({ observationSpace: { low: [0] }, actionSpace: { kind: 'discrete', n: 2 } });
 * const result = trpoStep({ model, gamma: 2 })({} as TrpoState, {} as Batch);
 * console.log(result._tag === 'Left' && result.left.message); // gamma: found 2, expected a number in [0, 1]
 * ```
 */
export const trpoStep = (
  config: StepConfig,
  probe: Probe = unmeasured,
): ((state: TrpoState, batch: Batch) => Either<TrpoError, StepResult>) => {
  const setup = resolveSetup(config);
  const loss = valueLoss(config.model);
  return (state, batch) =>
    chain((valid: Setup) =>
      attempt('state', () => chain(() => attempt('batch', () => chain(() => attempt('model', () => update(valid, loss, probe, state, batch)))(validateBatch(valid.model, batch))))(validateState(valid.model, state))),
    )(setup);
};

const update = (setup: Setup, loss: ValueLoss, probe: Probe, state: TrpoState, batch: Batch): Either<TrpoError, StepResult> => {
  const { model, options } = setup;
  const { policy: theta, delta } = state;

  // 1. Advantages A(s, a) of the batch, by generalised advantage estimation.
  const prepared = probe('advantages', () => trainingData(setup, state, batch));
  if (isLeft(prepared)) return prepared;
  const data = prepared.right;
  const objective = surrogate({ ...data, distribution: model.distribution, entropyBonus: options.entropyBonus });
  const policy = (parameters: ParameterTree) => model.policy(parameters, data.observations);

  // 2. The policy linearised at θ_old, once; g = Jᵀ ∇L, where ∇L is the gradient in the distribution's parameters.
  const atOld = linearize(policy, theta);
  const wrong = checkLinearised(model, atOld.value, batch);
  if (wrong !== null) return wrong;
  const { value, gradient: slopes } = valueAndGrad(objective)(atOld.value);

  // 3. x ≈ (F + damping)⁻¹ g by conjugate gradient, with products F v = JᵀMJ v (or by the Hessian of the mean KL).
  // 4. The step size: β x with KL(β x) = δ.
  // 5. Backtracking line search on the surrogate, subject to KL ≤ δ.
  // 6. The critic.
  return right({ state, report: { value, slopes } as unknown as StepReport });
};
