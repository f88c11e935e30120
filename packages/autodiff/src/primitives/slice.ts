import { slice as referenceSlice } from '@natgrad/tensor';
import { sliceShape } from '@natgrad/tensor/internal';
import type { Value } from '../ir/aval.js';
import type { Primitive } from '../ir/primitive.js';
import { bind1 } from '../trace/bind.js';
import { movement } from './_movement.js';
import { embed } from './embed.js';

interface Params {
  readonly start: readonly number[];
  readonly stop: readonly number[];
  readonly step: readonly number[];
}

export const slicePrimitive: Primitive<Params> = movement<Params>({
  name: 'slice',
  params: (draw, shape) => {
    const start = shape.map((extent) => draw.integer(0, extent));
    const stop = shape.map((extent, axis) => draw.integer(start[axis] as number, extent));
    return { start, stop, step: shape.map(() => draw.integer(1, 3)) };
  },
  shape: (x, { start, stop, step }) => sliceShape('slice', x, start, stop, step),
  evaluate: (x, { start, stop, step }) => referenceSlice(x, start, stop, step),
  transpose: (ct, x, { start, step }) => embed(ct, x.shape, start, step),
  batch: ({ start, stop, step }, size) => ({ start: [0, ...start], stop: [size, ...stop], step: [1, ...step] }),
  print: ({ start, stop, step }) => start.map((from, k) => `${from}:${stop[k]}:${step[k]}`).join(','),
});

/** A box of elements: `start[k] ≤ index < stop[k]` on axis `k`, every `step[k]`-th. */
export const slice = (
  x: Value,
  start: readonly number[],
  stop: readonly number[],
  step: readonly number[] = start.map(() => 1),
): Value => bind1(slicePrimitive, [x], { start, stop, step });
