/** What a peer is asked for. */
import type { FloatDType } from '@natgrad/tensor';
import type { Found } from '../update/candidate.js';
import type { Problem } from '../update/problem.js';

export interface PeerRequest {
  readonly dtype: FloatDType;
  readonly threads: number;
  readonly problem: Problem;
  /** The same problem as an `.npz` file. */
  readonly file: string;
  /** A folder for files of the run. */
  readonly folder: string;
}

/** A library or program to measure against: its candidates where it is installed, else why not. */
export interface Peer {
  readonly name: string;
  readonly find: (request: PeerRequest) => Promise<Found>;
}

export const skip = (engine: string, reason: string): Found => ({ candidates: [], skipped: [{ engine, reason }] });
