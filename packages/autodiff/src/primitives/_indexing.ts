/**
 * The family of primitives that read (`picking`) or add (`scattering`) at places that are data: each is linear in its
 * tensors and each reading is the transpose of an adding. Indices are whole numbers and carry no derivative.
 */
import { type Shape, sizeOf, type Tensor } from '@natgrad/tensor';
import type { Aval, Value } from '../ir/aval.js';
import { type ArgumentSample, type Draw, integers, real } from '../ir/domain.js';
import {
  definePrimitive,
  isLinear,
  type Primitive,
  type PrimitiveRecord,
  type TransposeArgument,
} from '../ir/primitive.js';
import { bind1 } from '../trace/bind.js';
import { type Axis, printAxis } from './_axis.js';
import { withBatchAxis } from './_elementwise.js';
import { instantiate } from './_zero.js';
import { broadcastTo } from './broadcast-to.js';
import { reshape } from './reshape.js';

/** `shape` with the extents `instead` in the place of its extent at `axis`. */
export function replaceExtent(shape: Shape, axis: number, instead: Shape): number[] {
  return [...shape.slice(0, axis), ...instead, ...shape.slice(axis + 1)];
}

/** What a reading and the adding that is its transpose take. */
export interface IndexingSample {
  readonly x: ArgumentSample;
  readonly indices: ArgumentSample;
  /** What is read, or added. */
  readonly picked: ArgumentSample;
  readonly params: Axis;
}

/** Samples a tensor, indices that fit one of its axes, and what they pick, whose shape follows from theirs. */
export function drawIndexing(draw: Draw, along: boolean): IndexingSample {
  const shape = draw.shape({ minRank: 1 });
  const axis = draw.integer(0, shape.length - 1);
  const chosen = along ? replaceExtent(shape, axis, [draw.integer(0, 4)]) : draw.shape({ maxRank: 2, minExtent: 0 });
  return {
    x: real(shape),
    indices: integers(chosen, 0, (shape[axis] as number) - 1),
    picked: real(along ? chosen : replaceExtent(shape, axis, chosen)),
    params: { axis },
  };
}

export interface PickingRecord {
  readonly name: string;
  /** Whether the indices have the shape of the result. */
  readonly along: boolean;
  readonly shape: (operation: string, x: Aval, indices: Aval, axis: number) => Shape;
  readonly evaluate: (x: Tensor, indices: Tensor, axis: number) => Tensor;
  /** The adding whose transpose this is. */
  readonly scatter: (target: Value, indices: Value, updates: Value, axis: number) => Value;
  readonly batch: PrimitiveRecord<Axis>['batch'];
}

export function picking(record: PickingRecord): Primitive<Axis> {
  const { name } = record;
  const primitive: Primitive<Axis> = definePrimitive<Axis>({
    name,
    domain: (draw) => {
      const { x, indices, params } = drawIndexing(draw, record.along);
      return { args: [x, indices], params };
    },
    shape: (args, { axis }) => {
      const [x, indices] = args as readonly [Aval, Aval];
      return [{ dtype: x.dtype, shape: record.shape(name, x, indices, axis) }];
    },
    evaluate: (args, { axis }) => [record.evaluate(args[0] as Tensor, args[1] as Tensor, axis)],
    jvp: (args, _outs, tangents, params) => [bind1(primitive, [tangents[0] as Value, args[1] as Value], params)],
    transpose: (cotangents, args, { axis }) => {
      const [x, indices] = args as readonly [TransposeArgument, Value];
      return [record.scatter(instantiate(null, x), indices, cotangents[0] as Value, axis), null];
    },
    batch: record.batch,
    lower: { kind: 'reference' },
    print: printAxis,
  });
  return primitive;
}

export interface ScatteringRecord {
  readonly name: string;
  /** Whether the indices have the shape of the updates. */
  readonly along: boolean;
  readonly shape: (operation: string, target: Aval, indices: Aval, updates: Aval, axis: number) => Shape;
  readonly evaluate: (target: Tensor, indices: Tensor, updates: Tensor, axis: number) => Tensor;
  /** The reading that is the transpose in the updates. */
  readonly pick: (x: Value, indices: Value, axis: number) => Value;
  readonly batch: PrimitiveRecord<Axis>['batch'];
}

export function scattering(record: ScatteringRecord): Primitive<Axis> {
  const { name } = record;
  const primitive: Primitive<Axis> = definePrimitive<Axis>({
    name,
    domain: (draw) => {
      const { x, indices, picked, params } = drawIndexing(draw, record.along);
      return { args: [x, indices, picked], params };
    },
    shape: (args, { axis }) => {
      const [target, indices, updates] = args as readonly [Aval, Aval, Aval];
      return [{ dtype: target.dtype, shape: record.shape(name, target, indices, updates, axis) }];
    },
    evaluate: (args, { axis }) => [record.evaluate(args[0] as Tensor, args[1] as Tensor, args[2] as Tensor, axis)],
    jvp: (args, _outs, tangents, params) => {
      const [target, indices] = args as readonly [Value, Value];
      const [added, , updates] = tangents;
      if (updates === undefined || updates === null) return [added ?? null];
      return [bind1(primitive, [instantiate(added ?? null, target), indices, updates], params)];
    },
    transpose: (cotangents, args, { axis }) => {
      const [target, indices, updates] = args as readonly [TransposeArgument, Value, TransposeArgument];
      const ct = cotangents[0] as Value;
      return [isLinear(target) ? ct : null, null, isLinear(updates) ? record.pick(ct, indices, axis) : null];
    },
    batch: record.batch,
    lower: { kind: 'reference' },
    print: printAxis,
  });
  return primitive;
}

/** Batching of a primitive whose arguments share all axes but one: stretch what is not batched, move the axis on. */
export function batchAlong(primitive: () => Primitive<Axis>): PrimitiveRecord<Axis>['batch'] {
  return (args, batched, size, { axis }) => {
    const all = args.map((arg, i) => withBatchAxis(arg, batched[i] === true, size));
    return { outs: [bind1(primitive(), all, { axis: axis + 1 })], batched: [true] };
  };
}

/**
 * Per-example indices `[size, …i]` into an axis of `x` `[size, …]`, as indices along that axis, one for each element they
 * stand for: `[size, …a, Πi, …c]` where `x` is `[size, …a, n, …c]`. Offsets into the joined axes `size·n` would need no
 * stretching, but an index out of range would read the next example instead of throwing.
 */
export function stretchIndices(indices: Value, x: Aval, axis: number): Value {
  const count = sizeOf(indices.shape.slice(1));
  const aligned = x.shape.map((extent, k) => (k === 0 ? extent : k === axis ? count : 1));
  return broadcastTo(reshape(indices, aligned), replaceExtent(x.shape, axis, [count]));
}
