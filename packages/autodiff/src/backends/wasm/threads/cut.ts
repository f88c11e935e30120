/** How steps are cut into blocks: by shapes alone. */
import { BLOCK } from '../loop-blocks.js';
import type { Cut } from './task.js';

/** How finely work is cut, and from where on it is divided. Tests have it finer. */
export interface Grain {
  /** Least floating-point operations of a block of a product. */
  readonly flops: number;
  /** Elements of a block of a loop, about. */
  readonly elements: number;
  /** Least milliseconds, on one thread, of a step that is divided, and of all such steps of a plan. */
  readonly step: number;
  readonly plan: number;
}

/**
 * A fork and a join cost half a microsecond while workers look for tasks, and 3 in the worst hundredth: a step that is divided takes
 * ten times that. Waking workers that sleep takes 50 µs, and far longer where cores are busy, which a whole plan must be worth.
 */
export const GRAIN: Grain = { flops: 1e6, elements: BLOCK, step: 0.03, plan: 0.2 };

/** Most blocks of a product. */
const MOST_BLOCKS = 48;

/**
 * Cutting costs: each row of blocks packs op(b) anew and each column op(a), as much as so many rows or columns of multiplications
 * (measured: 4 to 8; a native library multiplies three times as fast and packs no faster).
 */
const PACKING = { own: 5, native: 16 } as const;

/** Threads that are done wait for the last one, about half a block each time. */
const WAITING = 0.5;

/** The numbers of threads that blocks should come out even for. */
const USUAL_THREADS = [2, 4] as const;

/** By how much the busiest thread has more to do than its share, for blocks of one size. */
const unevenness = (blocks: number): number =>
  USUAL_THREADS.reduce((sum, threads) => sum + (Math.ceil(blocks / threads) * threads) / blocks - 1, 0) /
  USUAL_THREADS.length;

/**
 * Cuts a batch of products m × k × n, by shapes alone: into multiples of 4 rows and of a tile's columns, so that it costs least by the
 * estimates above.
 */
export const cutOf = (
  [m, n, k]: readonly [m: number, n: number, k: number],
  count: number,
  dtype: 'f32' | 'f64',
  native: boolean,
  grain: Grain,
): Cut => {
  const width = dtype === 'f32' ? 8 : 4;
  const packing = native ? PACKING.native : PACKING.own;
  const costOf = (blocks: number, down: number, across: number, rows: number, columns: number): number =>
    (down > 1 ? packing / rows : 0) + (across > 1 ? packing / columns : 0) + unevenness(blocks) + WAITING / blocks;
  const most = Math.min(MOST_BLOCKS, Math.floor((2 * m * n * k * count) / grain.flops));
  let best: Cut = { rows: Math.max(m, 1), columns: Math.max(n, 1), blocks: m === 0 || n === 0 ? 0 : count };
  if (best.blocks === 0) return best;
  let least = costOf(count, 1, 1, m, n);
  for (let down = 1; down <= Math.min(most, Math.ceil(m / 4)); down += 1)
    for (let across = 1; down * across * count <= most && across <= Math.ceil(n / width); across += 1) {
      const rows = Math.ceil(m / down / 4) * 4;
      const columns = Math.ceil(n / across / width) * width;
      const blocks = count * Math.ceil(m / rows) * Math.ceil(n / columns);
      const cost = costOf(blocks, down, across, rows, columns);
      if (cost >= least) continue;
      [best, least] = [{ rows, columns, blocks }, cost];
    }
  return best;
};
