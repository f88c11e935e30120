/** Workers that have one memory and one control buffer together, from their start to their end. */

import { SCRATCH_BYTES } from '../gemm.js';
import type { EngineMemory } from '../memory.js';
import {
  BUSY,
  blocksAt,
  createControl,
  FAILED,
  hasModule,
  IDLE,
  JOINING,
  MOST_MODULES,
  MOST_TASK_WORDS,
  NEXT,
  QUIT,
  RETIRED,
  readText,
  SLEEPERS,
  STARTING,
  STATE,
  statusAt,
  TASK_HEADER,
  UNABLE,
  WANTED,
  WORK_HEADER,
} from './control.js';
import type { StartMember } from './start.js';
import type { CodeModule, Task } from './task.js';

/** The program of a work, by number, and where its bytes are; none where all workers have it, or there is no room. */
interface Code {
  readonly id: number;
  readonly address: number;
  readonly bytes: number;
}

/** How a task ended: the blocks that the caller took, and how a worker was lost. */
interface Outcome {
  readonly own: number;
  readonly failure: string | null;
}

export interface Pool {
  /** Workers that would take part in a task now. */
  readonly ready: () => number;
  readonly asleep: () => number;
  /** Blocks that workers have taken. */
  readonly blocks: () => number;
  /** Whether it is time for a new one: a worker has retired, or knows as many programs as it can note. */
  readonly isWorn: () => boolean;
  /** Runs all blocks of a task, which must not be open while another is, on the caller's thread and at most so many workers. */
  readonly run: (task: Task, one: (block: number) => void, workers: number) => Outcome;
  /** Calls `release` when all workers have certainly ended. */
  readonly hold: (release: () => void) => void;
  /** Ends the workers. */
  readonly end: () => void;
}

/** Looks at a worker's status before the caller sleeps: about 20 µs. */
const SPINS = 8192;

/** Milliseconds that the caller sleeps at a time, where it may. */
const NAP = 5;

/** Milliseconds that a worker may take for its block beyond what the block should take: cores may be busy. */
const PATIENCE = 300;
const PATIENCE_FACTOR = 10;

/** Milliseconds that the time between two looks at a worker counts at most: more is a pause, as in a debugger or a sleeping computer. */
const PAUSE = 50;

/** Milliseconds of a task from which on workers are watched while it is under way, not only when it is joined. */
const LONG = 100;

/** Milliseconds without a task after which a worker ends; a new one starts when there is work again. */
const RETIRES = 30_000;

/** A page's own thread must not sleep, and throws where it should. */
const maySleep = (): boolean => {
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 1, 0);
    return true;
  } catch {
    return false;
  }
};

/**
 * Starts `count` workers. `ended` is called, from the event loop, for each of them that ended without having been told to, and was
 * not just out of work; `wasReady` tells whether it had started.
 */
export const createPool = (
  count: number,
  memory: EngineMemory,
  start: StartMember,
  library: string | null,
  ended: (found: string, wasReady: boolean) => void,
): Pool => {
  const control = createControl(count);
  const { words, task: header } = control;
  const sleeps = maySleep();
  const ids = new WeakMap<CodeModule, number>();
  const members = Array.from({ length: count }, (_, member) => member);
  const releases: (() => void)[] = [];
  let modules = 0;
  let isOver = false;

  const status = (member: number): number => Atomics.load(words, statusAt(member));

  const block = memory.reserve(count * SCRATCH_BYTES);
  releases.push(() => memory.give(block));
  const started = members.map((member) => {
    const scratch = block + member * SCRATCH_BYTES;
    const setup = {
      memory: memory.memory,
      control: control.words.buffer,
      members: count,
      member,
      scratch,
      library,
      retires: RETIRES,
    };
    return start(setup, (reason) => {
      const last = status(member);
      if (isOver || last === RETIRED) return;
      ended(last === FAILED || last === UNABLE ? readText(control) : reason, last !== STARTING && last !== UNABLE);
    });
  });

  /** The number of a program that tasks name; 0 for none, or where no more can be noted. */
  const idOf = (module: CodeModule): number => {
    const known = ids.get(module);
    if (known !== undefined) return known;
    modules += 1;
    if (modules >= MOST_MODULES) return 0;
    ids.set(module, modules);
    return modules;
  };

  const isReady = (member: number): boolean => status(member) === IDLE;

  /** To be called again and again while a task is open or closing: how a worker was lost that takes too long for a block, or null. */
  const watch = (milliseconds: number): (() => string | null) => {
    const limit = PATIENCE + PATIENCE_FACTOR * milliseconds;
    const done = members.map((member) => Atomics.load(words, blocksAt(member)));
    const waited = members.map(() => 0);
    let last = performance.now();
    return () => {
      const now = performance.now();
      const passed = Math.min(now - last, PAUSE);
      last = now;
      for (const member of members) {
        const blocks = Atomics.load(words, blocksAt(member));
        const isStuck = status(member) === BUSY && blocks === done[member];
        waited[member] = isStuck ? (waited[member] as number) + passed : 0;
        done[member] = blocks;
        if (waited[member] > limit) return `it did not come back from a block within ${Math.round(limit)} ms`;
      }
      return null;
    };
  };

  /** Waits for a worker that is in the middle of a block; how it, or another one, was lost, or null. */
  const join = (member: number, lossOf: () => string | null): string | null => {
    const at = statusAt(member);
    for (let i = 0; i < SPINS; i += 1) if (Atomics.load(words, at) !== BUSY) break;
    while (Atomics.load(words, at) === BUSY) {
      if (sleeps) Atomics.wait(words, at, BUSY, NAP);
      const loss = lossOf();
      if (loss !== null) return loss;
    }
    return Atomics.load(words, at) === FAILED ? readText(control) : null;
  };

  /** Takes blocks until there are none, or a worker is lost; how many. */
  const takeBlocks = (blocks: number, one: (block: number) => void, isLost: () => boolean): number => {
    let own = 0;
    for (let block = Atomics.add(words, NEXT, 1); block < blocks; block = Atomics.add(words, NEXT, 1)) {
      one(block);
      own += 1;
      // Nobody takes the rest.
      if (isLost()) Atomics.store(words, NEXT, blocks);
    }
    return own;
  };

  const close = (lossOf: () => string | null): string | null => {
    Atomics.add(words, STATE, 1);
    Atomics.store(words, JOINING, 1);
    const failures = members.map((member) =>
      status(member) === BUSY || status(member) === FAILED ? join(member, lossOf) : null,
    );
    Atomics.store(words, JOINING, 0);
    return failures.find((failure) => failure !== null) ?? null;
  };

  /** Writes a task down and opens it; `codes` are the programs of its works, and where those are that somebody must compile. */
  const open = ({ works, blocks }: Task, codes: readonly Code[], workers: number): void => {
    header[0] = blocks;
    header[1] = works.length;
    let at = TASK_HEADER;
    works.forEach(({ kind, entry, words: own }, k) => {
      const { id, address, bytes } = codes[k] as Code;
      header.set([kind, id, entry, address, bytes, own.length], at);
      header.set(own, at + WORK_HEADER);
      at += WORK_HEADER + own.length;
    });
    Atomics.store(words, WANTED, workers);
    Atomics.store(words, NEXT, 0);
    Atomics.add(words, STATE, 1);
    if (Atomics.load(words, SLEEPERS) > 0) Atomics.notify(words, STATE);
  };

  /** Where workers find the bytes of a program for the length of a task; null where there is no room, and they do without. */
  const place = (bytes: Uint8Array): number | null => {
    try {
      const code = memory.take(bytes.length);
      memory.u8().set(bytes, code);
      return code;
    } catch {
      return null;
    }
  };

  const run = (task: Task, one: (block: number) => void, workers: number): Outcome => {
    const { works, blocks, milliseconds } = task;
    const ids = works.map(({ module }) => (module === null ? 0 : idOf(module)));
    const length = works.reduce((sum, { words: own }) => sum + WORK_HEADER + own.length, TASK_HEADER);
    if (length > MOST_TASK_WORDS || works.some(({ module }, k) => module !== null && ids[k] === 0)) {
      for (let block = 0; block < blocks; block += 1) one(block);
      return { own: blocks, failure: null };
    }
    const placed = new Map<CodeModule, number>();
    const codes = works.map(({ module }, k): Code => {
      const id = ids[k] as number;
      const isNew = module !== null && members.some((member) => isReady(member) && !hasModule(control, member, id));
      if (!isNew) return { id, address: 0, bytes: 0 };
      const address = placed.get(module) ?? place(module.bytes);
      if (address === null) return { id, address: 0, bytes: 0 };
      placed.set(module, address);
      return { id, address, bytes: module.bytes.length };
    });
    open(task, codes, workers);
    // Made when it is first needed: most tasks take microseconds.
    let watching: (() => string | null) | undefined;
    const lossOf = (): string | null => (watching ??= watch(milliseconds))();
    let loss: string | null = null;
    const isLost = (): boolean => (loss ??= lossOf()) !== null;
    try {
      const own = takeBlocks(blocks, one, blocks * milliseconds > LONG ? isLost : () => false);
      const failure = loss ?? close(lossOf);
      if (failure === null) for (const address of placed.values()) memory.give(address);
      return { own, failure };
    } catch (error) {
      // Not one of a worker's: nobody takes more of this task.
      Atomics.store(words, NEXT, blocks);
      close(lossOf);
      throw error;
    }
  };

  return {
    ready: () => members.filter(isReady).length,
    asleep: () => Atomics.load(words, SLEEPERS),
    blocks: () => members.reduce((sum, member) => sum + Atomics.load(words, blocksAt(member)), 0),
    isWorn: () => modules >= MOST_MODULES || members.some((member) => status(member) === RETIRED),
    run,
    hold: (release) => releases.push(release),
    end: () => {
      isOver = true;
      Atomics.store(words, QUIT, 1);
      Atomics.add(words, STATE, 2);
      Atomics.notify(words, STATE);
      void Promise.all(started.map(({ end }) => end())).then(() => {
        for (const release of releases) release();
      });
    },
  };
};
