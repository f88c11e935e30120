import { reshape as referenceReshape, type Shape, sizeOf } from '@natgrad/tensor';
import { resolveShape, sameShape } from '@natgrad/tensor/internal';
import type { Value } from '../ir/aval.js';
import type { Primitive } from '../ir/primitive.js';
import { bind1 } from '../trace/bind.js';
import { movement } from './_movement.js';

interface Params {
  readonly shape: Shape;
}

export const reshapePrimitive: Primitive<Params> = movement<Params>({
  name: 'reshape',
  params: (draw, shape) => ({
    shape: draw.pick([[sizeOf(shape)], [1, ...shape], [...shape, 1], [...shape].reverse()]),
  }),
  shape: (x, { shape }) => resolveShape('reshape', x, shape),
  evaluate: (x, { shape }) => referenceReshape(x, shape),
  transpose: (ct, x) => reshape(ct, x.shape),
  batch: ({ shape }, size) => ({ shape: [size, ...shape] }),
  print: ({ shape }) => `[${shape.join(',')}]`,
});

/** The same elements in row-major order under another shape; one extent may be −1 and is worked out. */
export const reshape = (x: Value, shape: Shape): Value => {
  const target = resolveShape('reshape', x, shape);
  return sameShape(x.shape, target) ? x : bind1(reshapePrimitive, [x], { shape: target });
};
