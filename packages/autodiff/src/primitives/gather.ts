import { gather as referenceGather } from '@natgrad/tensor';
import { gatherShape } from '@natgrad/tensor/internal';
import type { Value } from '../ir/aval.js';
import type { Primitive } from '../ir/primitive.js';
import { bind1 } from '../trace/bind.js';
import { type Axis, axisOf } from './_axis.js';
import { withBatchAxis } from './_elementwise.js';
import { picking, replaceExtent, stretchIndices } from './_indexing.js';
import { reshape } from './reshape.js';
import { scatterAdd } from './scatter-add.js';
import { takeAlong } from './take-along.js';

export const gatherPrimitive: Primitive<Axis> = picking({
  name: 'gather',
  along: false,
  shape: gatherShape,
  evaluate: referenceGather,
  scatter: (target, indices, updates, axis) => scatterAdd(target, indices, updates, axis),
  batch: (args, batched, size, { axis }) => {
    const [x, indices] = args as readonly [Value, Value];
    if (batched[1] !== true) return { outs: [gather(x, indices, axis + 1)], batched: [true] };
    const rows = withBatchAxis(x, batched[0] === true, size);
    const picked = takeAlong(rows, stretchIndices(indices, rows, axis + 1), axis + 1);
    return { outs: [reshape(picked, replaceExtent(rows.shape, axis + 1, indices.shape.slice(1)))], batched: [true] };
  },
});

/**
 * Picks whole slices of `x` along `axis`: the shape is `x.shape[:axis] ++ indices.shape ++ x.shape[axis+1:]` (NumPy's
 * `take`). Rank-0 indices drop the axis. The gradient adds up at the places that were read; the indices carry none.
 *
 * @throws `DTypeMismatch` unless the indices are `i32`; `OutOfRange` when an index is outside `[0, extent)`, negative ones
 * included; `InvalidArgument` for a wrong axis (rank 0 has none).
 * @example
 * ```ts
 * const x = tensor([[1, 2], [3, 4], [5, 6]]);
 * console.log(toNested(gather(x, tensor([2, 0], 'i32')))); // [ [ 5, 6 ], [ 1, 2 ] ]
 * console.log(toNested(gather(x, scalar(1, 'i32'), 1))); // [ 2, 4, 6 ]
 * ```
 */
export const gather = (x: Value, indices: Value, axis = 0): Value =>
  bind1(gatherPrimitive, [x, indices], { axis: axisOf('gather', x, axis) });
