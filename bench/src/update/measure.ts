/** Times candidates in turns, so that what the machine does meanwhile meets all of them alike. */

import { median } from '../statistics.js';
import { type Candidate, PARTS, type Part, type Timing } from './candidate.js';

/** Minimum and median, in milliseconds. */
export type Spread = readonly [number, number];

export interface Measured {
  readonly candidate: Candidate;
  readonly repeats: number;
  readonly parts: Readonly<Record<Part, Spread | null>>;
}

const round = (x: number): number => Math.round(x * 1000) / 1000;

const spread = (timings: readonly Timing[], part: Part): Spread | null => {
  const times = timings.map((timing) => timing[part]).filter((time) => time !== null);
  return times.length === 0 ? null : [round(Math.min(...times)), round(median(times))];
};

export interface Rounds {
  readonly warmUp: number;
  readonly repeats: number;
}

/**
 * A B C A B C …: `warmUp` rounds that are thrown away, then `repeats` that count. A candidate with `mostRepeats` is not warmed
 * up beyond the update that it has shown.
 */
export const measure = async (
  candidates: readonly Candidate[],
  { warmUp, repeats }: Rounds,
): Promise<readonly Measured[]> => {
  const timings = candidates.map((): Timing[] => []);
  for (let turn = -warmUp; turn < repeats; turn += 1)
    for (const [k, candidate] of candidates.entries()) {
      const { mostRepeats } = candidate;
      if (mostRepeats !== undefined && (turn < 0 || turn >= mostRepeats)) continue;
      const timing = await candidate.time();
      if (turn >= 0) timings[k]?.push(timing);
    }
  return candidates.map((candidate, k) => {
    const own = timings[k] as Timing[];
    const parts = Object.fromEntries(PARTS.map((part) => [part, spread(own, part)])) as Measured['parts'];
    return { candidate, repeats: own.length, parts };
  });
};
