import { takeAlong as referenceTakeAlong } from '@natgrad/tensor';
import { takeAlongShape } from '@natgrad/tensor/internal';
import type { Value } from '../ir/aval.js';
import type { Primitive } from '../ir/primitive.js';
import { bind1 } from '../trace/bind.js';
import { type Axis, axisOf } from './_axis.js';
import { batchAlong, picking } from './_indexing.js';
import { scatterAddAlong } from './scatter-add-along.js';

export const takeAlongPrimitive: Primitive<Axis> = picking({
  name: 'takeAlong',
  along: true,
  shape: takeAlongShape,
  evaluate: referenceTakeAlong,
  scatter: (target, indices, updates, axis) => scatterAddAlong(target, indices, updates, axis),
  batch: batchAlong(() => takeAlongPrimitive),
});

/**
 * Picks one element for each index: `out[…, j, …] = x[…, indices[…, j, …], …]`, the axis in the middle (NumPy's
 * `take_along_axis`). `indices` has the rank of `x` and its extents except along `axis`; nothing broadcasts. This reads the
 * log-probabilities of the actions taken.
 *
 * @throws as `gather`; also `ShapeMismatch` when another extent or the rank differs.
 * @example
 * ```ts
 * const logProbabilities = tensor([[-1, -2, -3], [-4, -5, -6]]);
 * const actions = tensor([[2], [0]], 'i32');
 * console.log(toNested(takeAlong(logProbabilities, actions, 1))); // [ [ -3 ], [ -4 ] ]
 * ```
 */
export const takeAlong = (x: Value, indices: Value, axis: number): Value =>
  bind1(takeAlongPrimitive, [x, indices], { axis: axisOf('takeAlong', x, axis) });
