/** When the checkpoints of a run are written: often enough to lose little, rarely enough to cost little. */
import { type Either, isRight, right } from 'fp-ts/lib/Either.js';
import type { Snapshot } from '../train.js';
import type { RunError } from './errors.js';
import { type Run, saveSnapshot } from './run.js';

/** Writes the checkpoints of one run, not each of them. */
export interface Saving {
  /** Writes a checkpoint if one is due; true if it did. */
  readonly offer: (snapshot: Snapshot) => Either<RunError, boolean>;
  /** Writes the last one that was offered, unless it is written already; true if it did. */
  readonly finish: () => Either<RunError, boolean>;
}

/** Milliseconds of work that a crash may cost, beside the iteration that it stops. */
const MOST_LOST = 5000;

/** Writing may take one part in so many of the time. */
const SHARE = 20;

/**
 * Saves iterations as they come: a checkpoint is due when the last one was written 5 seconds ago, or 20 times as long ago as it took
 * to write. The first one is due at once. After the last iteration call `finish`.
 *
 * @param clock milliseconds
 */
export const savingTo = (run: Run, clock: () => number = () => performance.now()): Saving => {
  let unsaved: Snapshot | null = null;
  let due = -Infinity;
  const save = (snapshot: Snapshot): Either<RunError, boolean> => {
    const start = clock();
    const saved = saveSnapshot(run, snapshot);
    if (isRight(saved)) unsaved = null;
    const end = clock();
    due = end + Math.min(MOST_LOST, SHARE * (end - start));
    return isRight(saved) ? right(true) : saved;
  };
  return {
    offer: (snapshot) => {
      unsaved = snapshot;
      return clock() >= due ? save(snapshot) : right(false);
    },
    finish: () => (unsaved === null ? right(false) : save(unsaved)),
  };
};
