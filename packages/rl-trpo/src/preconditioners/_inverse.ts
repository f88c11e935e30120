/** Inverses of what approximates F + damping: positive whatever was measured. */
import {
  add,
  cast,
  cholesky,
  divide,
  eye,
  type FloatDType,
  isNatgradError,
  item,
  maximum,
  mean,
  multiply,
  type Tensor,
  triangularSolve,
} from '@natgrad/tensor';

/**
 * Where there is no damping, this share of an average takes its place: the square of what rounding leaves of a sum over a batch,
 * because each of two factors gets the root of it.
 */
const LEAST_DAMPING: Readonly<Record<FloatDType, number>> = { f64: 1e-16, f32: 1e-10 };
/** And this where the average is 0, for which any positive number will do. */
const SMALLEST = 1e-30;

/** The damping of a block whose diagonal is `average`: never 0. */
export const leastDamping = (damping: number, average: number, dtype: FloatDType): number =>
  Math.max(damping, average * LEAST_DAMPING[dtype], SMALLEST);

/** Elements of an estimated diagonal are at least this share of their mean: one by one, estimates may be negative. */
const LEAST_SHARE = 0.1;

/** 1 / (d + damping). */
export const inverseDiagonal = (diagonal: Tensor, damping: number, isEstimate: boolean): Tensor => {
  const average = Math.max(0, item(mean(diagonal)));
  const positive = maximum(diagonal, isEstimate ? LEAST_SHARE * average : 0);
  return divide(1, add(positive, leastDamping(damping, average, diagonal.dtype as FloatDType)));
};

/** Mean diagonal of a square matrix. */
export const meanDiagonal = (matrix: Tensor): number =>
  item(mean(multiply(matrix, eye(matrix.shape[0] as number, matrix.dtype)))) * (matrix.shape[0] as number);

/** Times that the ridge is raised when a matrix is not positive definite to rounding; then it holds numbers that are not finite. */
const TRIES = 40;

/**
 * T = L⁻¹ for the Cholesky factor L of matrix + ridge, in double precision: Tᵀ T is its inverse, and positive definite by
 * construction. A matrix that rounding has made indefinite gets a larger ridge; one that is not finite gives 1.
 */
export const inverseTriangle = (matrix: Tensor, ridge: number): Tensor => {
  const n = matrix.shape[0] as number;
  const one = eye(n);
  const attempt = (more: number, tries: number): Tensor => {
    try {
      return triangularSolve(cholesky(add(cast(matrix, 'f64'), multiply(one, more))), one);
    } catch (error) {
      if (!isNatgradError(error) || error.code !== 'NotPositiveDefinite') throw error;
      return tries === 0 ? one : attempt(10 * more, tries - 1);
    }
  };
  return cast(attempt(ridge, TRIES), matrix.dtype);
};
