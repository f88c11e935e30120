/** Steps that run in blocks, one alone or several of a band together, on one thread or on several. */
import type { Frame, Run } from './run.js';
import type { Work } from './threads/task.js';
import type { Team } from './threads/team.js';

/** A step at the addresses of a call. */
interface Opened {
  /** Its blocks as numbers, for other threads. */
  readonly work: Work;
  /** Computes a block in this thread. */
  readonly one: (block: number) => void;
  /** Puts together what the blocks have made. */
  readonly close: () => void;
}

/** A step that is cut into blocks. */
export type Blocked = (frame: Frame) => Opened;

/** Every block of all steps, in their order; with a team, on its threads. `milliseconds` is what all blocks take on one. */
export const runBlocks =
  (steps: readonly Blocked[], blocks: number, milliseconds: number, team: Team | null): Run =>
  (frame) => {
    const opened = steps.map((open) => open(frame));
    const one = (block: number): void => {
      for (const each of opened) each.one(block);
    };
    if (team === null) for (let block = 0; block < blocks; block += 1) one(block);
    else team.divide({ works: opened.map(({ work }) => work), blocks, milliseconds: milliseconds / blocks }, one);
    for (const each of opened) each.close();
  };
