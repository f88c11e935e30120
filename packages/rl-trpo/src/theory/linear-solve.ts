/** Dense linear systems, for matrices of a few states. */
import type { Row, Table } from './tables.js';

/**
 * The solution of A x = b by Gaussian elimination with partial pivoting (Golub and Van Loan, "Matrix Computations", 4th edition,
 * section 3.4): one unknown is eliminated, and the rest is a smaller system. For I − γP, the matrix of every system here, all is
 * well: it is diagonally dominant, so no pivot is 0 and no element grows beyond twice the largest.
 *
 * @param matrix `[n][n]`, regular; a singular one gives numbers that are not finite
 */
export const solveLinear = (matrix: Table, right: Row): Row =>
  solveRows(matrix.map((row, i) => [...row, right[i] as number]));

/** Each row is an equation: its coefficients, then its right side. */
const solveRows = (rows: Table): Row => {
  if (rows.length === 0) return [];
  const pivotAt = rows.reduce(
    (best, row, i) => (Math.abs(row[0] as number) > Math.abs(rows[best]?.[0] as number) ? i : best),
    0,
  );
  const [first, ...pivot] = rows[pivotAt] as Row as readonly [number, ...number[]];
  const without = rows.flatMap((row, i) => {
    const factor = (row[0] as number) / first;
    return i === pivotAt ? [] : [pivot.map((p, j) => (row[j + 1] as number) - factor * p)];
  });
  const others = solveRows(without);
  const known = others.reduce((sum, x, j) => sum + x * (pivot[j] as number), 0);
  return [((pivot.at(-1) as number) - known) / first, ...others];
};
