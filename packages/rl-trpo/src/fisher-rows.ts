/** The rows of a batch that F is a mean over: all of them, or some drawn at random; at once, or in chunks that bound memory. */
import { gather, type Key, permutation, slice, type Tensor } from '@natgrad/tensor';
import type { DistributionParameters } from './policy/distribution.js';

/** What F reads of a batch. */
export interface FisherRows {
  /** `[N, width]`. */
  readonly observations: Tensor;
  /** Parameters of π_old. */
  readonly oldParameters: DistributionParameters;
}

const mapRows = (f: (x: Tensor) => Tensor, { observations, oldParameters }: FisherRows): FisherRows => ({
  observations: f(observations),
  oldParameters: Object.fromEntries(Object.entries(oldParameters).map(([name, x]) => [name, f(x)])),
});

/**
 * So many rows of a batch, drawn without replacement: each row is as likely as any other, so that F over them has F over the batch
 * as its mean. The same key draws the same rows.
 *
 * @param count all of them where the batch has no more; null for all
 */
export const drawRows = (rows: FisherRows, count: number | null, key: Key): FisherRows => {
  const all = rows.observations.shape[0] as number;
  if (count === null || count >= all) return rows;
  const chosen = slice(permutation(key, all), [0], [count]);
  return mapRows((x) => gather(x, chosen, 0), rows);
};

/** Rows `from ≤ row < to`. */
export const rowsBetween = (x: Tensor, from: number, to: number): Tensor =>
  slice(
    x,
    x.shape.map((_, axis) => (axis === 0 ? from : 0)),
    x.shape.map((extent, axis) => (axis === 0 ? to : extent)),
  );

/** Where chunks of `size` rows begin and end; the last may be shorter. Null for one chunk. */
export const chunkBounds = (rows: number, size: number | null): readonly (readonly [from: number, to: number])[] =>
  size === null || size >= rows
    ? [[0, rows]]
    : Array.from({ length: Math.ceil(rows / size) }, (_, k) => [k * size, Math.min(rows, (k + 1) * size)] as const);

/** Rows in chunks. */
export const chunksOf = (rows: FisherRows, size: number | null): readonly FisherRows[] => {
  const bounds = chunkBounds(rows.observations.shape[0] as number, size);
  return bounds.length === 1 ? [rows] : bounds.map(([from, to]) => mapRows((x) => rowsBetween(x, from, to), rows));
};
