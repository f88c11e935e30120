/**
 * Factorisation and solution of small dense systems, batched over leading axes. `f32` is computed in double precision from
 * beginning to end and rounded once, when the result is stored.
 */
import { allocate, isFloat, type TypedArray } from './dtype.js';
import { dtypeError, NatgradError, shapeError } from './errors.js';
import { type Described, describePosition } from './kernels/axis.js';
import { describe, type Shape, sameShape, sizeOf } from './shape.js';
import { adopt, elements, type Tensor } from './tensor.js';

const checkFloat = (operation: string, argument: string, x: Described): void => {
  if (!isFloat(x.dtype))
    throw dtypeError(operation, `${argument} is ${describe(x)}, which has no fractions: cast it to f64 or f32`, {
      argument,
      found: describe(x),
      expected: 'f32 or f64',
    });
};

const checkSquare = (operation: string, argument: string, x: Described): void => {
  checkFloat(operation, argument, x);
  const rank = x.shape.length;
  if (rank < 2 || x.shape[rank - 1] !== x.shape[rank - 2])
    throw shapeError(
      operation,
      `${argument} is ${describe(x)}: ` +
        (rank < 2
          ? `rank ${rank} has no matrices`
          : `its matrices are ${x.shape[rank - 2]} by ${x.shape[rank - 1]}, not square`),
      { argument, found: describe(x), expected: '[..., n, n]' },
    );
};

/** Which matrix of a batch an error is about: ` [1,0]`, or nothing where there is only one. */
const inBatch = (index: number, batch: Shape): string =>
  batch.length === 0 ? '' : ` ${describePosition(index, batch)}`;

/** Checks the operand of `cholesky` and returns the shape of the result. */
export const choleskyShape = (operation: string, a: Described): Shape => {
  checkSquare(operation, 'a', a);
  return a.shape;
};

/**
 * Writes the lower factor of the n-by-n matrix at `from` into the lower triangle of `out`. Returns the first pivot that is
 * not positive and finite, or `undefined` when all are.
 */
const factorise = (
  a: TypedArray,
  from: number,
  n: number,
  out: Float64Array,
): { readonly index: number; readonly value: number } | undefined => {
  for (let i = 0; i < n; i += 1)
    for (let j = 0; j <= i; j += 1) {
      // aᵢⱼ = Σₖ lᵢₖ lⱼₖ over k ≤ j, solved for lᵢⱼ: the terms below j are known.
      let rest = a[from + i * n + j] as number;
      for (let k = 0; k < j; k += 1) rest -= (out[i * n + k] as number) * (out[j * n + k] as number);
      if (j < i) out[i * n + j] = rest / (out[j * n + j] as number);
      else if (rest > 0 && rest < Infinity) out[i * n + i] = Math.sqrt(rest);
      else return { index: i, value: rest };
    }
  return undefined;
};

/**
 * The lower-triangular L with positive diagonal and L Lᵀ = A, for symmetric positive definite matrices `[..., n, n]` of
 * `f32` or `f64`. Only the lower triangle of `a` is read, so its symmetry is not checked; the strict upper triangle of the
 * result is 0. n = 0 and empty batches are fine.
 *
 * Row by row (Golub & Van Loan, Matrix Computations, 4th ed., §4.2); the computed factor satisfies
 * |A − L Lᵀ| ≤ γₙ₊₁ |L| |Lᵀ| elementwise (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., Thm 10.3).
 *
 * @throws `NotPositiveDefinite` with the matrix's place in the batch and the first pivot that is not positive and finite. A
 * NaN or an infinity anywhere in the lower triangle ends there, so a result is always finite. Also `DTypeMismatch`, and
 * `ShapeMismatch` unless the matrices are square.
 * @example
 * ```ts
 * console.log(toNested(cholesky(tensor([[4, 2], [2, 10]])))); // [ [ 2, 0 ], [ 1, 3 ] ]
 * ```
 */
export const cholesky = (a: Tensor): Tensor => {
  const flat = elements(a, 'cholesky');
  const shape = choleskyShape('cholesky', a);
  const n = shape.at(-1) as number;
  const batch = shape.slice(0, -2);
  const out = allocate(a.dtype, a.size);
  const work = new Float64Array(n * n);
  const count = sizeOf(batch);
  for (let m = 0; m < count; m += 1) {
    const bad = factorise(flat, m * n * n, n, work);
    if (bad !== undefined)
      throw new NatgradError(
        'NotPositiveDefinite',
        `matrix${inBatch(m, batch)} of ${describe(a)} is not positive definite: pivot ${bad.index} is ${bad.value}`,
        {
          operation: 'cholesky',
          argument: 'a',
          found: `pivot ${bad.index} of matrix${inBatch(m, batch)}: ${bad.value}`,
          expected: 'positive and finite pivots; adding a multiple of the identity (damping) raises them',
        },
      );
    // The strict upper triangle of `work` is never written, and the rest is overwritten by the next matrix.
    out.set(work, m * n * n);
  }
  return adopt(out, a.dtype, shape);
};

/** How `triangularSolve` reads its matrices. */
export interface TriangularSolveOptions {
  /** The triangle that is read; the other one is taken as 0. Default true. */
  readonly lower?: boolean;
  /** Solve lᵀ x = b instead of l x = b; `lower` still names the triangle of `l` as it is stored. Default false. */
  readonly transposed?: boolean;
  /** Take the diagonal as 1 without reading it. Default false. */
  readonly unitDiagonal?: boolean;
}

/** Checks the operands of `triangularSolve` and returns the shape of the result: that of `b`. */
export const triangularSolveShape = (operation: string, l: Described, b: Described): Shape => {
  checkSquare(operation, 'l', l);
  const pair = `l ${describe(l)} and b ${describe(b)}`;
  if (b.dtype !== l.dtype)
    throw dtypeError(operation, `${pair}: cast one to the dtype of the other`, {
      argument: 'b',
      found: describe(b),
      expected: l.dtype,
    });
  const rank = l.shape.length;
  if (b.shape.length !== rank || !sameShape(b.shape.slice(0, -1), l.shape.slice(0, -1)))
    throw shapeError(
      operation,
      `${pair}: ` +
        (b.shape.length !== rank
          ? `ranks ${rank} and ${b.shape.length} differ; a single right-hand side is a matrix of one column`
          : b.shape[rank - 2] === l.shape[rank - 2]
            ? `batch dimensions [${l.shape.slice(0, -2).join(',')}] and [${b.shape.slice(0, -2).join(',')}] differ; broadcast first`
            : `matrices of order ${l.shape[rank - 2]} do not fit ${b.shape[rank - 2]} rows`),
      { argument: 'b', found: describe(b), expected: `[${[...l.shape.slice(0, -1), 'm'].join(',')}]` },
    );
  return b.shape;
};

/**
 * Solves l x = b, or lᵀ x = b, for triangular matrices: `l` is `[..., n, n]`, `b` and the result are `[..., n, m]`, of one
 * float dtype and with equal batch axes. n = 0, m = 0 and empty batches are fine. NaN and infinities propagate by IEEE
 * rules.
 *
 * Substitution; each computed column solves (T + ΔT) x = b exactly with |ΔT| ≤ γₙ |T| (Higham, Accuracy and Stability of
 * Numerical Algorithms, 2nd ed., Thm 8.5).
 *
 * @throws `Singular` with the matrix's place in the batch and the row for a zero on the diagonal (not with
 * `unitDiagonal`); `DTypeMismatch`; `ShapeMismatch`.
 * @example
 * ```ts
 * const l = tensor([[2, 0], [1, 3]]);
 * console.log(toNested(triangularSolve(l, tensor([[4], [11]])))); // [ [ 2 ], [ 3 ] ]
 * console.log(toNested(triangularSolve(l, tensor([[7], [9]]), { transposed: true }))); // [ [ 2 ], [ 3 ] ]
 * ```
 */
export const triangularSolve = (l: Tensor, b: Tensor, options: TriangularSolveOptions = {}): Tensor => {
  const { lower = true, transposed = false, unitDiagonal = false } = options;
  const matrix = elements(l, 'triangularSolve');
  const right = elements(b, 'triangularSolve');
  const shape = triangularSolveShape('triangularSolve', l, b);
  const [n, columns] = shape.slice(-2) as [number, number];
  const batch = shape.slice(0, -2);
  const out = allocate(b.dtype, b.size);
  const x = new Float64Array(n * columns);
  // Row i of the matrix that is solved for, whether transposed or not, steps through storage by `along`.
  const [down, along] = transposed ? [1, n] : [n, 1];
  const forward = lower !== transposed;
  const count = sizeOf(batch);
  for (let m = 0; m < count; m += 1) {
    const at = m * n * n;
    x.set(right.subarray(m * n * columns, (m + 1) * n * columns));
    for (let step = 0; step < n; step += 1) {
      const i = forward ? step : n - 1 - step;
      // The rows already solved, in the order in which they were.
      for (let before = 0; before < step; before += 1) {
        const k = forward ? before : n - 1 - before;
        const factor = matrix[at + i * down + k * along] as number;
        for (let j = 0; j < columns; j += 1)
          x[i * columns + j] = (x[i * columns + j] as number) - factor * (x[k * columns + j] as number);
      }
      if (unitDiagonal) continue;
      const pivot = matrix[at + i * (n + 1)] as number;
      if (pivot === 0)
        throw new NatgradError(
          'Singular',
          `matrix${inBatch(m, batch)} of l ${describe(l)} is singular: its diagonal is 0 in row ${i}`,
          {
            operation: 'triangularSolve',
            argument: 'l',
            found: `0 in row ${i} of matrix${inBatch(m, batch)}`,
            expected: 'a diagonal without zeros',
          },
        );
      for (let j = 0; j < columns; j += 1) x[i * columns + j] = (x[i * columns + j] as number) / pivot;
    }
    out.set(x, m * n * columns);
  }
  return adopt(out, b.dtype, shape);
};
