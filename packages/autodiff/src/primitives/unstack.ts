import type { Value } from '../ir/aval.js';
import { axisOf, sliceAlong } from './_axis.js';
import { squeeze } from './squeeze.js';

/**
 * The slices along an axis, which they lose: `[n, a, b]` gives n tensors `[a, b]`. The inverse of `stack`, except that an
 * extent of 0 gives an empty list. Derived: `squeeze` of `slice`.
 *
 * @throws `InvalidArgument` for a wrong axis; rank 0 has none.
 * @example
 * ```ts
 * const [x, y] = unstack(tensor([[1, 2], [3, 4]]), 1) as [Tensor, Tensor];
 * console.log(toNested(multiply(x, y))); // [ 2, 12 ]
 * ```
 */
export const unstack = (x: Value, axis = 0): readonly Value[] => {
  const along = axisOf('unstack', x, axis);
  return Array.from({ length: x.shape[along] as number }, (_, i) => squeeze(sliceAlong(x, along, i, i + 1), along));
};
