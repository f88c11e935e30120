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
  /** The new policy left the range of floats, so the old one stays; of algorithms without a line search. */
  | 'policyStepUndone'
  /** The fit of the critic of costs left the range of floats and was undone. */
  | 'costFitUndone'
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
  /** Mean total cost, undiscounted; null where no episode ended, and in environments without costs. */
  readonly costMean: number | null;
}

/** A number that only one algorithm has, such as a clipped share or a multiplier, or what it did, such as a recovery. */
export type OwnValue = number | string | boolean | null;

/** What a step says about itself. A field is null where the algorithm has no such thing. */
export interface StepReport {
  /** Name of the algorithm, as in `algorithms`. */
  readonly algorithm: string;
  /** Number of this iteration, from 1. */
  readonly iteration: number;
  /** Environment steps in this batch. */
  readonly steps: number;
  /** Environment steps learnt from since the beginning. */
  readonly totalSteps: number;
  readonly episodes: EpisodeReport;
  readonly totalEpisodes: number;
  /**
   * L(θ_old) and L at the parameters that were kept: with the entropy bonus if one is set, and for a shared trunk with the
   * critic's part.
   */
  readonly surrogateBefore: number;
  readonly surrogateAfter: number;
  /** gᵀ(θ − θ_old): what the linear model promised for the step taken; 0 if none was. */
  readonly expectedImprovement: number;
  /** surrogateAfter − surrogateBefore. */
  readonly improvement: number;
  /** improvement / expectedImprovement; null where no step was taken. */
  readonly improvementRatio: number | null;
  /** KL(π_old ‖ π) at the parameters that were kept: the mean, or with `klKind` max the largest of a state. */
  readonly kl: number;
  /** kl / δ: the share of the trust region used; null without one. */
  readonly klShare: number | null;
  /** Mean entropy of π_old in nats; where the distribution does not know it, the estimate −E[log π_old(a|s)] of the batch. */
  readonly entropy: number;
  /** ‖g‖₂. */
  readonly gradientNorm: number;
  readonly cgStatus: CgStatus | null;
  readonly cgIterations: number | null;
  /** ‖b − A x‖ / ‖b‖; 0 for a zero gradient. */
  readonly cgResidual: number | null;
  /** The same after each iteration, from the first guess on. */
  readonly cgResiduals: readonly number[] | null;
  /** Effective damping added to F. */
  readonly damping: number | null;
  /** The factor on the natural gradient before the line search. */
  readonly stepSize: number | null;
  /** Evaluations of KL that finding it took. */
  readonly sizingEvaluations: number | null;
  readonly lineSearch: LineSearchOutcome | null;
  /** Mean squared error of the critic before and after its fit. */
  readonly valueLossBefore: number;
  readonly valueLossAfter: number;
  /** 1 − Var(returns − V) / Var(returns), before and after; null for constant returns. */
  readonly explainedVarianceBefore: number | null;
  readonly explainedVarianceAfter: number | null;
  /** Null for a fit that is not by Adam. */
  readonly valueLearningRate: number | null;
  /** (1/N) Σ (V − V_old)² / 2σ² of a fit by trust region, which its ε bounds; null for one by Adam. */
  readonly valueKl: number | null;
  /** Trust region of this step. */
  readonly delta: number | null;
  /** What rewards were divided by; 1 while `scaleRewards` is off. */
  readonly rewardScale: number;
  /** Name of the engine that ran the step. */
  readonly engine: string;
  readonly warnings: readonly Warning[];
  /** What the algorithm alone has, by name. */
  readonly own: Readonly<Record<string, OwnValue>>;
}

/** A report of which some fields are never null. */
export type Known<Field extends keyof StepReport> = StepReport & {
  readonly [F in Field]: NonNullable<StepReport[F]>;
};

/** Fields of a trust region, a natural gradient and a line search. */
export type SolveField =
  | 'cgStatus'
  | 'cgIterations'
  | 'cgResidual'
  | 'cgResiduals'
  | 'damping'
  | 'stepSize'
  | 'sizingEvaluations'
  | 'lineSearch'
  | 'delta';

/** The report of TRPO, and of whatever else searches along a natural gradient within a trust region. */
export type TrpoReport = Known<SolveField | 'klShare'>;
