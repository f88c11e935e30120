/** What takes part in the benchmark: an engine of ours, or a peer. */
import type { FloatDType } from '@natgrad/tensor';
import type { Network, Policy } from './problem.js';

export const PARTS = ['fvp', 'gradient', 'cg', 'step', 'lineSearch', 'critic', 'update'] as const;

export type Part = (typeof PARTS)[number];

/** Milliseconds by part; null for a part that a candidate does not have. */
export type Timing = Readonly<Record<Part, number | null>>;

/** What an update made of the problem. */
export interface UpdateResult {
  readonly policy: Policy;
  readonly critic: Network;
  /** Mean KL(old ‖ new) of the accepted step; 0 where no step was accepted. */
  readonly kl: number;
  /** Steps that the line search tried. */
  readonly tries: number;
}

/** What a candidate shows before it is timed. */
export interface Evidence {
  /** Null for a candidate that has no whole update. */
  readonly update: UpdateResult | null;
  /** Gradient of the surrogate; null where `update` says enough. */
  readonly gradient: Policy | null;
  /** The damped Fisher-vector product of the fixed direction; null where `update` says enough. */
  readonly product: Policy | null;
  /** Milliseconds of the very first update, with everything that is made only once; null where it was not timed. */
  readonly firstCall: number | null;
}

export interface Candidate {
  /** `interpreter`, `wasm`, … for engines of this project; a peer's name with its version. */
  readonly engine: string;
  readonly variant: string;
  readonly dtype: FloatDType;
  readonly threads: number;
  readonly peer: boolean;
  /** What this candidate does that others do not, and what it leaves out. */
  readonly notes: readonly string[];
  /** Most repeats that this candidate is worth, where it is far slower than the others. */
  readonly mostRepeats?: number;
  readonly show: () => Promise<Evidence>;
  readonly time: () => Promise<Timing>;
  readonly close: () => void;
}

/** A candidate that cannot take part, and how to change that. */
export interface Skipped {
  readonly engine: string;
  readonly reason: string;
}

export interface Found {
  readonly candidates: readonly Candidate[];
  readonly skipped: readonly Skipped[];
}

/** For messages and tables: `wasm linearised f32`. */
export const describeCandidate = ({ engine, variant, dtype }: Candidate): string => `${engine} ${variant} ${dtype}`;
