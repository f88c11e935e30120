import { squeezeShape } from '@natgrad/tensor/internal';
import type { Value } from '../ir/aval.js';
import { operand } from './_elementwise.js';
import { reshape } from './reshape.js';

/**
 * Drops one axis of extent 1, or all of them without an axis. Derived: a `reshape`.
 *
 * @throws `InvalidArgument` for an axis that `x` does not have, `ShapeMismatch` for one whose extent is not 1.
 * @example
 * ```ts
 * console.log(toNested(squeeze(tensor([[1], [2]]), 1))); // [ 1, 2 ]
 * ```
 */
export const squeeze = (x: Value, axis?: number): Value => {
  const value = operand('squeeze', x);
  return reshape(value, squeezeShape('squeeze', value, axis));
};
