/**
 * The threads that run an engine's plans: the one that calls, and workers on the same memory. Forking writes a task down and opens
 * it; everybody takes blocks, the caller too; joining closes it and waits for those who are in the middle of a block. Nobody waits
 * for a worker that has not begun: while workers start, or sleep, or are late, the caller does their part.
 */
import { NatgradError } from '@natgrad/tensor';
import type { EngineMemory } from '../memory.js';
import { threadsNow } from './cores.js';
import { createPool, type Pool } from './pool.js';
import type { StartMember } from './start.js';
import type { Task } from './task.js';

/** What an engine's threads have done. */
export interface ThreadStatistics {
  /** Threads that the engine would use, the caller included. */
  readonly wanted: number;
  /** Threads that would take part in a task now: 1 before there was enough to do. */
  readonly ready: number;
  /** Workers that sleep until there is a task. */
  readonly asleep: number;
  /** Tasks that were divided, and how many blocks the caller and the workers took of them. */
  readonly tasks: number;
  readonly ownBlocks: number;
  readonly workerBlocks: number;
  /** Workers that were lost. */
  readonly lost: number;
  /** Why there are fewer threads than there could be; null where there are as many as were asked for. */
  readonly reason: string | null;
}

export interface Team {
  /** Most threads. */
  readonly size: number;
  /** Says that there is work for several threads: workers start, unless they have. */
  readonly gather: () => void;
  /**
   * Runs all blocks of a task, those that the caller takes by `one`.
   *
   * @throws `WorkerLost` where a worker has taken a block and not come back; the next task is run without it
   */
  readonly divide: (task: Task, one: (block: number) => void) => void;
  readonly statistics: () => ThreadStatistics;
  /** Ends the workers. */
  readonly disband: () => void;
}

const runAll = ({ blocks }: Task, one: (block: number) => void): void => {
  for (let block = 0; block < blocks; block += 1) one(block);
};

export const teamOfOne = (reason: string | null): Team => ({
  size: 1,
  gather: () => undefined,
  divide: runAll,
  statistics: () => ({
    wanted: 1,
    ready: 1,
    asleep: 0,
    tasks: 0,
    ownBlocks: 0,
    workerBlocks: 0,
    lost: 0,
    reason,
  }),
  disband: () => undefined,
});

/** One thread, which is the caller's. */
export const alone: Team = teamOfOne(null);

/** So many workers may be lost before an engine stays on one thread: what kills them would go on. */
const MOST_LOST = 3;

/** Tasks after which earlier losses no longer count. */
const RELIABLE = 1000;

const workerLost = (operation: string, found: string): NatgradError =>
  new NatgradError('WorkerLost', `a worker of the engine was lost in the middle of a step: ${found}`, {
    operation,
    found,
    expected: 'the call once more: until new workers are ready the engine runs on one thread',
  });

/** A team of up to `size` threads on a memory that they share. `library` is the native one of their products. */
export const createTeam = (size: number, memory: EngineMemory, start: StartMember, library: string | null): Team => {
  let pool: Pool | undefined;
  let [tasks, ownBlocks, workerBlocks, lost] = [0, 0, 0, 0];
  let [lostLately, tasksAtLoss] = [0, 0];
  let reason: string | null = null;

  const dismiss = (): void => {
    if (pool === undefined) return;
    workerBlocks += pool.blocks();
    pool.end();
    pool = undefined;
  };

  const lose = (found: string): void => {
    lost += 1;
    lostLately = tasks - tasksAtLoss > RELIABLE ? 1 : lostLately + 1;
    tasksAtLoss = tasks;
    dismiss();
    if (lostLately >= MOST_LOST)
      reason = `${MOST_LOST} workers were lost in a short time, the last one because ${found}`;
  };

  const gather = (): void => {
    if (pool?.isWorn() === true) dismiss();
    if (pool !== undefined || reason !== null) return;
    const giveUp = (found: string): void => {
      reason = `a worker could not start: ${found}`;
      dismiss();
    };
    try {
      const created: Pool = createPool(size - 1, memory, start, library, (found, wasReady) => {
        if (pool !== created) return;
        if (wasReady) lose(found);
        else giveUp(found);
      });
      pool = created;
    } catch (error) {
      // The platform's policy, or memory that has no room for them.
      giveUp(error instanceof Error ? error.message : String(error));
    }
  };

  return {
    size,
    gather,
    divide: (task, one) => {
      const threads = threadsNow(size);
      if (pool === undefined || threads === 1 || pool.ready() === 0) {
        runAll(task, one);
        return;
      }
      tasks += 1;
      const { own, failure } = pool.run(task, one, threads - 1);
      ownBlocks += own;
      if (failure === null) return;
      // The worker may still be writing: what it could reach stays out of use until it has certainly ended.
      pool.hold(memory.quarantine());
      lose(failure);
      throw workerLost('run', failure);
    },
    statistics: () => ({
      wanted: size,
      ready: 1 + (pool?.ready() ?? 0),
      asleep: pool?.asleep() ?? 0,
      tasks,
      ownBlocks,
      workerBlocks: workerBlocks + (pool?.blocks() ?? 0),
      lost,
      reason,
    }),
    disband: dismiss,
  };
};
