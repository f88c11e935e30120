import { normaliseAxis } from '@natgrad/tensor/internal';
import type { Value } from '../ir/aval.js';
import { operand } from './_elementwise.js';
import { reshape } from './reshape.js';

/**
 * Adds an axis of extent 1 at `axis`, counted in the result and perhaps negative. Derived: a `reshape`.
 *
 * @throws `InvalidArgument` for an axis that the result does not have.
 * @example
 * ```ts
 * console.log(toNested(expandDims(tensor([1, 2]), -1))); // [ [ 1 ], [ 2 ] ]
 * ```
 */
export const expandDims = (x: Value, axis: number): Value => {
  const value = operand('expandDims', x);
  const at = normaliseAxis('expandDims', axis, [...value.shape, 1]);
  return reshape(value, [...value.shape.slice(0, at), 1, ...value.shape.slice(at)]);
};
