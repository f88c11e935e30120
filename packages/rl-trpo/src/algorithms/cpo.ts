/**
 * Constrained policy optimisation (Achiam, Held, Tamar and Abbeel 2017): TRPO whose step also keeps the mean cost of an episode at
 * most d, to first order.
 */
import { item } from '@natgrad/tensor';
import { elements } from '@natgrad/tensor/internal';
import { type Either, isLeft } from 'fp-ts/lib/Either.js';
import { adamState } from '../adam.js';
import { type CompiledModel, type CompiledSetup, compileModel } from '../compiled.js';
import { type ConstrainedStep, constrainedStep } from '../constrained-step.js';
import { type CostData, costData, requireCosts } from '../costs.js';
import type { TrpoError } from '../errors.js';
import { finish, type StepResult, solveReport, type TakenStep } from '../finish.js';
import { type Algorithm, defineAlgorithm, type StepInput } from '../frame.js';
import { iterationKeys } from '../keys.js';
import { type LineSearchOutcome, lineSearch } from '../line-search.js';
import { type AdamMemory, adamMemory, adamOf, checkAdam, type MemoryForm } from '../memory.js';
import type { ParameterTree } from '../model.js';
import { type NaturalGradient, reasonToStay } from '../natural-gradient.js';
import type { TrpoReport } from '../report.js';
import {
  candidatesAlong,
  estimateAdvantages,
  fitCritic,
  naturalDirection,
  type PolicyGradient,
  type PolicyMetric,
  policyGradient,
  policyMetric,
  sizeStep,
} from '../stages.js';
import type { StepSize } from '../step-size.js';
import type { TrainingData } from '../training-data.js';
import { fitValue, learningRateAt, type ValueFit, valueQuality } from '../value-fit.js';
import { addScaled, inner, norm, scaled } from '../vector.js';

/** What CPO alone reports. */
export type CpoOwn = {
  /** J_C: mean total cost of the episodes of the batch, and its limit d. */
  readonly cost: number;
  readonly costLimit: number;
  /** What the constraint makes of the step; `recovery` where no step within δ could keep it, so the step lowers the cost alone. */
  readonly constraint: ConstrainedStep['kind'];
  /** Multipliers of the trust region and of the constraint; null where they do not exist. */
  readonly lambda: number | null;
  readonly nu: number | null;
  /** Estimated change of J_C by the step taken, to first order and by the surrogate; 0 if none was. */
  readonly expectedCostChange: number;
  readonly costChange: number;
  /** ‖b‖₂, b the gradient of the surrogate of costs per step. */
  readonly costGradientNorm: number;
  /** 1 − Var(returns − V) / Var(returns) of the critic of costs before its fit; null for constant costs. */
  readonly costExplainedVariance: number | null;
};

type Memory = { readonly value: ParameterTree; readonly optimiser: AdamMemory };

const form: MemoryForm = {
  like: ({ value }): Memory => ({ value, optimiser: adamMemory(adamState(value)) }),
  begin: ({ model }, { key }): Memory => {
    const { value } = model.initialise(iterationKeys(key).costs);
    return { value, optimiser: adamMemory(adamState(value)) };
  },
  check: (memory) => checkAdam('state.memory.optimiser', (memory as Memory).optimiser),
};

/** Everything about the costs that a step is chosen by. */
interface Constraint {
  readonly data: CostData;
  /** Units of a step of the environment: (J_C − d) / mean length of an episode. */
  readonly c: number;
  /** E[ratio · A_C] at θ less that at θ_old: change of the cost per step. */
  readonly changeAt: (theta: ParameterTree) => number;
  readonly gradient: ParameterTree;
  readonly natural: NaturalGradient;
  readonly step: ConstrainedStep;
}

/** 3b. and 4. The constraint to first order, and the best step that keeps it. */
const constrain = (
  input: StepInput,
  costs: CompiledModel,
  data: TrainingData,
  costed: CostData,
  { atOld }: PolicyGradient,
  metric: PolicyMetric,
  natural: NaturalGradient,
): Constraint => {
  const { setup, state, probe } = input;
  const { observations, actions, logProbabilities, oldParameters } = data;
  const rows = { observations, actions, logProbabilities, oldParameters, advantages: costed.advantages };
  const before = probe('gradient', () => costs.objective(atOld.value, rows));
  const gradient = probe('gradient', () => atOld.transpose(before.gradient));
  // Never warm: the solution in the state is that of the other gradient.
  const naturalCost = naturalDirection(input, metric, gradient, null);
  const c = (costed.episodeCost - setup.options.costLimit) / Math.max(1, costed.episodeLength);
  const r = inner(gradient, natural.solve.x);
  const problem = { q: natural.slope, r, s: naturalCost.slope, c, delta: state.delta };
  return {
    data: costed,
    c,
    changeAt: (theta) => item(costs.measure(theta, rows).surrogate) - item(before.value),
    gradient,
    natural: naturalCost,
    step: constrainedStep(problem),
  };
};

interface Search {
  readonly size: StepSize;
  readonly outcome: LineSearchOutcome;
  readonly taken: (TakenStep & { readonly expectedCostChange: number; readonly costChange: number }) | null;
}

interface Way {
  readonly direction: ParameterTree;
  /** Where one boundary alone binds: what the length along the direction is found from, as TRPO's is. */
  readonly sizedBy: NaturalGradient | null;
}

/** The direction of the step, which ends at scale 1 where both boundaries bind. */
const wayOf = ({ kind, alongGradient, alongCost }: ConstrainedStep, g: NaturalGradient, b: NaturalGradient): Way => {
  switch (kind) {
    case 'inactive':
      return { direction: g.solve.x, sizedBy: g };
    case 'recovery':
      return { direction: scaled(-1, b.solve.x), sizedBy: b };
    case 'active':
      return { direction: addScaled(scaled(alongGradient, g.solve.x), alongCost, b.solve.x), sizedBy: null };
  }
};

/** 5. Along the step: shorter until KL ≤ δ, and the surrogate is better or, while the limit is exceeded, the cost is lower. */
const search = (
  input: StepInput,
  data: TrainingData,
  { gradient, surrogateBefore }: PolicyGradient,
  natural: NaturalGradient,
  { c, changeAt, gradient: costGradient, natural: naturalCost, step }: Constraint,
): Search => {
  const { shrink, maxTries, acceptRatio } = input.setup.options;
  const { delta } = input.state;
  const { direction, sizedBy } = wayOf(step, natural, naturalCost);
  const candidate = candidatesAlong(input, data, surrogateBefore, direction);
  const size = sizedBy === null ? { scale: 1, evaluations: 0 } : sizeStep(input, sizedBy, candidate);
  const broken = [natural, naturalCost].some(({ solve }) => solve.status === 'nonFinite');
  const reason = sizedBy === null ? (broken ? 'nonFinite' : null) : reasonToStay(sizedBy, size.scale);
  if (reason !== null) return { size, outcome: { status: 'rejected', reason, tries: 0 }, taken: null };
  const gains = c > 0 ? -inner(costGradient, direction) : inner(gradient, direction);
  const outcome = input.probe('lineSearch', () =>
    lineSearch(
      (fraction) => {
        const { parameters, kl, gain, finite } = candidate(fraction * size.scale);
        if (!finite) return { kl, gain, finite };
        const change = changeAt(parameters);
        return c > 0 ? { kl, gain: -change, finite } : { kl, gain, finite, feasible: change + c <= 0 };
      },
      { delta, expectedGain: size.scale * gains, shrink, maxTries, acceptRatio },
    ),
  );
  if (outcome.status === 'rejected') return { size, outcome, taken: null };
  const scale = outcome.fraction * size.scale;
  const { parameters: theta, kl, gain } = candidate(scale);
  return {
    size,
    outcome,
    taken: {
      theta,
      kl,
      gain,
      expectedGain: scale * inner(gradient, direction),
      expectedCostChange: scale * inner(costGradient, direction),
      costChange: changeAt(theta),
    },
  };
};

const fitCostCritic = (
  { setup: { options, compiled }, probe, state }: StepInput,
  data: TrainingData,
  { returns }: CostData,
  { value, optimiser }: Memory,
  theta: ParameterTree,
): ValueFit =>
  probe('valueFit', () =>
    fitValue(
      compiled.valueSweep,
      { ...options, learningRate: learningRateAt(options, state.steps) },
      { value, valueOptimiser: adamOf(optimiser) },
      compiled.criticInputs(theta, data.observations),
      returns,
      iterationKeys(state.key).costs,
    ),
  );

const prepare = (setup: CompiledSetup): ((input: StepInput) => Either<TrpoError, StepResult<TrpoReport>>) => {
  const { model, options, engine, compiled } = setup;
  // Costs have no entropy bonus, and no part of the critic of rewards.
  const same = options.entropyBonus === 0 && compiled.trunk === null;
  const costs = same ? compiled : compileModel(model, { ...options, engine, entropyBonus: 0, valueCoefficient: 0 });
  return (input) => {
    const { state } = input;
    const memory = input.memory as Memory;
    const batch = requireCosts(input.algorithm, input.batch);
    if (isLeft(batch)) return batch;

    // 1. Estimate the advantages of rewards and of costs.
    const estimated = estimateAdvantages(input);
    if (isLeft(estimated)) return estimated;
    const data = estimated.right;
    const costed = input.probe('advantages', () => costData({ ...input, batch: batch.right }, data, memory.value));
    if (isLeft(costed)) return costed;

    // 2. The gradient g of the surrogate.   3. H⁻¹g as TRPO, H = F + damping.
    const surrogate = policyGradient(input, data);
    if (isLeft(surrogate)) return surrogate;
    const metric = policyMetric(input, data, surrogate.right.atOld);
    if (isLeft(metric)) return metric;
    const natural = naturalDirection(input, metric.right, surrogate.right.gradient);

    // 3b. The gradient b of the surrogate of costs, and H⁻¹b.   4. The best step within δ that keeps the limit, from the dual.
    const constraint = constrain(input, costs, data, costed.right, surrogate.right, metric.right, natural);

    // 5. Backtrack until the true surrogates agree.
    const { size, outcome, taken } = search(input, data, surrogate.right, natural, constraint);

    // 6. Fit both critics.
    const critic = fitCritic(input, data, taken?.theta);
    const fitted = fitCostCritic(input, data, costed.right, memory, taken?.theta ?? state.policy);

    const { episodeCost, episodeLength, returns } = costed.right;
    const own: CpoOwn = {
      cost: episodeCost,
      costLimit: options.costLimit,
      constraint: constraint.step.kind,
      lambda: constraint.step.lambda,
      nu: constraint.step.nu,
      expectedCostChange: (taken?.expectedCostChange ?? 0) * episodeLength,
      costChange: (taken?.costChange ?? 0) * episodeLength,
      costGradientNorm: norm(constraint.gradient),
      costExplainedVariance: valueQuality(
        elements(compiled.values(memory.value, data.observations, state.policy)),
        elements(returns),
      ).explainedVariance,
    };
    return finish(input, {
      data,
      ...surrogate.right,
      taken,
      critic,
      natural,
      memory: { value: fitted.parameters, optimiser: adamMemory(fitted.optimiser) } satisfies Memory,
      solve: solveReport({ state, metric: metric.right, natural, size, outcome }),
      own,
      warnings: [...constraint.natural.warnings, ...(fitted.finite ? [] : (['costFitUndone'] as const))],
    });
  };
};

/**
 * A step of CPO. The constraint is on J_C, the mean total cost of an episode (a plain sum over its steps, not discounted), to
 * first order: J_C + T̄ · bᵀ(θ − θ_old) ≤ d, with T̄ the mean length of an episode and b = ∇E[ratio · A_C]. Options of its own:
 * `costLimit`, `costGamma`, `costLambda`. It keeps a second critic, for costs, of the same networks and fit.
 *
 * While the limit is exceeded, the line search asks for less cost and lets the surrogate fall; where no step within δ keeps the
 * limit, the step lowers the cost alone (`own.constraint` is `recovery`).
 *
 * @returns `Left` with the field `costs` for batches without costs
 * @example
 * ```ts
 * const model = mlpModel({ observationSpace: { low: [0] }, actionSpace: { kind: 'discrete', n: 2 } });
 * const result = cpoStep({ model, costLimit: -1 })({} as TrpoState, {} as Batch);
 * console.log(result._tag === 'Left' && result.left.issues[0].field); // costLimit
 * ```
 */
export const cpoStep: Algorithm<TrpoReport> = defineAlgorithm({ name: 'cpo', memory: form, prepare });
