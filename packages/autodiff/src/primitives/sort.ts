import { sort as referenceSort, type Tensor } from '@natgrad/tensor';
import { normaliseAxis } from '@natgrad/tensor/internal';
import type { Aval, Value } from '../ir/aval.js';
import { real } from '../ir/domain.js';
import { definePrimitive, type Primitive } from '../ir/primitive.js';
import { bind1 } from '../trace/bind.js';
import { type Axis, axisOf, printAxis } from './_axis.js';
import { argsort } from './argsort.js';
import { takeAlong } from './take-along.js';

export const sortPrimitive: Primitive<Axis> = definePrimitive<Axis>({
  name: 'sort',
  domain: (draw) => {
    const shape = draw.shape({ minRank: 1 });
    return { args: [real(shape, { kind: 'distinct' })], params: { axis: draw.integer(0, shape.length - 1) } };
  },
  shape: (args, { axis }) => {
    const { dtype, shape } = args[0] as Aval;
    normaliseAxis('sort', axis, shape);
    return [{ dtype, shape }];
  },
  evaluate: (args, { axis }) => [referenceSort(args[0] as Tensor, axis)],
  // Near distinct elements sorting is a fixed permutation; where elements tie, the stable one is taken.
  jvp: (args, _outs, tangents, { axis }) => [takeAlong(tangents[0] as Value, argsort(args[0] as Value, axis), axis)],
  transpose: 'nonlinear',
  batch: (args, _batched, _size, { axis }) => ({ outs: [sort(args[0] as Value, axis + 1)], batched: [true] }),
  lower: { kind: 'reference' },
  print: printAxis,
});

/**
 * The elements of every run along `axis` (the last by default) in ascending order; the shape stays. −0 comes before +0 and
 * NaN last. Equal to `takeAlong(x, argsort(x, axis), axis)`, derivatives included.
 *
 * @throws `InvalidArgument` for a wrong axis; rank 0 has none.
 * @example
 * ```ts
 * const median = (x: Tensor) => gather(sort(x), scalar((x.size - 1) / 2, 'i32'));
 * console.log(item(median(tensor([3, 1, 2])))); // 2
 * ```
 */
export const sort = (x: Value, axis = -1): Value => bind1(sortPrimitive, [x], { axis: axisOf('sort', x, axis) });
