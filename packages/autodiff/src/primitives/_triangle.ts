/** The triangles of square matrices in the last two axes. */
import { arange, greater, greaterEqual, reshape as referenceReshape, type Tensor } from '@natgrad/tensor';
import type { Value } from '../ir/aval.js';
import { select } from './select.js';
import { matrixTranspose } from './transpose.js';

/** `bool[n,n]`, true in the lower triangle. */
function lowerMask(n: number, diagonal: boolean): Tensor {
  const index = arange(n);
  return (diagonal ? greaterEqual : greater)(referenceReshape(index, [n, 1]), index);
}

/** `x` in one triangle, with or without the diagonal, and 0 elsewhere, whatever `x` holds there. */
export function triangle(x: Value, options: { readonly lower: boolean; readonly diagonal: boolean }): Value {
  const n = x.shape.at(-1) as number;
  // The strict upper triangle is what the lower one with its diagonal leaves, and the other way round.
  return options.lower ? select(lowerMask(n, options.diagonal), x, 0) : select(lowerMask(n, !options.diagonal), 0, x);
}

/** The symmetric matrix with the lower triangle of `x`. */
export function symmetriseLower(x: Value): Value {
  return select(lowerMask(x.shape.at(-1) as number, true), x, matrixTranspose(x));
}
