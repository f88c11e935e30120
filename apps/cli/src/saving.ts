/** When the checkpoints of a run are written: often enough to lose little, rarely enough to cost little. */
import type { Snapshot } from '@natgrad/rl-trpo';
import { type Run, saveSnapshot } from '@natgrad/rl-trpo/runs';
import { orFail } from './task.js';

export interface Saving {
  /** Writes a checkpoint if one is due. */
  readonly offer: (snapshot: Snapshot) => void;
  /** Writes the last one that was offered, unless it is written already. */
  readonly finish: () => void;
}

/** Seconds of work that a crash may cost. */
const MOST_LOST = 5;

/** Writing may take one part in so many of the time. */
const SHARE = 20;

/** The time since the last checkpoint decides, and how long that one took to write. The first one that is offered is due. */
export const savingTo = (run: Run): Saving => {
  let unsaved: Snapshot | null = null;
  let [savedAt, cost] = [-Infinity, 0];
  const save = (snapshot: Snapshot): void => {
    const start = performance.now();
    unsaved = snapshot;
    orFail(saveSnapshot(run, snapshot));
    unsaved = null;
    savedAt = performance.now();
    cost = savedAt - start;
  };
  return {
    offer: (snapshot) => {
      unsaved = snapshot;
      if (performance.now() - savedAt >= Math.min(1000 * MOST_LOST, SHARE * cost)) save(snapshot);
    },
    finish: () => {
      if (unsaved !== null) save(unsaved);
    },
  };
};
