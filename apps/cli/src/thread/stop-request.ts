/** The side of the loop of training, which asks after each iteration whether to go on. */
import { parentPort, workerData } from 'node:worker_threads';
import { type Message, type Setup, STOP, type Written } from './protocol.js';

export interface StopRequest {
  readonly stopped: () => boolean;
  /** Ends listening: signals are the system's own again. */
  readonly release: () => void;
}

/** Has the main thread hear the first signal, and say so in these words; once more after an earlier request was released. */
export const stopRequest = (words: Written): StopRequest => {
  const state = new Int32Array((workerData as Setup).stop);
  Atomics.compareExchange(state, 0, STOP.OVER, STOP.WAITING);
  parentPort?.postMessage({ kind: 'listen', ...words } satisfies Message);
  return {
    stopped: () => Atomics.load(state, 0) === STOP.ASKED,
    release: () => {
      Atomics.compareExchange(state, 0, STOP.WAITING, STOP.OVER);
    },
  };
};
