import { scatterAdd as referenceScatterAdd } from '@natgrad/tensor';
import { scatterAddShape } from '@natgrad/tensor/internal';
import type { Value } from '../ir/aval.js';
import type { Primitive } from '../ir/primitive.js';
import { bind1 } from '../trace/bind.js';
import { type Axis, axisOf } from './_axis.js';
import { withBatchAxis } from './_elementwise.js';
import { scattering, stretchIndices } from './_indexing.js';
import { gather } from './gather.js';
import { reshape } from './reshape.js';
import { scatterAddAlong } from './scatter-add-along.js';

export const scatterAddPrimitive: Primitive<Axis> = scattering({
  name: 'scatterAdd',
  along: false,
  shape: scatterAddShape,
  evaluate: referenceScatterAdd,
  pick: (x, indices, axis) => gather(x, indices, axis),
  batch: (args, batched, size, { axis }) => {
    const indices = args[1] as Value;
    const target = withBatchAxis(args[0] as Value, batched[0] === true, size);
    const updates = withBatchAxis(args[2] as Value, batched[2] === true, size);
    if (batched[1] !== true) return { outs: [scatterAdd(target, indices, updates, axis + 1)], batched: [true] };
    const places = stretchIndices(indices, target, axis + 1);
    return { outs: [scatterAddAlong(target, places, reshape(updates, places.shape), axis + 1)], batched: [true] };
  },
});

/**
 * Adds slices to `target` along `axis`: slice k of `updates`, whose shape is
 * `target.shape[:axis] ++ indices.shape ++ target.shape[axis+1:]`, goes to slice `indices[k]`; repeated indices add up. The
 * transpose of `gather`. The indices carry no derivative.
 *
 * @throws as `gather`; also `DTypeMismatch` for `bool` or unless target and updates have one dtype, and `ShapeMismatch` for
 * updates of another shape.
 * @example
 * ```ts
 * const counts = scatterAdd(zeros([3]), tensor([0, 2, 0], 'i32'), ones([3]));
 * console.log(toNested(counts)); // [ 2, 0, 1 ]
 * ```
 */
export const scatterAdd = (target: Value, indices: Value, updates: Value, axis = 0): Value =>
  bind1(scatterAddPrimitive, [target, indices, updates], { axis: axisOf('scatterAdd', target, axis) });
