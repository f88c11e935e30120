/** One step of trust-region policy optimisation (Schulman, Levine, Moritz, Jordan and Abbeel 2015): the paper on one page. */
import type { Engine } from '@natgrad/autodiff';
import { item } from '@natgrad/tensor';
import { chain, type Either, isLeft, map } from 'fp-ts/lib/Either.js';
import { attempt } from './attempt.js';
import type { Batch } from './batch.js';
import { checkParameters, checkSurrogate } from './check-model.js';
import { type CompiledSetup, compileModel } from './compiled.js';
import type { TrpoError } from './errors.js';
import { finish, type StepResult } from './finish.js';
import { gaussNewton } from './fisher.js';
import { iterationKeys } from './keys.js';
import { lineSearch } from './line-search.js';
import { naturalGradient, reasonToStay } from './natural-gradient.js';
import { resolveSetup, type Setup, type StepConfig } from './setup.js';
import type { TrpoState } from './state.js';
import { chooseStepSize } from './step-size.js';
import { trainingData } from './training-data.js';
import { alongLine } from './trial.js';
import { validateBatch } from './validate-batch.js';
import { validateState } from './validate-state.js';
import { fitValue, learningRateAt } from './value-fit.js';

/** Parts of a step that a probe may time. */
export type Stage = 'advantages' | 'gradient' | 'conjugateGradient' | 'lineSearch' | 'valueFit';

/** Runs a part of the step: the place for a clock, which the step itself does not have. */
export type Probe = <T>(stage: Stage, run: () => T) => T;

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
export const trpoStep = (
  config: StepConfig,
  probe: Probe = (_stage, run) => run(),
  engine?: Engine,
): ((state: TrpoState, batch: Batch) => Either<TrpoError, StepResult>) => {
  const setup = map(
    (valid: Setup): CompiledSetup => ({
      ...valid,
      compiled: compileModel(valid.model, { engine: valid.engine, entropyBonus: valid.options.entropyBonus }),
    }),
  )(resolveSetup(config, engine));
  return (state, batch) =>
    chain((valid: CompiledSetup) =>
      attempt('state and batch', () =>
        chain(() =>
          chain(() => attempt('model', () => update(valid, probe, state, batch)))(validateBatch(valid.model, batch)),
        )(validateState(valid.model, state)),
      ),
    )(setup);
};

/** Algorithm 1 of the paper with the practical choices of its section 6 and appendix C, for inputs that are valid. */
const update = (setup: CompiledSetup, probe: Probe, state: TrpoState, batch: Batch): Either<TrpoError, StepResult> => {
  const { model, options, compiled } = setup;
  const { distribution } = model;
  const { policy: thetaOld, delta } = state;

  // 1. Estimate the advantages A(s, a).
  const estimated = probe('advantages', () => trainingData(setup, state, batch));
  if (isLeft(estimated)) return estimated;
  const data = estimated.right;

  // 2. The gradient g = Jᵀ ∂L/∂(parameters of π) of the surrogate L at θ_old, with J from one linearisation of the policy.
  const atOld = probe('gradient', () => compiled.linearisedPolicy(thetaOld, data));
  const parameters = checkParameters(distribution, atOld.value, data.returns.size);
  if (isLeft(parameters)) return parameters;
  const { value: before, gradient: slopes } = probe('gradient', () => compiled.objective(atOld.value, data));
  const surrogateBefore = checkSurrogate(item(before));
  if (isLeft(surrogateBefore)) return surrogateBefore;
  const gradient = probe('gradient', () => atOld.transpose(slopes));

  // 3. The natural gradient x ≈ (F + damping)⁻¹ g, by conjugate gradient on Fisher-vector products.
  const fisher =
    options.fisher === 'hessian' ? compiled.hessian(thetaOld, data) : gaussNewton(distribution, atOld, compiled.metric);
  const damping = options.damping * (options.dampingKind === 'relative' ? distribution.fisherScale(atOld.value) : 1);
  const natural = probe('conjugateGradient', () =>
    naturalGradient(fisher, gradient, {
      iterations: options.cgIterations,
      tolerance: options.cgTolerance,
      damping,
      initial: options.cgWarmStart ? state.previousSolution : null,
    }),
  );

  // 4. The step size: as far along x as KL(old ‖ new) ≤ δ allows.   5. Backtrack until the surrogate improves within δ.
  const candidate = alongLine({
    start: thetaOld,
    direction: natural.solve.x,
    measure: (theta) => compiled.measure(theta, data),
    surrogateAtStart: surrogateBefore.right,
  });
  const [size, outcome] = probe('lineSearch', () => {
    const step = chooseStepSize({ kind: options.stepSize, delta, ...natural }, candidate);
    const reason = reasonToStay(natural, step.scale);
    if (reason !== null) return [step, { status: 'rejected', reason, tries: 0 }] as const;
    const { shrink, maxTries, acceptRatio } = options;
    const search = { delta, expectedGain: step.scale * natural.slope, shrink, maxTries, acceptRatio };
    return [step, lineSearch((fraction) => candidate(fraction * step.scale), search)] as const;
  });
  const theta = outcome.status === 'accepted' ? candidate(outcome.fraction * size.scale).parameters : thetaOld;

  // 6. Fit the critic to the returns.
  const keys = iterationKeys(state.key);
  const learningRate = learningRateAt(options, state.steps);
  const critic = probe('valueFit', () =>
    fitValue(compiled.valueLoss, { ...options, learningRate }, state, data.observations, data.returns, keys.valueFit),
  );

  return finish({
    setup,
    state,
    data,
    theta,
    atOld: atOld.value,
    gradient,
    natural,
    damping,
    size,
    outcome,
    surrogateBefore: surrogateBefore.right,
    critic,
    learningRate,
    next: keys.next,
  });
};
