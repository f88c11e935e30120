/** What the page and its worker say to each other: plain data only. */
import type { Missing, ProgramStage } from '@natgrad/autodiff';
import type { Film } from '@natgrad/envs';
import type { IterationRecord } from '@natgrad/rl-trpo';
import type { Issue, Settings } from './settings.js';

/** Which colours pictures have. */
export type Scheme = 'light' | 'dark';

/** From the page. Every session has a number, so that what an older one still says can be told apart. */
export type Request =
  /** Makes environment, model and untrained policy, in place of whatever was there. */
  | { readonly kind: 'prepare'; readonly session: number; readonly settings: Settings; readonly scheme: Scheme }
  /** Trains, or trains on, until so many environment steps have been made in all. */
  | { readonly kind: 'train'; readonly steps: number }
  | { readonly kind: 'pause' }
  | { readonly kind: 'stop' }
  /** Least milliseconds from one iteration to the next, so that fast learning can be watched. */
  | { readonly kind: 'pace'; readonly milliseconds: number }
  /** Asks for an episode of the newest policy. */
  | { readonly kind: 'film' }
  | { readonly kind: 'scheme'; readonly scheme: Scheme };

/** What a session trains, as far as it was not chosen. */
export interface Subject {
  readonly parameters: number;
  readonly observationWidth: number;
  readonly engine: string;
  /** Why nothing can be compiled here; null where it can. */
  readonly missing: Missing | null;
  readonly rewardThreshold: number | null;
}

/** An iteration, as much of it as is drawn. */
export interface Point {
  readonly iteration: number;
  readonly totalSteps: number;
  readonly returns: { readonly mean: number; readonly min: number; readonly max: number } | null;
  readonly kl: number;
  readonly delta: number | null;
  /** False where the line search found no step; null where there is none. */
  readonly accepted: boolean | null;
  readonly cgResiduals: readonly number[] | null;
  readonly entropy: number;
  readonly explainedVariance: number | null;
  readonly seconds: IterationRecord['seconds'];
  readonly stepsPerSecond: number;
}

/** One episode, to be played. */
export interface Episode {
  readonly film: Film;
  readonly return: number;
  readonly steps: number;
  /** Iteration whose policy acted; 0 before the first. */
  readonly iteration: number;
  readonly ending: 'terminated' | 'truncated' | 'cut';
}

export type Phase = 'idle' | 'training' | 'paused' | 'finished';

/** From the worker. */
export type Report = { readonly session: number } & (
  | { readonly kind: 'prepared'; readonly subject: Subject }
  /** The policy's Fisher-vector product for a batch, after each pass. */
  | {
      readonly kind: 'stages';
      readonly rows: number;
      readonly stages: readonly ProgramStage[];
      /** What the inputs of the program are called. */
      readonly inputs: readonly string[];
    }
  | { readonly kind: 'phase'; readonly phase: Phase }
  | { readonly kind: 'iteration'; readonly point: Point }
  | { readonly kind: 'episode'; readonly episode: Episode }
  | { readonly kind: 'refused'; readonly issues: readonly Issue[] }
  | { readonly kind: 'failed'; readonly message: string }
);
