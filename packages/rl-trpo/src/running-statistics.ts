/** Mean and variance of a stream, updated batch by batch. */
import { ones, type Tensor, zeros } from '@natgrad/tensor';
import { adopt, elements, shapeError } from '@natgrad/tensor/internal';

/** Statistics of all rows seen so far, each element apart. All `f64`. */
export interface RunningStatistics {
  /** Rows seen. */
  readonly count: number;
  /** `[width]`. */
  readonly mean: Tensor;
  /** `[width]`: Σ (x − mean)². */
  readonly squares: Tensor;
}

/** Of no rows. */
export const emptyStatistics = (width: number): RunningStatistics => ({
  count: 0,
  mean: zeros([width]),
  squares: zeros([width]),
});

/**
 * Statistics of the rows of a `[N, width]` tensor by Welford's recursion, which never subtracts two large sums (Welford 1962,
 * "Note on a Method for Calculating Corrected Sums of Squares and Products", Technometrics 4).
 */
export const statisticsOf = (rows: Tensor): RunningStatistics => {
  const [count, width] = rows.shape;
  if (rows.rank !== 2 || count === undefined || width === undefined)
    throw shapeError('statisticsOf', `expected rows of rank 2, found rank ${rows.rank}`, {
      argument: 'rows',
      expected: '[N, width]',
    });
  const x = elements(rows, 'statisticsOf');
  const mean = new Float64Array(width);
  const squares = new Float64Array(width);
  for (let row = 0, at = 0; row < count; row += 1)
    for (let j = 0; j < width; j += 1, at += 1) {
      const before = (x[at] as number) - (mean[j] as number);
      const centre = (mean[j] as number) + before / (row + 1);
      mean[j] = centre;
      squares[j] = (squares[j] as number) + before * ((x[at] as number) - centre);
    }
  return { count, mean: adopt(mean, 'f64', [width]), squares: adopt(squares, 'f64', [width]) };
};

/**
 * Statistics of both streams together (Chan, Golub and LeVeque 1979, "Updating Formulae and a Pairwise Algorithm for Computing
 * Sample Variances", equation 2.1). Associative and commutative to rounding; merge in a fixed order where bits matter.
 */
export const mergeStatistics = (a: RunningStatistics, b: RunningStatistics): RunningStatistics => {
  if (a.mean.size !== b.mean.size)
    throw shapeError('mergeStatistics', `widths ${a.mean.size} and ${b.mean.size} differ`, {
      argument: 'b',
      found: `width ${b.mean.size}`,
      expected: `width ${a.mean.size}`,
    });
  if (a.count === 0) return b;
  if (b.count === 0) return a;
  const count = a.count + b.count;
  const width = a.mean.size;
  const [meanA, meanB, squaresA, squaresB] = [a.mean, b.mean, a.squares, b.squares].map((x) =>
    elements(x, 'mergeStatistics'),
  );
  const mean = new Float64Array(width);
  const squares = new Float64Array(width);
  for (let j = 0; j < width; j += 1) {
    const shift = (meanB?.[j] as number) - (meanA?.[j] as number);
    mean[j] = (meanA?.[j] as number) + (shift * b.count) / count;
    squares[j] = (squaresA?.[j] as number) + (squaresB?.[j] as number) + shift * shift * ((a.count * b.count) / count);
  }
  return { count, mean: adopt(mean, 'f64', [width]), squares: adopt(squares, 'f64', [width]) };
};

/** Keeps a variance of 0 from becoming a division by 0: far below any variance that means something. */
const VARIANCE_FLOOR = 1e-8;

/** Population variance of each element, `[width]`; 1 before the first row. */
export const varianceOf = ({ count, squares }: RunningStatistics): Tensor => {
  if (count === 0) return ones([squares.size]);
  return adopt(
    Float64Array.from(elements(squares, 'varianceOf'), (s) => s / count),
    'f64',
    [squares.size],
  );
};

/** Writes `clip((x − mean) / √(variance + 1e-8), ± clip)` for packed rows; unchanged rows while nothing was seen. */
export const normaliseInto = (
  statistics: RunningStatistics,
  clip: number,
): ((x: ArrayLike<number>, out: Float64Array) => Float64Array) => {
  const { count } = statistics;
  const mean = Float64Array.from(elements(statistics.mean, 'normalise'));
  const scale = Float64Array.from(
    elements(statistics.squares, 'normalise'),
    (s) => 1 / Math.sqrt(s / Math.max(1, count) + VARIANCE_FLOOR),
  );
  const width = mean.length;
  return (x, out) => {
    for (let i = 0, j = 0; i < x.length; i += 1, j = j + 1 === width ? 0 : j + 1) {
      const value = x[i] as number;
      out[i] =
        count === 0 ? value : Math.min(clip, Math.max(-clip, (value - (mean[j] as number)) * (scale[j] as number)));
    }
    return out;
  };
};

/**
 * Normalised rows, `f64`: `(x − mean) / √(variance + 1e-8)`, clipped to ± `clip`.
 *
 * @example
 * ```ts
 * const seen = statisticsOf(tensor([[0], [2]]));
 * console.log(toNested(normalise(seen, tensor([[9]]), 5))); // [ [ 5 ] ]
 * ```
 */
export const normalise = (statistics: RunningStatistics, rows: Tensor, clip: number): Tensor =>
  adopt(normaliseInto(statistics, clip)(elements(rows, 'normalise'), new Float64Array(rows.size)), 'f64', rows.shape);
