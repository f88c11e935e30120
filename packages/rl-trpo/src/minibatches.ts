/** Rows of a batch in random order, piece by piece. */
import { add, divide, minimum, multiply, sqrt, square, sum } from '@natgrad/autodiff';
import { type Key, permutation, type Tensor, treeLeaves, treeMap } from '@natgrad/tensor';
import { adopt, allocate, elements } from '@natgrad/tensor/internal';
import type { ParameterTree } from './model.js';

/** Rows of a tensor, by index. */
export const takeRows = (x: Tensor, rows: ArrayLike<number>): Tensor => {
  const width = x.size / (x.shape[0] as number);
  const [from, out] = [elements(x), allocate(x.dtype, rows.length * width)];
  for (let i = 0; i < rows.length; i += 1)
    for (let j = 0, at = (rows[i] as number) * width; j < width; j += 1, at += 1)
      out[i * width + j] = from[at] as number;
  return adopt(out, x.dtype, [rows.length, ...x.shape.slice(1)]);
};

/** Minibatches of an epoch: a fresh random order, cut into pieces of nearly equal size. */
export const minibatches = (key: Key, count: number, size: number): readonly ArrayLike<number>[] => {
  const order = elements(permutation(key, count));
  const pieces = Math.max(1, Math.round(count / size));
  return Array.from({ length: pieces }, (_, k) =>
    order.subarray(Math.floor((k * count) / pieces), Math.floor(((k + 1) * count) / pieces)),
  );
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
