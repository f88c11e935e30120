/** An evaluation that shows how far it is, and can be stopped. */
import { setImmediate } from 'node:timers/promises';
import type { Evaluation, EvaluationProgress } from '@natgrad/rl-trpo';
import type { Display } from '../output/display.js';
import { duration, whole } from '../output/format.js';

/** Milliseconds of work between two looks at whatever else waits. */
const TURN = 100;

const statusOf = ({ steps, remaining, over, episodes }: EvaluationProgress, seconds: number): string =>
  `Evaluating: ${whole(over)} of ${whole(episodes)} episodes are over, at most ${duration((seconds * remaining) / steps)} left; Ctrl-C stops`;

/** What is said before an evaluation begins. */
export const evaluating = (episodes: number): string =>
  `Evaluating the policy in ${whole(episodes)} episode${episodes === 1 ? '' : 's'}.`;

/** Runs an evaluation to its end; null if it was stopped before. */
export const watched = async (
  evaluation: Generator<EvaluationProgress, Evaluation>,
  display: Pick<Display, 'status'>,
  stopped: () => boolean,
): Promise<Evaluation | null> => {
  const start = performance.now();
  let turned = start;
  for (;;) {
    const { done, value } = evaluation.next();
    if (done === true) return value;
    const now = performance.now();
    if (now - turned < TURN) continue;
    display.status(statusOf(value, (now - start) / 1000));
    // Twice: the first turn may come before the event loop has asked the system for signals.
    await setImmediate();
    await setImmediate();
    if (stopped()) return null;
    turned = performance.now();
  }
};
