/** Tensors for people: dtype and shape first, then the elements, shortened in the middle when there are many. */
import { type FormatOptions, formatElements } from './kernels/format.js';
import { describe } from './shape.js';
import { checkTensor, elements, isConcrete, type Tensor } from './tensor.js';

export type { FormatOptions } from './kernels/format.js';

/**
 * A tensor as text; a traced value shows as its dtype and shape.
 *
 * @example
 * ```ts
 * console.log(format(tensor([[1, 2.5], [3, 4]]))); // f64[2,2] [[1, 2.5], [3, 4]]
 * ```
 */
export const format = (x: Tensor, options: FormatOptions = {}): string => {
  checkTensor('format', x);
  return isConcrete(x) ? formatElements(elements(x), x.dtype, x.shape, options) : `${describe(x)} traced`;
};
