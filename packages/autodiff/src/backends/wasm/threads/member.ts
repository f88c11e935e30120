/** A worker's side: it waits for tasks and takes blocks of them, without ever needing its event loop. */
import type { Gemm } from '../gemm.js';
import type { LoopFunction } from '../kernels.js';
import {
  BUSY,
  blocksAt,
  type Control,
  controlOf,
  FAILED,
  IDLE,
  JOINING,
  NEXT,
  noteModule,
  QUIT,
  RETIRED,
  SLEEPERS,
  STATE,
  statusAt,
  TASK_HEADER,
  UNABLE,
  WANTED,
  WORK_HEADER,
  writeText,
} from './control.js';
import type { MemberSetup } from './start.js';
import { GEMM, gemmBlock, loopBlock } from './task.js';

/** Products of a native library, by 0 for f32 and 1 for f64. */
export type NativeProducts = readonly [f32: Gemm['run'], f64: Gemm['run']];

/**
 * Looks at the state before sleep, about 50 µs: the next step of a plan comes sooner than that, and waking takes as long. More
 * would take time from others where cores are few.
 */
const SPINS = 20_000;

/** Waits until the state is not `seen`; false after so many milliseconds. */
const sleepUntilNot = ({ words }: Control, seen: number, longest: number): boolean => {
  for (let i = 0; i < SPINS; i += 1) if (Atomics.load(words, STATE) !== seen) return true;
  Atomics.add(words, SLEEPERS, 1);
  const woken = Atomics.wait(words, STATE, seen, longest);
  Atomics.sub(words, SLEEPERS, 1);
  return woken !== 'timed-out';
};

const setStatus = ({ words }: Control, member: number, status: number): void => {
  Atomics.store(words, statusAt(member), status);
  if (Atomics.load(words, JOINING) !== 0) Atomics.notify(words, statusAt(member));
};

/** The bytes of a program that this worker has not compiled yet. */
interface Missing {
  readonly id: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Blocks of the works of a task, as functions; a program that must be compiled first; null where one is not to be had. */
const worksOf = (
  task: Uint32Array,
  { memory, scratch }: MemberSetup,
  programs: ReadonlyMap<number, WebAssembly.Exports>,
  native: NativeProducts | null,
): readonly ((block: number) => void)[] | Missing | null => {
  const works: ((block: number) => void)[] = [];
  let at = TASK_HEADER;
  for (let left = task[1] as number; left > 0; left -= 1) {
    const [kind, id, entry, address, bytes, length] = task.subarray(at, at + WORK_HEADER) as unknown as readonly [
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    const words = task.subarray(at + WORK_HEADER, at + WORK_HEADER + length);
    at += WORK_HEADER + length;
    const program = programs.get(id);
    // Without bytes where this worker was not ready yet when the task began: the others do it.
    if (id !== 0 && program === undefined)
      return bytes === 0 ? null : { id, bytes: new Uint8Array(memory.buffer, address, bytes).slice() };
    if (kind === GEMM) {
      const run =
        program === undefined
          ? ((native as NativeProducts)[entry] as Gemm['run'])
          : (program[entry === 0 ? 'gemm_f32' : 'gemm_f64'] as unknown as Gemm['run']);
      works.push((block) => gemmBlock(run, words, block, scratch));
    } else {
      const code = (program as WebAssembly.Exports)[`loop${entry}`] as LoopFunction;
      works.push((block) => loopBlock(code, words, block));
    }
  }
  return works;
};

/** Takes blocks of the task that is open, if it still is; the bytes of a program that must be compiled first. */
const takePart = (
  control: Control,
  setup: MemberSetup,
  state: number,
  programs: ReadonlyMap<number, WebAssembly.Exports>,
  native: NativeProducts | null,
): Missing | null => {
  const { words, task } = control;
  Atomics.store(words, statusAt(setup.member), BUSY);
  if (Atomics.load(words, STATE) !== state || setup.member >= Atomics.load(words, WANTED)) return null;
  const works = worksOf(task, setup, programs, native);
  if (works === null || 'bytes' in works) return works;
  const blocks = task[0] as number;
  const count = blocksAt(setup.member);
  for (let block = Atomics.add(words, NEXT, 1); block < blocks; block = Atomics.add(words, NEXT, 1)) {
    for (const work of works) work(block);
    words[count]! += 1;
  }
  return null;
};

/** Serves until it is told to end, or has had nothing to do for long. Returns the text of an error that ended it. */
export const serve = (
  setup: MemberSetup,
  nativeOf: (library: string, memory: WebAssembly.Memory) => NativeProducts,
): string | null => {
  const { memory, member, library, retires } = setup;
  const control = controlOf(setup.control, setup.members);
  const { words } = control;
  const programs = new Map<number, WebAssembly.Exports>();
  try {
    const native = library === null ? null : nativeOf(library, memory);
    let seen = Atomics.load(words, STATE);
    Atomics.store(words, statusAt(member), IDLE);
    for (;;) {
      if (Atomics.load(words, QUIT) !== 0) return null;
      const state = Atomics.load(words, STATE);
      if ((state & 1) === 0 || state === seen) {
        if (sleepUntilNot(control, state, retires)) continue;
        Atomics.store(words, statusAt(member), RETIRED);
        return null;
      }
      const missing = takePart(control, setup, state, programs, native);
      setStatus(control, member, IDLE);
      if (missing === null) seen = state;
      else {
        const module = new WebAssembly.Module(missing.bytes);
        programs.set(missing.id, new WebAssembly.Instance(module, { env: { memory } }).exports);
        noteModule(control, member, missing.id);
      }
    }
  } catch (error) {
    const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    writeText(control, text);
    setStatus(control, member, Atomics.load(words, statusAt(member)) === BUSY ? FAILED : UNABLE);
    return text;
  }
};
