/**
 * Programs for calls of a few microseconds, such as the action of a policy: most arguments are given once for many calls, what changes
 * comes and goes as plain arrays, and everything lies where it lay in the call before.
 */
import type { Tensor } from '@natgrad/tensor';
import { invalid } from '@natgrad/tensor/internal';
import type { Aval } from '../../ir/aval.js';
import type { Graph } from '../../ir/graph.js';
import { optimise } from '../../optimise/pipeline.js';
import type { Engine, Prepared } from '../engine.js';
import type { Kernels } from './kernels.js';
import type { EngineMemory } from './memory.js';
import { planOf, type Result } from './plan.js';
import { bytesOfAval } from './planner.js';
import { copyIn, type Frame, runnable, slice } from './run.js';
import type { Grain } from './threads/cut.js';

/** Most programs that have room in the memory at a time. What is prepared for acting are a handful. */
const MOST_ROOMS = 64;

/** What gives back the room of each program that has some, the one that got it first at the front. */
export type Rooms = (() => void)[];

/** Where arguments, constants and the arena of a program lie in a block of memory, one behind the other. */
const layoutOf = (sizes: readonly number[]): { readonly offsets: readonly number[]; readonly bytes: number } => {
  let bytes = 0;
  const offsets = sizes.map((size) => {
    const offset = bytes;
    // Aligned, and with 64 bytes behind it that vector loads may read.
    bytes += Math.ceil(size / 64) * 64 + 64;
    return offset;
  });
  return { offsets, bytes };
};

/** A program on this thread, planned like the body of a loop: it reads its arguments where they are. */
export const prepareOn = (
  graph: Graph,
  {
    memory,
    kernels,
    grain,
    rooms,
  }: { readonly memory: EngineMemory; readonly kernels: Kernels; readonly grain: Grain; readonly rooms: Rooms },
  engine: Engine,
): Prepared => {
  const plan = planOf(optimise(graph), 'body', grain);
  const steps = runnable(plan, kernels, memory, engine);
  const { inputs, constants } = plan.graph;
  const { offsets, bytes } = layoutOf([...[...inputs, ...constants].map(bytesOfAval), plan.arena.bytes]);
  const [firstConstant, arena] = [inputs.length, inputs.length + constants.length];

  /** The addresses of the program, and whose arguments lie there. */
  interface Room {
    readonly at: (index: number) => number;
    readonly frame: Frame;
    given: readonly (Tensor | null)[] | null;
  }
  let room: Room | null = null;
  // Not by finalizers, which never run inside a synchronous loop: room is taken back from the programs that have had it longest.
  const opened = (): Room => {
    const block = memory.reserve(bytes);
    rooms.push(() => {
      memory.give(block);
      room = null;
    });
    if (rooms.length > MOST_ROOMS) rooms.shift()?.();
    const at = (index: number): number => block + (offsets[index] as number);
    constants.forEach((tensor, k) => {
      copyIn(memory, tensor, at(firstConstant + k));
    });
    const address = plan.buffers.map(({ storage }) => {
      if (storage.kind === 'argument') return at(storage.index);
      if (storage.kind === 'constant') return at(firstConstant + storage.index);
      return at(arena) + (storage.kind === 'arena' ? storage.offset : 0);
    });
    room = { at, frame: { address, args: null }, given: null };
    return room;
  };
  const addressOf = (result: Result, { at, frame }: Room): number => {
    if (result.kind === 'buffer') return frame.address[result.buffer] as number;
    return at(result.kind === 'argument' ? result.index : firstConstant + result.index);
  };

  return (given) => {
    if (given.length !== inputs.length)
      throw invalid('prepare', `${given.length} arguments for a program of ${inputs.length}`, { argument: 'given' });
    const open = given.flatMap((tensor, index) => (tensor === null ? [index] : []));
    return (rest) =>
      memory.call('prepared', () => {
        const own = room ?? opened();
        if (own.given !== given) {
          given.forEach((tensor, index) => {
            if (tensor !== null) copyIn(memory, tensor, own.at(index));
          });
          own.given = given;
        }
        open.forEach((index, k) => {
          slice(memory, own.at(index), inputs[index] as Aval).set(rest[k] as ArrayLike<number>);
        });
        for (const step of steps) step(own.frame);
        return plan.results.map((result) => slice(memory, addressOf(result, own), result.aval).slice());
      });
  };
};
