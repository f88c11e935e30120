import { argsort as referenceArgsort, type Tensor } from '@natgrad/tensor';
import { normaliseAxis } from '@natgrad/tensor/internal';
import type { Aval, Value } from '../ir/aval.js';
import { real } from '../ir/domain.js';
import { definePrimitive, type Primitive } from '../ir/primitive.js';
import { bind1 } from '../trace/bind.js';
import { type Axis, axisOf, printAxis } from './_axis.js';

export const argsortPrimitive: Primitive<Axis> = definePrimitive<Axis>({
  name: 'argsort',
  domain: (draw) => {
    const shape = draw.shape({ minRank: 1 });
    return { args: [real(shape, { kind: 'distinct' })], params: { axis: draw.integer(0, shape.length - 1) } };
  },
  shape: (args, { axis }) => {
    const { shape } = args[0] as Aval;
    normaliseAxis('argsort', axis, shape);
    return [{ dtype: 'i32', shape }];
  },
  evaluate: (args, { axis }) => [referenceArgsort(args[0] as Tensor, axis)],
  jvp: () => [null],
  transpose: 'nonlinear',
  batch: (args, _batched, _size, { axis }) => ({ outs: [argsort(args[0] as Value, axis + 1)], batched: [true] }),
  lower: { kind: 'reference' },
  print: printAxis,
});

/**
 * For every run along `axis` (the last by default) the `i32` indices that put it in ascending order; the shape is that of
 * `x`. Stable: equal elements, NaNs among themselves included, keep their order. Carries no derivative.
 *
 * @throws `InvalidArgument` for a wrong axis; rank 0 has none.
 * @example
 * ```ts
 * console.log(toNested(argsort(tensor([30, 10, 20])))); // [ 1, 2, 0 ]
 * ```
 */
export const argsort = (x: Value, axis = -1): Value =>
  bind1(argsortPrimitive, [x], { axis: axisOf('argsort', x, axis) });
