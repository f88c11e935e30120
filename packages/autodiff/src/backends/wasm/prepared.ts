/**
 * Programs for calls of a few microseconds, such as the action of a policy: most arguments are given once for many calls, what changes
 * comes and goes as plain arrays, and everything lies where it lay in the call before.
 */
import { sizeOf, type Tensor, type TypedArray } from '@natgrad/tensor';
import { invalid } from '@natgrad/tensor/internal';
import type { Aval } from '../../ir/aval.js';
import type { Graph } from '../../ir/graph.js';
import { optimise } from '../../optimise/pipeline.js';
import { checkArguments } from '../../primitives/_graph-call.js';
import type { Engine, Prepared } from '../engine.js';
import type { Kernels } from './kernels.js';
import type { Loan } from './loans.js';
import type { EngineMemory } from './memory.js';
import { planOf, type Result } from './plan.js';
import { bytesOfAval } from './planner.js';
import { copyIn, type Frame, runnable, slice } from './run.js';
import type { Grain } from './threads/cut.js';

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

/** The addresses of a program, while it has room. */
interface Room {
  readonly at: (index: number) => number;
  readonly frame: Frame;
  /** Whose arguments lie there; null while they are being copied. */
  given: readonly (Tensor | null)[] | null;
}

/**
 * A program on this thread, planned like the body of a loop: it reads its arguments where they are.
 *
 * @throws `InvalidArgument` for another number of arguments or elements, `DTypeMismatch` or `ShapeMismatch` for other tensors
 */
export const prepareOn = (
  graph: Graph,
  { memory, kernels, grain }: { readonly memory: EngineMemory; readonly kernels: Kernels; readonly grain: Grain },
  engine: Engine,
): Prepared => {
  const plan = planOf(optimise(graph), 'body', grain);
  const steps = runnable(plan, kernels, memory, engine);
  const { inputs, constants } = plan.graph;
  const { offsets, bytes } = layoutOf([...[...inputs, ...constants].map(bytesOfAval), plan.arena.bytes]);
  const [firstConstant, arena] = [inputs.length, inputs.length + constants.length];

  let room: Room | null = null;
  let isInUse = false;
  const loan: Loan = {
    isInUse: () => isInUse,
    calledBack: () => {
      room = null;
    },
  };
  const opened = (): Room => {
    const block = memory.lend(bytes, loan);
    const at = (index: number): number => block + (offsets[index] as number);
    const address = plan.buffers.map(({ storage }) => {
      if (storage.kind === 'argument') return at(storage.index);
      if (storage.kind === 'constant') return at(firstConstant + storage.index);
      return at(arena) + (storage.kind === 'arena' ? storage.offset : 0);
    });
    constants.forEach((tensor, k) => {
      copyIn(memory, tensor, at(firstConstant + k));
    });
    room = { at, frame: { address, args: null }, given: null };
    return room;
  };
  const addressOf = (result: Result, { at, frame }: Room): number => {
    if (result.kind === 'buffer') return frame.address[result.buffer] as number;
    return at(result.kind === 'argument' ? result.index : firstConstant + result.index);
  };

  return (given) => {
    checkArguments(
      'prepare',
      given.map((tensor, index) => tensor ?? (inputs[index] as Aval)),
      inputs,
    );
    const open = given.flatMap((tensor, index) => (tensor === null ? [index] : []));
    const sizes = open.map((index) => sizeOf((inputs[index] as Aval).shape));
    const run = (rest: readonly ArrayLike<number>[]): readonly TypedArray[] => {
      const own = room ?? opened();
      if (own.given !== given) {
        own.given = null;
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
    };
    return (rest) => {
      if (rest.length !== sizes.length || sizes.some((size, k) => rest[k]?.length !== size))
        throw invalid('prepare', `arrays of [${rest.map(({ length }) => length).join(', ')}] elements`, {
          argument: 'rest',
          found: `[${rest.map(({ length }) => length).join(', ')}] elements`,
          expected: `[${sizes.join(', ')}]`,
        });
      isInUse = true;
      try {
        return memory.call('prepared', () => run(rest));
      } finally {
        isInUse = false;
      }
    };
  };
};
