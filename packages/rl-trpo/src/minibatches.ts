/** Rows of a batch in random order, in pieces. */
import { add, divide, minimum, multiply, sqrt, square, sum } from '@natgrad/autodiff';
import { type Key, permutation, reshape, type Tensor, treeLeaves, treeMap } from '@natgrad/tensor';
import { adopt, allocate, elements } from '@natgrad/tensor/internal';
import type { ParameterTree } from './model.js';

/** Rows of a batch that make pieces of one size: the first piece, the second, and so on. */
export interface Pieces {
  readonly count: number;
  /** By index, `count × size`. */
  readonly rows: ArrayLike<number>;
}

/**
 * Minibatches of an epoch: a fresh random order, cut into pieces of nearly equal size, those of one size together. There are one or
 * two sizes; with `size` null, or no smaller than the batch, a single piece holds all rows as they are.
 */
export const minibatches = (key: Key, count: number, size: number | null): readonly (Pieces | null)[] => {
  if (size === null || size >= count) return [null];
  const order = elements(permutation(key, count));
  const pieces = Math.max(1, Math.round(count / size));
  const larger = count % pieces;
  const cut = larger * (Math.floor(count / pieces) + 1);
  return [
    { count: larger, rows: order.subarray(0, cut) },
    { count: pieces - larger, rows: order.subarray(cut) },
  ].filter((each) => each.count > 0);
};

/** Rows `[N, …]` of a tensor as pieces `[pieces, N / pieces, …]`; null for one piece that holds them all. */
export const inPieces = (x: Tensor, pieces: Pieces | null): Tensor => {
  if (pieces === null) return reshape(x, [1, ...x.shape]);
  const { count, rows } = pieces;
  const width = x.size / (x.shape[0] as number);
  const [from, out] = [elements(x), allocate(x.dtype, rows.length * width)];
  for (let i = 0; i < rows.length; i += 1)
    for (let j = 0, at = (rows[i] as number) * width; j < width; j += 1, at += 1)
      out[i * width + j] = from[at] as number;
  return adopt(out, x.dtype, [count, rows.length / count, ...x.shape.slice(1)]);
};

/** A gradient of at most a norm; null for any. Can be traced. */
export const clipped = <P extends ParameterTree>(gradient: P, most: number | null): P => {
  if (most === null) return gradient;
  const squares = treeLeaves(gradient).map((leaf) => sum(square(leaf)));
  const size = sqrt(squares.reduce((total, each) => add(total, each)));
  // most / 0 is infinite.
  const factor = minimum(divide(most, size), 1);
  return treeMap((leaf) => multiply(leaf, factor), gradient);
};
