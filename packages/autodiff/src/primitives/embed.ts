import { embed as referenceEmbed, type Shape } from '@natgrad/tensor';
import { embedStop } from '@natgrad/tensor/internal';
import type { Value } from '../ir/aval.js';
import type { Primitive } from '../ir/primitive.js';
import { bind1 } from '../trace/bind.js';
import { movement } from './_movement.js';
import { slice } from './slice.js';

interface Params {
  readonly shape: Shape;
  readonly start: readonly number[];
  readonly step: readonly number[];
}

export const embedPrimitive: Primitive<Params> = movement<Params>({
  name: 'embed',
  params: (draw, shape) => {
    const start = shape.map(() => draw.integer(0, 2));
    const step = shape.map(() => draw.integer(1, 2));
    const extents = shape.map((extent, k) => (start[k] as number) + extent * (step[k] as number) + draw.integer(0, 1));
    return { shape: extents, start, step };
  },
  shape: (x, { shape, start, step }) => {
    embedStop(x, shape, start, step);
    return shape;
  },
  evaluate: (x, { shape, start, step }) => referenceEmbed(x, shape, start, step),
  transpose: (ct, x, { shape, start, step }) => slice(ct, start, embedStop(x, shape, start, step), step),
  batch: ({ shape, start, step }, size) => ({ shape: [size, ...shape], start: [0, ...start], step: [1, ...step] }),
  print: ({ shape, start, step }) => `[${shape.join(',')}] from [${start.join(',')}] step [${step.join(',')}]`,
});

/** Zeros of `shape` with `x` at `start`, every `step`-th place: the transpose of `slice`. */
export const embed = (
  x: Value,
  shape: Shape,
  start: readonly number[],
  step: readonly number[] = start.map(() => 1),
): Value => bind1(embedPrimitive, [x], { shape, start, step });
