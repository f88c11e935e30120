/** Steps as functions of the addresses of a call. */
import { sizeOf, type Tensor, type TypedArray } from '@natgrad/tensor';
import { adopt, bytesPerElement, copyStrided, elements, isContiguous, viewOf } from '@natgrad/tensor/internal';
import type { Aval } from '../../ir/aval.js';
import type { Engine } from '../engine.js';
import { bandRun } from './band-run.js';
import { gemmRun } from './gemm-run.js';
import type { Kernels, LoopCode } from './kernels.js';
import { loopRun } from './loop-run.js';
import type { EngineMemory } from './memory.js';
import type { Plan, Step } from './plan.js';
import { scanRun } from './scan-run.js';
import { alone, type Team } from './threads/team.js';

/** One call: where buffers are, and the tensors that came in. */
export interface Frame {
  /** By buffer, in bytes. */
  readonly address: readonly number[];
  /** Null in the body of a loop, whose arguments are at their addresses only. */
  readonly args: readonly Tensor[] | null;
}

export type Run = (frame: Frame) => void;

type Of<Kind> = Extract<Step, { readonly kind: Kind }>;

/** The part of linear memory that holds a buffer's elements; good until memory is taken. */
export const slice = (memory: EngineMemory, address: number, { dtype, shape }: Aval): TypedArray => {
  const view =
    dtype === 'f32' ? memory.f32() : dtype === 'f64' ? memory.f64() : dtype === 'i32' ? memory.i32() : memory.u8();
  const first = address / bytesPerElement(dtype);
  return view.subarray(first, first + sizeOf(shape));
};

/** Copies a tensor's elements, row-major, to an address. */
export const copyIn = (memory: EngineMemory, tensor: Tensor, address: number): void => {
  const view = viewOf(tensor);
  const target = slice(memory, address, tensor);
  if (isContiguous(view)) target.set(view.data.subarray(view.offset, view.offset + tensor.size));
  else copyStrided(view, target);
};

const referenceRun = (step: Of<'reference'>, memory: EngineMemory, engine: Engine, plan: Plan): Run => {
  const { node, reads, writes, avals } = step;
  // Only movements are known to keep no storage and run no other program, which could grow the memory under their feet.
  const inPlace = node.primitive.lower.kind === 'movement';
  const read = ({ address, args }: Frame, k: number): Tensor => {
    const buffer = reads[k] as number;
    const aval = avals[k] as Aval;
    const { storage } = plan.buffers[buffer] as (typeof plan.buffers)[number];
    const tensors = storage.kind === 'argument' ? args : storage.kind === 'constant' ? plan.graph.constants : null;
    if (tensors !== null) {
      const tensor = tensors[(storage as { readonly index: number }).index] as Tensor;
      return sameExtents(tensor.shape, aval.shape) ? tensor : adopt(elements(tensor), aval.dtype, aval.shape);
    }
    const view = slice(memory, address[buffer] as number, aval);
    return adopt(inPlace ? view : view.slice(), aval.dtype, aval.shape);
  };
  return (frame) => {
    const outs = node.primitive.evaluate(
      reads.map((_, k) => read(frame, k)),
      node.params,
      engine,
    );
    outs.forEach((out, k) => {
      // Elements that are still to be fetched may grow the memory: first fetch, then look where to put them.
      viewOf(out);
      copyIn(memory, out, frame.address[writes[k] as number] as number);
    });
  };
};

const sameExtents = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((extent, axis) => extent === b[axis]);

/**
 * A plan, ready to run: its bands and its other steps, one after another, those that are worth it on all threads of a team. `together`
 * false: every step by itself, in the same blocks.
 */
export const runnable = (
  plan: Plan,
  kernels: Kernels,
  memory: EngineMemory,
  engine: Engine,
  team: Team = alone,
  together = true,
): readonly Run[] => {
  const { steps, grain } = plan;
  const loops = steps.filter((step) => step.kind === 'loop');
  const compiled = kernels.loops(loops.map(({ loop }) => loop.program));
  const code: ReadonlyMap<Step, LoopCode> = new Map(loops.map((step, k) => [step, compiled[k] as LoopCode]));
  const byItself = (step: Step): Run => {
    switch (step.kind) {
      case 'gemm':
        return gemmRun(step, kernels, memory, team, grain);
      case 'loop':
        return loopRun(step, code.get(step) as LoopCode, memory, team, grain);
      case 'scan':
        return scanRun(step, runnable(step.body, kernels, memory, engine, team), memory);
      case 'reference':
        return referenceRun(step, memory, engine, plan);
    }
  };
  const bands = together ? plan.bands : [];
  const isInside = (at: number): boolean => bands.some(({ first, end }) => at > first && at < end);
  return steps.flatMap((step, at) => {
    if (isInside(at)) return [];
    const band = bands.find(({ first }) => first === at);
    return [band === undefined ? byItself(step) : bandRun(band, plan, kernels, code, memory, team)];
  });
};
