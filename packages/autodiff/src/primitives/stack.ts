import { checkList, normaliseAxis, stackShape } from '@natgrad/tensor/internal';
import type { Value } from '../ir/aval.js';
import { concatenate } from './concatenate.js';
import { expandDims } from './expand-dims.js';

/**
 * Joins tensors of one shape and dtype along a new axis at `axis`, counted in the result: n tensors `[a, b]` give
 * `[n, a, b]`, or `[a, b, n]` at axis −1. `unstack` is its inverse. Derived: `concatenate` of `expandDims`.
 *
 * @throws `InvalidArgument` for an empty list or a wrong axis, `DTypeMismatch`, `ShapeMismatch`.
 * @example
 * ```ts
 * const polar = (angle: Tensor) => stack([cos(angle), sin(angle)], -1);
 * console.log(toNested(polar(tensor([0, 0])))); // [ [ 1, 0 ], [ 1, 0 ] ]
 * ```
 */
export const stack = (tensors: readonly Value[], axis = 0): Value => {
  checkList('stack', tensors);
  const at = normaliseAxis('stack', axis, stackShape('stack', tensors, axis));
  return concatenate(
    tensors.map((each) => expandDims(each, at)),
    at,
  );
};
