/** Conjugate gradient (Hestenes and Stiefel 1952) on trees of tensors, for any linear operator. */
import { addScaled, inner, isFiniteTree, norm, zerosLike } from './vector.js';

/** How conjugate gradient ended: always an outcome, never an exception. */
export type CgStatus =
  /** The relative residual reached the tolerance. */
  | 'converged'
  /** All products were used. */
  | 'maxIterations'
  /** A direction p with pᵀAp ≤ 0 was met: A is not positive definite, and x is the iterate before it. */
  | 'negativeCurvature'
  /** A product, or the right side, was not finite: x is the last finite iterate. */
  | 'nonFinite'
  /** b = 0, so x = 0. */
  | 'zeroGradient';

/** What conjugate gradient found, and how it ended. */
export interface CgResult<V> {
  readonly status: CgStatus;
  /** The solution of A x = b, as far as it came; always finite. */
  readonly x: V;
  /** b − A x as the recursion holds it; always finite. */
  readonly residual: V;
  /** Products A·p in the recursion; the one that a warm start needs for its residual is not among them. */
  readonly iterations: number;
  /** ‖b − A xₖ‖₂ / ‖b‖₂ for k = 0, 1, …, `iterations`, as the recursion knows it. */
  readonly residuals: readonly number[];
}

/** When conjugate gradient stops, and where it begins. */
export interface CgOptions<V> {
  /** Most products. Default 10. */
  readonly iterations?: number;
  /** Stop at ‖r‖ ≤ tolerance·‖b‖. Default 1e-10, so that the iterations decide. */
  readonly tolerance?: number;
  /** Where to begin; zero by default. Costs one product more, for r = b − A x₀. */
  readonly initial?: V;
  /** r ↦ P⁻¹ r for a symmetric positive definite P near A; the identity by default. */
  readonly preconditioner?: (residual: V) => V;
  /** Called with x after each iteration. */
  readonly onIterate?: (x: V, iteration: number) => void;
}

/**
 * Solves A x = b for a symmetric positive definite A, given only as v ↦ A v. Vectors are trees of float tensors (a single
 * tensor is one). Inner products accumulate in double precision. No input is changed, and nothing is thrown except by `apply`
 * itself: what can go wrong with A or b is a status.
 *
 * Source: Hestenes and Stiefel 1952, "Methods of Conjugate Gradients for Solving Linear Systems", section 3; with
 * preconditioner Golub and Van Loan, "Matrix Computations" (4th edition), algorithm 11.5.1.
 *
 * @example
 * ```ts
 * const a = tensor([[2, 0], [0, 4]]);
 * const { x, iterations } = conjugateGradient((v: Tensor) => matmul(a, v), tensor([2, 8]));
 * console.log(toNested(x), iterations); // [ 1, 2 ] 2
 * ```
 */
export const conjugateGradient = <V>(apply: (v: V) => V, b: V, options: CgOptions<V> = {}): CgResult<V> => {
  const { iterations: most = 10, tolerance = 1e-10, initial, preconditioner = (r: V) => r, onIterate } = options;
  const zero = zerosLike(b);
  const size = norm(b);
  if (!Number.isFinite(size)) return { status: 'nonFinite', x: zero, residual: zero, iterations: 0, residuals: [] };
  if (size === 0) return { status: 'zeroGradient', x: zero, residual: zero, iterations: 0, residuals: [0] };

  let x = initial ?? zero;
  // A warm start begins at r = b − A x₀, not at b.
  let r = initial === undefined ? b : addScaled(b, -1, apply(initial));
  if (initial !== undefined && !(isFiniteTree(initial) && isFiniteTree(r)))
    return { status: 'nonFinite', x: zero, residual: b, iterations: 0, residuals: [1] };

  const residuals = [norm(r) / size];
  const result = (status: CgStatus): CgResult<V> => ({
    status,
    x,
    residual: r,
    iterations: residuals.length - 1,
    residuals,
  });
  if ((residuals[0] as number) <= tolerance) return result('converged');

  let z = preconditioner(r);
  let p = z;
  let rz = inner(r, z);
  while (residuals.length <= most) {
    const ap = apply(p);
    const curvature = inner(p, ap); // pᵀ A p
    if (!Number.isFinite(curvature) || !Number.isFinite(rz)) return result('nonFinite');
    if (curvature <= 0 || rz <= 0) return result('negativeCurvature');
    const alpha = rz / curvature;
    const [nextX, nextR] = [addScaled(x, alpha, p), addScaled(r, -alpha, ap)];
    const relative = norm(nextR) / size;
    if (!Number.isFinite(relative) || !isFiniteTree(nextX)) return result('nonFinite');
    [x, r] = [nextX, nextR];
    residuals.push(relative);
    onIterate?.(x, residuals.length - 1);
    if (relative <= tolerance) return result('converged');
    z = preconditioner(r);
    const rzNext = inner(r, z);
    p = addScaled(z, rzNext / rz, p); // A-conjugate to all directions before
    rz = rzNext;
  }
  return result('maxIterations');
};
