import { scatterAddAlong as referenceScatterAddAlong } from '@natgrad/tensor';
import { scatterAddAlongShape } from '@natgrad/tensor/internal';
import type { Value } from '../ir/aval.js';
import type { Primitive } from '../ir/primitive.js';
import { bind1 } from '../trace/bind.js';
import { type Axis, axisOf } from './_axis.js';
import { batchAlong, scattering } from './_indexing.js';
import { takeAlong } from './take-along.js';

export const scatterAddAlongPrimitive: Primitive<Axis> = scattering({
  name: 'scatterAddAlong',
  along: true,
  shape: scatterAddAlongShape,
  evaluate: referenceScatterAddAlong,
  pick: (x, indices, axis) => takeAlong(x, indices, axis),
  batch: batchAlong(() => scatterAddAlongPrimitive),
});

/**
 * Adds one element for each index: `target[…, indices[…, j, …], …] += updates[…, j, …]`. `updates` has the shape of
 * `indices`; repeated indices add up. The transpose of `takeAlong`. The indices carry no derivative.
 *
 * @throws as `scatterAdd` and `takeAlong`.
 * @example
 * ```ts
 * const actions = tensor([[2], [0]], 'i32');
 * const sums = scatterAddAlong(zeros([2, 3]), actions, tensor([[10], [20]]), 1);
 * console.log(toNested(sums)); // [ [ 0, 0, 10 ], [ 20, 0, 0 ] ]
 * ```
 */
export const scatterAddAlong = (target: Value, indices: Value, updates: Value, axis: number): Value =>
  bind1(scatterAddAlongPrimitive, [target, indices, updates], { axis: axisOf('scatterAddAlong', target, axis) });
