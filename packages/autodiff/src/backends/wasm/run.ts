/** Steps as functions of the addresses of a call. */
import { sizeOf, type Tensor, type TypedArray } from '@natgrad/tensor';
import { adopt, bytesPerElement, copyStrided, elements, isContiguous, viewOf } from '@natgrad/tensor/internal';
import type { Aval } from '../../ir/aval.js';
import type { Engine } from '../engine.js';
import type { Kernels, LoopFunction } from './kernels.js';
import { bytesOf } from './lanes.js';
import { blocksOf, combineBlocks } from './loop-blocks.js';
import { operandsOf } from './loop-code.js';
import type { EngineMemory } from './memory.js';
import { bytesOfAval, type Plan, type Step } from './plan.js';
import { scanRun } from './scan-run.js';

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

const gemmRun = (step: Of<'gemm'>, kernels: Kernels, memory: EngineMemory): Run => {
  const { params, avals, reads, writes, scratch, inPlace, dtype } = step;
  const { transposeLeft, transposeRight } = params;
  const [a, b, into] = avals as readonly [Aval, Aval, Aval | undefined];
  const [m, n] = (step.node.avals[0] as Aval).shape.slice(-2) as [number, number];
  const k = a.shape.at(transposeLeft ? -2 : -1) as number;
  const [lda, ldb] = [a.shape.at(-1) as number, b.shape.at(-1) as number];
  const count = sizeOf(a.shape.slice(0, -2));
  const bytes = bytesPerElement(dtype);
  const { run } = kernels.gemm(dtype);
  const [readA, readB, readInto = 0] = reads as readonly [number, number, number | undefined];
  const [write] = writes as readonly [number];
  const copied = into !== undefined && !inPlace ? bytesOfAval(into) : 0;
  return ({ address }) => {
    const [x, y, z, room] = [address[readA], address[readB], address[write], address[scratch]] as [
      number,
      number,
      number,
      number,
    ];
    if (copied > 0) {
      const from = address[readInto] as number;
      memory.u8().copyWithin(z, from, from + copied);
    }
    for (let i = 0; i < count; i += 1)
      run(
        transposeLeft,
        transposeRight,
        m,
        n,
        k,
        x + i * m * k * bytes,
        lda,
        y + i * k * n * bytes,
        ldb,
        z + i * m * n * bytes,
        n,
        into !== undefined,
        room,
      );
  };
};

const loopRun = (step: Of<'loop'>, code: LoopFunction, memory: EngineMemory): Run => {
  const { loop, reads, writes, scratch } = step;
  const { program, rows, columns } = loop;
  const { by, size, count, partials } = blocksOf(loop);
  const operands = operandsOf(program);
  const partialOf = new Map(partials.map((partial) => [partial.output, partial]));
  const buffers = [
    ...operands.map(({ input }) => reads[input] as number),
    ...program.outputs.map((_, k) => (partialOf.has(k) ? scratch : (writes[k] as number))),
  ];
  // How far each pointer moves from one block to the next.
  const strides = [
    ...operands.map(({ layout, dtype }) => (by === 'columns' && layout === 'full' ? size * bytesOf(dtype) : 0)),
    ...program.outputs.map(
      (output, k) => partialOf.get(k)?.stride ?? (by === 'columns' ? size * bytesOf(output.dtype) : 0),
    ),
  ];
  const starts = [...operands.map(() => 0), ...program.outputs.map((_, k) => partialOf.get(k)?.offset ?? 0)];
  return ({ address }) => {
    const pointers = buffers.map((buffer, k) => (address[buffer] as number) + (starts[k] as number));
    for (let block = 0; block < count; block += 1) {
      const first = block * size;
      const last = Math.min(first + size, by === 'rows' ? rows : columns);
      const moved = block === 0 ? pointers : pointers.map((pointer, k) => pointer + block * (strides[k] as number));
      if (by === 'rows') code(first, last, columns, ...moved);
      else code(0, 1, last - first, ...moved);
    }
    for (const partial of partials) {
      const view = partial.dtype === 'f32' ? memory.f32() : memory.f64();
      const bytes = bytesOf(partial.dtype);
      const from = ((address[scratch] as number) + partial.offset) / bytes;
      combineBlocks(partial, count, view, from, view, (address[writes[partial.output] as number] as number) / bytes);
    }
  };
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

/** The steps of a plan, ready to run one after another. */
export const runnable = (plan: Plan, kernels: Kernels, memory: EngineMemory, engine: Engine): readonly Run[] => {
  const loops = plan.steps.filter((step) => step.kind === 'loop');
  const compiled = kernels.loops(loops.map(({ loop }) => loop.program));
  const code = new Map(loops.map((step, k) => [step, compiled[k] as LoopFunction]));
  return plan.steps.map((step) => {
    switch (step.kind) {
      case 'gemm':
        return gemmRun(step, kernels, memory);
      case 'loop':
        return loopRun(step, code.get(step) as LoopFunction, memory);
      case 'scan':
        return scanRun(step, runnable(step.body, kernels, memory, engine), memory);
      case 'reference':
        return referenceRun(step, memory, engine, plan);
    }
  });
};
