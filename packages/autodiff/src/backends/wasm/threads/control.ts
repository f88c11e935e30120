/**
 * What threads say to each other: words of a small shared buffer, read and written atomically. One of them counts: it is odd while
 * a task is open, and even between tasks. A worker that wants to take part first says that it is busy, and then looks whether the
 * task is still open; who closed it looks afterwards who is busy. So one of the two always sees the other, as in Dekker's mutual
 * exclusion, and once a closed task has nobody busy, nobody touches its memory.
 */

/** Words of a cache line: what different threads write lies in different ones. */
const LINE = 16;

/** The number of the task: odd while it is open. */
export const STATE = 0;
/** The next block that nobody has taken. */
export const NEXT: number = LINE;
/** Workers that sleep, or are about to. */
export const SLEEPERS: number = 2 * LINE;
/** 1 when workers shall end. */
export const QUIT: number = 2 * LINE + 1;
/** 1 while the main thread sleeps until a worker is done. */
export const JOINING: number = 2 * LINE + 2;
/** Workers that may take part in the task that is open: the first ones. */
export const WANTED: number = 2 * LINE + 3;

/** What a worker is doing. */
export const STARTING = 0;
export const IDLE = 1;
export const BUSY = 2;
/** It has ended by itself, having had nothing to do. */
export const RETIRED = 3;
/** An error ended it in the middle of a block; its text is in the buffer. */
export const FAILED = 4;
/** An error ended it while it had no part in a task, as when it started. */
export const UNABLE = 5;

/** Programs of which a worker can note that it has them. */
export const MOST_MODULES = 1024;
/** Words of a task. */
export const MOST_TASK_WORDS = 2048;
/** UTF-16 units of an error's text. */
const MOST_TEXT = 256;

const MEMBERS: number = 3 * LINE;
const MODULE_WORDS: number = MOST_MODULES / 32;

/** Words of a task before its works: blocks, and how many works. */
export const TASK_HEADER = 2;
/** Words of a work before its own: kind, number of the program, entry, address and bytes of the program, and how many words follow. */
export const WORK_HEADER = 6;

export interface Control {
  readonly words: Int32Array<SharedArrayBuffer>;
  readonly members: number;
  /** The task's words, without sign: addresses go beyond 2³¹. */
  readonly task: Uint32Array<SharedArrayBuffer>;
}

/** Bytes of the buffer of so many workers. */
const bytesFor = (members: number): number =>
  4 * (MEMBERS + members * (LINE + MODULE_WORDS) + MOST_TASK_WORDS + MOST_TEXT + 1);

const taskAt = (members: number): number => MEMBERS + members * (LINE + MODULE_WORDS);

export const controlOf = (buffer: SharedArrayBuffer, members: number): Control => ({
  words: new Int32Array(buffer),
  members,
  task: new Uint32Array(buffer, 4 * taskAt(members), MOST_TASK_WORDS),
});

export const createControl = (members: number): Control => controlOf(new SharedArrayBuffer(bytesFor(members)), members);

/** Where a worker says what it is doing. */
export const statusAt = (member: number): number => MEMBERS + member * LINE;
/** Where a worker counts its blocks. */
export const blocksAt = (member: number): number => statusAt(member) + 1;

const moduleAt = ({ members }: Control, member: number, id: number): number =>
  MEMBERS + members * LINE + member * MODULE_WORDS + (id >>> 5);

/** Whether a worker has compiled a program. */
export const hasModule = (control: Control, member: number, id: number): boolean =>
  (Atomics.load(control.words, moduleAt(control, member, id)) & (1 << (id & 31))) !== 0;

export const noteModule = (control: Control, member: number, id: number): void => {
  Atomics.or(control.words, moduleAt(control, member, id), 1 << (id & 31));
};

const textAt = (members: number): number => taskAt(members) + MOST_TASK_WORDS;

/** Leaves the text of an error, of the first worker that has one. */
export const writeText = ({ words, members }: Control, text: string): void => {
  const at = textAt(members);
  const length = Math.min(text.length, MOST_TEXT);
  if (Atomics.load(words, at) !== 0) return;
  for (let i = 0; i < length; i += 1) words[at + 1 + i] = text.charCodeAt(i);
  Atomics.store(words, at, length);
};

export const readText = ({ words, members }: Control): string => {
  const at = textAt(members);
  return String.fromCharCode(...words.subarray(at + 1, at + 1 + Atomics.load(words, at)));
};
