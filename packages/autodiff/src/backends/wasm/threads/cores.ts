/** Cores that are busy with something else than engines: these leave them alone for as long as that lasts. */
import { coreCount } from './start.js';

let cores: number | undefined;
let occupied = 0;

/**
 * Says that so many threads are at work which are not an engine's, until the result is called. Engines of this thread use fewer
 * meanwhile; that changes no bit.
 */
export const occupyCores = (threads: number): (() => void) => {
  occupied += threads;
  let isOver = false;
  return () => {
    if (!isOver) occupied -= threads;
    isOver = true;
  };
};

/** How many threads a team of `size` should use now, the caller's included. A size beyond the cores was asked for. */
export const threadsNow = (size: number): number => {
  if (occupied === 0) return size;
  cores ??= coreCount();
  return Math.max(1, Math.min(size, Math.max(cores, size) - occupied));
};
