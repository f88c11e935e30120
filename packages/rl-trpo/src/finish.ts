/** The end of a step: its parts become the next state and the report. */
import { item, mean } from '@natgrad/tensor';
import { elements } from '@natgrad/tensor/internal';
import { type Either, map } from 'fp-ts/lib/Either.js';
import { deltaAfter } from './adaptive-delta.js';
import type { FittedCritic } from './critic.js';
import { episodeReport } from './episodes.js';
import type { TrpoError } from './errors.js';
import type { CompiledPolicy } from './fisher.js';
import type { StepInput } from './frame.js';
import { iterationKeys } from './keys.js';
import type { LineSearchOutcome } from './line-search.js';
import type { ParameterTree } from './model.js';
import type { NaturalGradient } from './natural-gradient.js';
import type { Known, OwnValue, SolveField, StepReport, Warning } from './report.js';
import { toValues } from './return-normalisation.js';
import type { PolicyMetric } from './stages.js';
import type { TrpoState } from './state.js';
import type { StepSize } from './step-size.js';
import type { TrainingData } from './training-data.js';
import { validateState } from './validate-state.js';
import { valueQuality } from './value-fit.js';
import { norm } from './vector.js';

/** What a step gives: the next state, and what is to be said about the step. */
export interface StepResult<Report extends StepReport = StepReport> {
  readonly state: TrpoState;
  readonly report: Report;
}

/** A step of the policy that was taken. */
export interface TakenStep {
  /** The new parameters. */
  readonly theta: ParameterTree;
  /** KL(old ‖ new): the mean, or with `klKind` max the largest of a state. */
  readonly kl: number;
  /** Gain of the surrogate. */
  readonly gain: number;
  /** gᵀ(θ − θ_old). */
  readonly expectedGain: number;
}

/** Everything that a step found. */
export interface StepParts<Solve extends Partial<Pick<StepReport, SolveField>>> {
  readonly data: TrainingData;
  readonly atOld: Pick<CompiledPolicy, 'value'>;
  readonly gradient: ParameterTree;
  readonly surrogateBefore: number;
  /** Null where the policy stays what it was. */
  readonly taken: TakenStep | null;
  readonly critic: FittedCritic;
  /** For algorithms that have one. */
  readonly natural?: NaturalGradient;
  /** Fields of the report that not every algorithm has: {@link solveReport}, or some of them. The others are null. */
  readonly solve?: Solve;
  /** The memory of the next state. Default: none. */
  readonly memory?: ParameterTree | null;
  /** Numbers for the report that no other algorithm has. */
  readonly own?: Readonly<Record<string, OwnValue>>;
  readonly warnings?: readonly Warning[];
}

/** The report of an algorithm that knows some of the fields that not every algorithm has. */
export type ReportWith<Solve> = StepReport &
  Solve &
  (Solve extends { readonly delta: number } ? Known<'klShare'> : unknown);

/** What is reported of a trust region, a natural gradient, and a line search along it. */
export const solveReport = ({
  state,
  metric,
  natural,
  size,
  outcome,
}: {
  readonly state: TrpoState;
  readonly metric: PolicyMetric;
  readonly natural: NaturalGradient;
  readonly size: StepSize;
  readonly outcome: LineSearchOutcome;
}): Pick<Known<SolveField>, SolveField> => ({
  cgStatus: natural.solve.status,
  cgIterations: natural.solve.iterations,
  cgResidual: natural.solve.residuals.at(-1) ?? 1,
  cgResiduals: natural.solve.residuals,
  damping: metric.damping,
  stepSize: size.scale,
  sizingEvaluations: size.evaluations,
  lineSearch: outcome,
  delta: state.delta,
});

/**
 * The next state, which is checked to be finite as a whole, and the report.
 *
 * @returns `Left` with the code `Overflow` where something in the state is not finite
 */
export const finish = <Solve extends Partial<Pick<StepReport, SolveField>> = Partial<Pick<StepReport, SolveField>>>(
  input: StepInput,
  parts: StepParts<Solve>,
): Either<TrpoError, StepResult<ReportWith<Solve>>> => {
  const { setup, state } = input;
  const { data, taken, natural, critic, solve, memory = null } = parts;
  const steps = state.steps + data.returns.size;
  const nextState: TrpoState = {
    policy: taken === null ? state.policy : taken.theta,
    value: critic.parameters,
    valueOptimiser: critic.optimiser,
    observationStatistics: data.observationStatistics,
    returnStatistics: data.returnStatistics,
    valueStatistics: data.valueStatistics,
    delta: deltaAfter(setup.options, state.delta, solve?.lineSearch ?? null, steps),
    previousSolution:
      natural === undefined || natural.solve.status === 'zeroGradient' || natural.solve.status === 'nonFinite'
        ? null
        : natural.solve.x,
    memory,
    key: iterationKeys(state.key).next,
    iteration: state.iteration + 1,
    steps,
    episodes: state.episodes + data.episodes.returns.length,
    progress: data.episodes.progress,
  };
  return map((valid: TrpoState) => ({ state: valid, report: reportOf(input, parts, valid) as ReportWith<Solve> }))(
    validateState(setup.model, nextState, 'Overflow'),
  );
};

const NOTHING_SOLVED: { readonly [Field in SolveField]: null } = {
  cgStatus: null,
  cgIterations: null,
  cgResidual: null,
  cgResiduals: null,
  damping: null,
  stepSize: null,
  sizingEvaluations: null,
  lineSearch: null,
  delta: null,
};

const reportOf = (
  { algorithm, setup: { compiled, engine } }: StepInput,
  parts: StepParts<Partial<Pick<StepReport, SolveField>>>,
  after: TrpoState,
): StepReport => {
  const { data, atOld, gradient, surrogateBefore, taken, critic, natural, own = {}, warnings = [] } = parts;
  const solve = { ...NOTHING_SOLVED, ...parts.solve };
  const returns = elements(data.returns);
  const fitBefore = valueQuality(elements(data.values), returns);
  const values = toValues(data.valueScale, compiled.values(after.value, data.observations, after.policy));
  const fitAfter = valueQuality(elements(values), returns);
  const old = compiled.summary(data.oldParameters, atOld.value);
  const kl = taken === null ? item(old.kl) : taken.kl;
  const improvement = taken === null ? 0 : taken.gain;
  const expectedImprovement = taken === null ? 0 : taken.expectedGain;
  const undone: readonly Warning[] = critic.finite ? [] : ['valueFitUndone'];
  return {
    algorithm,
    iteration: after.iteration,
    steps: returns.length,
    totalSteps: after.steps,
    episodes: episodeReport(data.episodes),
    totalEpisodes: after.episodes,
    surrogateBefore,
    surrogateAfter: surrogateBefore + improvement,
    expectedImprovement,
    improvement,
    improvementRatio: expectedImprovement > 0 ? improvement / expectedImprovement : null,
    kl,
    klShare: solve.delta === null ? null : kl / solve.delta,
    // Where it is not known: the batch's own actions are samples of π_old.
    entropy: old.entropy === null ? -item(mean(data.logProbabilities)) : item(old.entropy),
    gradientNorm: norm(gradient),
    ...solve,
    valueLossBefore: fitBefore.loss,
    valueLossAfter: fitAfter.loss,
    explainedVarianceBefore: fitBefore.explainedVariance,
    explainedVarianceAfter: fitAfter.explainedVariance,
    valueLearningRate: critic.learningRate,
    valueKl: critic.kl,
    rewardScale: data.rewardScale,
    engine: engine.name,
    warnings: [...data.warnings, ...(natural?.warnings ?? []), ...warnings, ...undone],
    own,
  };
};
