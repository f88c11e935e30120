import { broadcastTo as referenceBroadcastTo, type Shape } from '@natgrad/tensor';
import { checkBroadcast, checkShape, sameShape } from '@natgrad/tensor/internal';
import type { Value } from '../ir/aval.js';
import { real } from '../ir/domain.js';
import { definePrimitive, type Primitive, type TransposeArgument } from '../ir/primitive.js';
import { bind1 } from '../trace/bind.js';
import { reshape } from './reshape.js';
import { sum } from './sum.js';

interface Params {
  readonly shape: Shape;
}

/** A record of its own and not of the movement family: its domain stretches some axes of its argument. */
export const broadcastToPrimitive: Primitive<Params> = definePrimitive<Params>({
  name: 'broadcastTo',
  domain: (draw) => {
    const shape = draw.shape();
    const outer = draw.shape({ maxRank: 1 });
    return {
      args: [real(shape.map((extent) => (draw.boolean() ? 1 : extent)))],
      params: { shape: [...outer, ...shape] },
    };
  },
  shape: (args, { shape }) => {
    const x = args[0] as Value;
    checkShape('broadcastTo', shape);
    checkBroadcast('broadcastTo', x.shape, shape);
    return [{ dtype: x.dtype, shape }];
  },
  evaluate: (args, { shape }) => [referenceBroadcastTo(args[0] as Value, shape)],
  jvp: (_args, _outs, tangents, { shape }) => [broadcastTo(tangents[0] as Value, shape)],
  transpose: (cotangents, args) => {
    const ct = cotangents[0] as Value;
    const { shape } = args[0] as TransposeArgument;
    const added = ct.shape.length - shape.length;
    const stretched = ct.shape
      .map((_, axis) => axis)
      .filter((axis) => axis < added || (shape[axis - added] === 1 && ct.shape[axis] !== 1));
    return [reshape(sum(ct, stretched), shape)];
  },
  batch: (args, _batched, size, { shape }) => {
    const x = args[0] as Value;
    const missing = shape.length - (x.shape.length - 1);
    const aligned = reshape(x, [size, ...Array.from({ length: missing }, () => 1), ...x.shape.slice(1)]);
    return { outs: [broadcastTo(aligned, [size, ...shape])], batched: [true] };
  },
  lower: { kind: 'movement', name: 'broadcastTo' },
  print: ({ shape }) => `[${shape.join(',')}]`,
});

/** Stretches extents of 1 and adds outer axes until the shape is `shape`; the gradient sums over what was stretched. */
export const broadcastTo = (x: Value, shape: Shape): Value =>
  sameShape(x.shape, shape) ? x : bind1(broadcastToPrimitive, [x], { shape });
