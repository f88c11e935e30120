/** Second order: forward over reverse. */
import type { Scalar } from '@natgrad/tensor';
import { jacfwd, jvp } from './forward.js';
import { grad } from './reverse.js';
import type { Jacobian } from './types.js';

/**
 * Exact Hessian-vector product H·v = d/dε ∇f(at + ε·v), as jvp of grad (Pearlmutter 1994, "Fast exact multiplication by the
 * Hessian"). For many products at one point use `linearize(grad(f), at).apply`, which makes the forward pass once.
 *
 * @example
 * ```ts
 * const f = (x: Tensor) => sum(multiply(square(x), x));
 * console.log(toNested(hvp(f, tensor([1, 2]), tensor([1, 1])))); // [ 6, 12 ]
 * ```
 */
export const hvp = <In>(f: (at: In) => Scalar, at: In, v: In): In => jvp(grad(f), at, v).tangent;

/** The whole Hessian, by forward mode over the gradient: leaves have the shape `[...input, ...input]`. */
export const hessian =
  <In>(f: (at: In) => Scalar) =>
  (at: In): Jacobian<In, In> =>
    jacfwd<In, In>(grad(f))(at);
