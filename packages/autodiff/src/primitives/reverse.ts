import { reverse as referenceReverse } from '@natgrad/tensor';
import { normaliseAxes } from '@natgrad/tensor/internal';
import type { Value } from '../ir/aval.js';
import type { Primitive } from '../ir/primitive.js';
import { bind1 } from '../trace/bind.js';
import { movement } from './_movement.js';
import type { Axes } from './_reduction.js';

export const reversePrimitive: Primitive<Axes> = movement<Axes>({
  name: 'reverse',
  params: (draw, shape) => ({ axes: shape.map((_, axis) => axis).filter(() => draw.boolean()) }),
  shape: (x) => x.shape,
  evaluate: (x, { axes }) => referenceReverse(x, axes),
  transpose: (ct, _x, { axes }) => reverse(ct, axes),
  batch: ({ axes }) => ({ axes: axes.map((axis) => axis + 1) }),
  print: ({ axes }) => `axes=[${axes.join(',')}]`,
});

/** Runs backward along the named axes (all of them without a list). */
export const reverse = (x: Value, axes?: number | readonly number[]): Value =>
  bind1(reversePrimitive, [x], { axes: normaliseAxes('reverse', axes, x.shape) });
