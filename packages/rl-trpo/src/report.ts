/** What a step says about itself: every number that a person would plot, and no clock. */
import type { CgStatus } from './conjugate-gradient.js';
import type { LineSearchOutcome } from './line-search.js';

/** Things that are no error but should not pass in silence. */
export type Warning =
  /** All advantages are equal: there is nothing to prefer, so they are taken as zero. */
  | 'constantAdvantages'
  /** Warm start began in a direction that does not climb; conjugate gradient started again from zero. */
  | 'notAscent'
  /** Conjugate gradient did not reach its tolerance for a reason other than its number of iterations. */
  | 'conjugateGradientFailed'
  /** The value fit left the range of floats and was undone. */
  | 'valueFitUndone'
  /** Observations or returns too large to square: the statistics stay as they were. */
  | 'statisticsOverflow';

/** Episodes that ended in this batch. Raw rewards. */
export interface EpisodeReport {
  readonly count: number;
  /** Null where no episode ended. */
  readonly returnMean: number | null;
  readonly returnMin: number | null;
  readonly returnMax: number | null;
  readonly lengthMean: number | null;
}

export interface StepReport {
  /** Number of this iteration, from 1. */
  readonly iteration: number;
  /** Environment steps in this batch. */
  readonly steps: number;
  /** Environment steps learnt from since the beginning. */
  readonly totalSteps: number;
  readonly episodes: EpisodeReport;
  readonly totalEpisodes: number;
  /** L(θ_old) and L at the parameters that were kept, with the entropy bonus if one is set. */
  readonly surrogateBefore: number;
  readonly surrogateAfter: number;
  /** gᵀ(θ − θ_old): what the linear model promised for the step taken; 0 if none was. */
  readonly expectedImprovement: number;
  /** surrogateAfter − surrogateBefore. */
  readonly improvement: number;
  /** improvement / expectedImprovement; null where no step was taken. */
  readonly improvementRatio: number | null;
  /** Mean KL(π_old ‖ π) at the parameters that were kept. */
  readonly kl: number;
  /** kl / δ: the share of the trust region used. */
  readonly klShare: number;
  /** Mean entropy of π_old in nats. */
  readonly entropy: number;
  /** ‖g‖₂. */
  readonly gradientNorm: number;
  readonly cgStatus: CgStatus;
  readonly cgIterations: number;
  /** ‖b − A x‖ / ‖b‖; 0 for a zero gradient. */
  readonly cgResidual: number;
  /** Effective damping added to F. */
  readonly damping: number;
  /** The factor on the natural gradient before the line search. */
  readonly stepSize: number;
  /** Evaluations of KL that finding it took. */
  readonly sizingEvaluations: number;
  readonly lineSearch: LineSearchOutcome;
  /** Mean squared error of the critic before and after its fit. */
  readonly valueLossBefore: number;
  readonly valueLossAfter: number;
  /** 1 − Var(returns − V) / Var(returns), before and after; null for constant returns. */
  readonly explainedVarianceBefore: number | null;
  readonly explainedVarianceAfter: number | null;
  readonly valueLearningRate: number;
  /** Trust region of this step. */
  readonly delta: number;
  /** What rewards were divided by; 1 while `scaleRewards` is off. */
  readonly rewardScale: number;
  /** Name of the engine that ran the step. */
  readonly engine: string;
  readonly warnings: readonly Warning[];
}
