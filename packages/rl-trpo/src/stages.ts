/**
 * The stages that algorithms are composed of, in the order of a step. Each is a function of its inputs; `step.ts` puts them
 * together as TRPO, the files in `algorithms/` as others.
 */
import { item, type Scalar } from '@natgrad/tensor';
import { type Either, isLeft, map } from 'fp-ts/lib/Either.js';
import { checkParameters, checkSurrogate } from './check-model.js';
import { type FittedCritic, fittedCritic } from './critic.js';
import type { TrpoError } from './errors.js';
import type { CompiledPolicy, Operator } from './fisher.js';
import { chunksOf, drawRows } from './fisher-rows.js';
import type { StepInput } from './frame.js';
import { iterationKeys } from './keys.js';
import { type LineSearchOutcome, lineSearch } from './line-search.js';
import type { ParameterTree } from './model.js';
import { type NaturalGradient, naturalGradient, reasonToStay } from './natural-gradient.js';
import { chooseStepSize, type StepSize } from './step-size.js';
import { type TrainingData, trainingData } from './training-data.js';
import { alongLine, type Candidate } from './trial.js';
import { addScaled } from './vector.js';

/**
 * Stage 1, of every algorithm: normalised observations, scaled rewards, values, advantages A(s, a) and returns.
 *
 * @returns `Left` where sums of the rewards overflow, or the critic breaks its promise
 */
export const estimateAdvantages = ({ setup, probe, state, batch }: StepInput): Either<TrpoError, TrainingData> =>
  probe('advantages', () => trainingData(setup, state, batch));

/** The surrogate objective L at θ_old; for a model with a shared trunk the critic's part is in it. */
export interface PolicyGradient {
  /** π_θ(·|s) with Jᵀ and F. */
  readonly atOld: CompiledPolicy;
  /** L(θ_old). */
  readonly surrogateBefore: number;
  /** g = ∇L(θ_old). */
  readonly gradient: ParameterTree;
}

/**
 * Stage 2: g = Jᵀ ∂L/∂(parameters of π), with J from one linearisation of the policy at θ_old.
 *
 * @returns `Left` where the policy breaks its promise, or the batch is from quite another policy
 */
export const policyGradient = (
  { setup: { model, compiled }, probe, state }: StepInput,
  data: TrainingData,
): Either<TrpoError, PolicyGradient> => {
  const atOld = probe('gradient', () => compiled.linearisedPolicy(state.policy, data));
  const parameters = checkParameters(model.distribution, atOld.value, data.returns.size);
  if (isLeft(parameters)) return parameters;
  const { value, gradient } = probe('gradient', () => compiled.objective(atOld.value, data));
  const trunk = probe(
    'gradient',
    () => compiled.trunk?.objective(state.policy, data.observations, data.critic) ?? null,
  );
  return map((surrogateBefore: number): PolicyGradient => {
    const g = probe('gradient', () => atOld.transpose(gradient));
    return { atOld, surrogateBefore, gradient: trunk === null ? g : addScaled(g, 1, trunk.gradient) };
  })(checkSurrogate(item(value) + (trunk === null ? 0 : item(trunk.value))));
};

/** The metric of the policy at θ_old; for a model with a shared trunk the critic's is in it. */
export interface PolicyMetric {
  /** v ↦ F v. */
  readonly fisher: Operator;
  /** What conjugate gradient adds to its diagonal. */
  readonly damping: number;
  /** r ↦ P⁻¹r for a P near F + damping. */
  readonly preconditioner: Operator;
}

/**
 * F at θ_old as an operator, in the form and over the rows that the options name, with the damping and the preconditioner that go
 * with it.
 *
 * @returns `Left` where the preconditioner cannot serve the policy
 */
export const policyMetric = (
  { setup: { model, options, compiled }, probe, state }: StepInput,
  data: TrainingData,
  atOld: CompiledPolicy,
): Either<TrpoError, PolicyMetric> =>
  probe('conjugateGradient', () => {
    const { policy: theta } = state;
    const rows = drawRows(data, options.fisherRows, iterationKeys(state.key).fisher);
    const linearised = (): CompiledPolicy => (rows === data ? atOld : compiled.linearisedPolicy(theta, rows));
    const fisher = options.fisher === 'hessian' ? compiled.hessian(theta, rows) : linearised().fisher;
    const trunk = compiled.trunk?.curvature(theta, data.observations, data.critic);
    const whole = trunk === undefined ? fisher : (v: ParameterTree) => addScaled(fisher(v), 1, trunk(v));
    const scale = options.dampingKind === 'relative' ? model.distribution.fisherScale(atOld.value) : 1;
    const damping = options.damping * scale;
    const pieces = chunksOf(rows, options.fisherChunk).map(({ observations }) => observations);
    return map((preconditioner: Operator): PolicyMetric => ({ fisher: whole, damping, preconditioner }))(
      compiled.preconditioner({ theta, observations: pieces, damping }),
    );
  });

/**
 * Stage 3: x ≈ (F + damping)⁻¹ g by conjugate gradient on Fisher-vector products.
 *
 * @param initial a warm start; by default the solution of the step before, if the options ask for it
 */
export const naturalDirection = (
  { setup: { options }, probe, state }: StepInput,
  { fisher, damping, preconditioner }: PolicyMetric,
  gradient: ParameterTree,
  initial: ParameterTree | null = options.cgWarmStart ? state.previousSolution : null,
): NaturalGradient =>
  probe('conjugateGradient', () =>
    naturalGradient(fisher, gradient, {
      iterations: options.cgIterations,
      tolerance: options.cgTolerance,
      damping,
      initial,
      preconditioner,
    }),
  );

/** Points θ_old + scale · direction, with their mean KL(old ‖ new) and the gain of the surrogate. */
export type Candidates = (scale: number) => Candidate;

/** The line along which stages 4 and 5 look for the new policy. */
export const candidatesAlong = (
  { setup: { compiled }, state }: StepInput,
  data: TrainingData,
  surrogateBefore: number,
  direction: ParameterTree,
): Candidates =>
  alongLine({
    start: state.policy,
    direction,
    measure: (theta): { readonly kl: Scalar; readonly surrogate: Scalar } => compiled.measure(theta, data),
    surrogateAtStart: surrogateBefore,
  });

/** Stage 4: how far along x the bound KL(old ‖ new) ≤ δ allows to go; 0 where there is no way to go. */
export const sizeStep = (
  { setup: { options }, probe, state }: StepInput,
  natural: NaturalGradient,
  candidate: Candidates,
): StepSize =>
  probe('lineSearch', () => chooseStepSize({ kind: options.stepSize, delta: state.delta, ...natural }, candidate));

/** Stage 5: backtracks from the full step until the surrogate improves within δ; a rejection says why there is no step. */
export const backtrack = (
  { setup: { options }, probe, state: { delta } }: StepInput,
  natural: NaturalGradient,
  { scale }: StepSize,
  candidate: Candidates,
): LineSearchOutcome => {
  const reason = reasonToStay(natural, scale);
  if (reason !== null) return { status: 'rejected', reason, tries: 0 };
  const { shrink, maxTries, acceptRatio } = options;
  const search = { delta, expectedGain: scale * natural.slope, shrink, maxTries, acceptRatio };
  return probe('lineSearch', () => lineSearch((fraction) => candidate(fraction * scale), search));
};

/**
 * Stage 6, of every algorithm: fits the critic to the returns. Call it once the policy is final, with that policy: it is announced
 * here, and a rollout that somebody began with another one is thrown away.
 *
 * @param theta the policy after its step: a critic that shares a trunk with it sees the features there
 */
export const fitCritic = (
  { setup: { compiled, options }, probe, announce, state }: StepInput,
  data: TrainingData,
  theta: ParameterTree = state.policy,
): FittedCritic => {
  const { observationStatistics } = data;
  announce({ policy: theta, observationStatistics, key: iterationKeys(state.key).next });
  return probe('valueFit', () => fittedCritic(compiled, options, state, data, theta));
};
