import { eye, cholesky as referenceCholesky, type Tensor } from '@natgrad/tensor';
import { choleskyShape } from '@natgrad/tensor/internal';
import type { Aval, Value } from '../ir/aval.js';
import { real } from '../ir/domain.js';
import { definePrimitive, type Primitive } from '../ir/primitive.js';
import { bind1 } from '../trace/bind.js';
import type { None } from './_elementwise.js';
import { symmetriseLower, triangle } from './_triangle.js';
import { matmul } from './matmul.js';
import { multiply } from './multiply.js';
import { subtract } from './subtract.js';
import { matrixTranspose } from './transpose.js';
import { triangularSolve } from './triangular-solve.js';

export const choleskyPrimitive: Primitive<None> = definePrimitive<None>({
  name: 'cholesky',
  domain: (draw) => {
    const n = draw.integer(1, 4);
    return { args: [real([...draw.shape({ maxRank: 1 }), n, n], { kind: 'positiveDefinite' })], params: {} };
  },
  shape: (args) => {
    const a = args[0] as Aval;
    return [{ dtype: a.dtype, shape: choleskyShape('cholesky', a) }];
  },
  evaluate: (args) => [referenceCholesky(args[0] as Tensor)],
  /**
   * L̇ = L Φ(L⁻¹ Ȧ L⁻ᵀ), where Φ takes the lower triangle and half of the diagonal (Murray, "Differentiation of the Cholesky
   * decomposition", 2016, eq. 8), and Ȧ is the symmetric matrix of which only the lower triangle is given.
   */
  jvp: (_args, outs, tangents) => {
    const l = outs[0] as Value;
    const left = triangularSolve(l, symmetriseLower(tangents[0] as Value));
    const inner = triangularSolve(l, matrixTranspose(left));
    const halves = subtract(1, multiply(eye(l.shape.at(-1) as number, l.dtype), 0.5));
    return [matmul(l, multiply(triangle(inner, { lower: true, diagonal: true }), halves))];
  },
  transpose: 'nonlinear',
  batch: (args) => ({ outs: [bind1(choleskyPrimitive, args, {})], batched: [true] }),
  lower: { kind: 'reference' },
});

/**
 * The lower-triangular L with positive diagonal and L Lᵀ = A, for symmetric positive definite matrices `[..., n, n]` of
 * `f32` or `f64`. Only the lower triangle of `a` is read: the gradient is that with respect to it, 0 above the diagonal, and
 * an element below the diagonal stands for both that symmetry makes equal.
 *
 * @throws `NotPositiveDefinite` with the matrix's place in the batch and the pivot at fault, `DTypeMismatch`, and
 * `ShapeMismatch` unless the matrices are square.
 * @example
 * ```ts
 * console.log(toNested(cholesky(tensor([[4, 2], [2, 10]])))); // [ [ 2, 0 ], [ 1, 3 ] ]
 * ```
 */
export const cholesky = (a: Value): Value => bind1(choleskyPrimitive, [a], {});
