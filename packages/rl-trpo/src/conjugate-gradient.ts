/** Conjugate gradient (Hestenes and Stiefel 1952) on trees of tensors, for any linear operator. */
import type { TypedArray } from '@natgrad/tensor';
import { addScaledInto, areFinite, cuttingOf, innerOfPieces as inner, type Pieces } from './vector.js';

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
  const { iterations: most = 10, tolerance = 1e-10, initial, preconditioner, onIterate } = options;
  const { piecesOf, fresh, treeOf } = cuttingOf(b, 'conjugateGradient');
  const [zero, right] = [fresh(), piecesOf(b)];
  const residuals: number[] = [];
  const ended = (status: CgStatus, x: Pieces, r: Pieces): CgResult<V> => ({
    status,
    x: treeOf(x),
    residual: r === right ? b : treeOf(r),
    iterations: Math.max(0, residuals.length - 1),
    residuals,
  });
  const size = Math.sqrt(inner(right, right));
  if (!Number.isFinite(size)) return ended('nonFinite', zero, zero);
  if (size === 0) {
    residuals.push(0);
    return ended('zeroGradient', zero, zero);
  }
  const copyOf = (v: Pieces): Pieces => {
    const copy = fresh();
    copy.forEach((piece, k) => {
      piece.set(v[k] as TypedArray);
    });
    return copy;
  };
  const appliedTo = (v: Pieces): Pieces => piecesOf(apply(treeOf(v)));
  const preconditioned = (r: Pieces): Pieces => {
    if (preconditioner === undefined) return r;
    const tree = treeOf(copyOf(r));
    const image = preconditioner(tree);
    return image === tree ? r : piecesOf(image);
  };

  // Each iterate is written where the one before the last was, and nobody else sees them: fresh memory would cost more than the sums.
  let [x, r, nextX, nextR] = [
    copyOf(initial === undefined ? zero : piecesOf(initial)),
    copyOf(right),
    fresh(),
    fresh(),
  ];
  if (initial !== undefined) {
    // A warm start begins at r = b − A x₀, not at b.
    addScaledInto(r, right, -1, piecesOf(apply(initial)));
    if (!(areFinite(x) && areFinite(r))) {
      residuals.push(1);
      return ended('nonFinite', zero, right);
    }
  }

  residuals.push(Math.sqrt(inner(r, r)) / size);
  if ((residuals[0] as number) <= tolerance) return ended('converged', x, r);

  let p = copyOf(preconditioned(r));
  let rz = inner(r, p);
  while (residuals.length <= most) {
    const ap = appliedTo(p);
    const curvature = inner(p, ap); // pᵀ A p
    if (!Number.isFinite(curvature) || !Number.isFinite(rz)) return ended('nonFinite', x, r);
    if (curvature <= 0 || rz <= 0) return ended('negativeCurvature', x, r);
    const alpha = rz / curvature;
    addScaledInto(nextX, x, alpha, p);
    addScaledInto(nextR, r, -alpha, ap);
    const relative = Math.sqrt(inner(nextR, nextR)) / size;
    if (!Number.isFinite(relative) || !areFinite(nextX)) return ended('nonFinite', x, r);
    [x, r, nextX, nextR] = [nextX, nextR, x, r];
    residuals.push(relative);
    onIterate?.(treeOf(copyOf(x)), residuals.length - 1);
    if (relative <= tolerance) return ended('converged', x, r);
    const z = preconditioned(r);
    const rzNext = inner(r, z);
    const next = fresh();
    addScaledInto(next, z, rzNext / rz, p); // A-conjugate to all directions before
    [p, rz] = [next, rzNext];
  }
  return ended('maxIterations', x, r);
};
