/** The end of a step: its parts become the next state and the report. */
import { item, type Key } from '@natgrad/tensor';
import { elements } from '@natgrad/tensor/internal';
import { type Either, map } from 'fp-ts/lib/Either.js';
import type { CompiledSetup } from './compiled.js';
import { episodeReport } from './episodes.js';
import type { TrpoError } from './errors.js';
import type { LineSearchOutcome } from './line-search.js';
import type { ParameterTree } from './model.js';
import type { NaturalGradient } from './natural-gradient.js';
import type { DistributionParameters } from './policy/distribution.js';
import type { StepReport, Warning } from './report.js';
import type { TrpoState } from './state.js';
import type { StepSize } from './step-size.js';
import type { TrainingData } from './training-data.js';
import { validateState } from './validate-state.js';
import { type ValueFit, valueQuality } from './value-fit.js';
import { norm } from './vector.js';

export interface StepResult {
  readonly state: TrpoState;
  readonly report: StepReport;
}

/** Everything that a step found. */
export interface StepParts {
  readonly setup: CompiledSetup;
  readonly state: TrpoState;
  readonly data: TrainingData;
  /** The parameters that were kept. */
  readonly theta: ParameterTree;
  /** Distributions at θ_old. */
  readonly atOld: DistributionParameters;
  readonly gradient: ParameterTree;
  readonly natural: NaturalGradient;
  readonly damping: number;
  readonly size: StepSize;
  readonly outcome: LineSearchOutcome;
  readonly surrogateBefore: number;
  readonly critic: ValueFit;
  readonly learningRate: number;
  readonly next: Key;
}

/** The next state, which is checked to be finite as a whole, and the report. */
export const finish = (parts: StepParts): Either<TrpoError, StepResult> => {
  const { setup, state, data, theta, natural, critic, next } = parts;
  const finished = data.episodes.returns.length;
  const nextState: TrpoState = {
    policy: theta,
    value: critic.parameters,
    valueOptimiser: critic.optimiser,
    observationStatistics: data.observationStatistics,
    returnStatistics: data.returnStatistics,
    delta: state.delta,
    previousSolution:
      natural.solve.status === 'zeroGradient' || natural.solve.status === 'nonFinite' ? null : natural.solve.x,
    key: next,
    iteration: state.iteration + 1,
    steps: state.steps + data.returns.size,
    episodes: state.episodes + finished,
    progress: data.episodes.progress,
  };
  return map((valid: TrpoState): StepResult => ({ state: valid, report: reportOf(parts, valid) }))(
    validateState(setup.model, nextState, 'Overflow'),
  );
};

const reportOf = (parts: StepParts, after: TrpoState): StepReport => {
  const {
    setup: { compiled, engine },
    state,
    data,
    atOld,
    gradient,
    natural,
    size,
    outcome,
    surrogateBefore,
    critic,
  } = parts;
  const accepted = outcome.status === 'accepted';
  const returns = elements(data.returns);
  const fitBefore = valueQuality(elements(data.values), returns);
  const fitAfter = valueQuality(elements(compiled.values(after.value, data.observations)), returns);
  const old = compiled.summary(data.oldParameters, atOld);
  const kl = accepted ? outcome.kl : item(old.kl);
  const improvement = accepted ? outcome.gain : 0;
  const expectedImprovement = accepted ? outcome.expectedGain : 0;
  const undone: readonly Warning[] = critic.finite ? [] : ['valueFitUndone'];
  return {
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
    klShare: kl / state.delta,
    entropy: item(old.entropy),
    gradientNorm: norm(gradient),
    cgStatus: natural.solve.status,
    cgIterations: natural.solve.iterations,
    cgResidual: natural.solve.residuals.at(-1) ?? 1,
    damping: parts.damping,
    stepSize: size.scale,
    sizingEvaluations: size.evaluations,
    lineSearch: outcome,
    valueLossBefore: fitBefore.loss,
    valueLossAfter: fitAfter.loss,
    explainedVarianceBefore: fitBefore.explainedVariance,
    explainedVarianceAfter: fitAfter.explainedVariance,
    valueLearningRate: parts.learningRate,
    delta: state.delta,
    rewardScale: data.rewardScale,
    engine: engine.name,
    warnings: [...data.warnings, ...natural.warnings, ...undone],
  };
};
