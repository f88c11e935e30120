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

/** Results of parts of k are written and read once more, which takes as long as so many multiplications for each of them. */
const ADDING = 20;

/**
 * Elements of the smallest side of a product up to which it is narrow: it takes longer to read the other two than to multiply.
 * Blocks that stay in the cache make it two to three times as fast by OpenBLAS, which also packs nothing up to m·n·k = 10⁶.
 */
const NARROW = 16_384;

/** Threads that are done wait for the last one, about half a block each time. */
const WAITING = 0.5;

/** The numbers of threads that blocks should come out even for. */
const USUAL_THREADS = [2, 4] as const;

/** By how much the busiest thread has more to do than its share, for blocks of one size. */
const unevenness = (blocks: number): number =>
  USUAL_THREADS.reduce((sum, threads) => sum + (Math.ceil(blocks / threads) * threads) / blocks - 1, 0) /
  USUAL_THREADS.length;

/** A narrow product in blocks of about the least size along its longest extent; null for another one. */
const narrowCut = ([m, n, k]: readonly [number, number, number], count: number, grain: Grain): Cut | null => {
  const longest = Math.max(m, n, k);
  const most = Math.floor((2 * m * n * k) / grain.flops);
  if ((m * n * k) / longest > NARROW || most < 2 || (longest === k && count > 1)) return null;
  const size = Math.ceil(longest / (Math.ceil(most / 4) * 4) / 4) * 4;
  const blocks = count * Math.ceil(longest / size);
  const whole = { rows: m, columns: n, depth: k, blocks };
  return longest === m
    ? { ...whole, rows: size }
    : longest === n
      ? { ...whole, columns: size }
      : { ...whole, depth: size };
};

/**
 * Cuts a batch of products m × k × n, by shapes alone: into multiples of 4 rows and of a tile's columns, so that it costs least by the
 * estimates above. Only a native library has k cut: the engine's own product adds up in one order, which no cut changes.
 */
export const cutOf = (
  [m, n, k]: readonly [m: number, n: number, k: number],
  count: number,
  dtype: 'f32' | 'f64',
  native: boolean,
  grain: Grain,
): Cut => {
  let best: Cut = {
    rows: Math.max(m, 1),
    columns: Math.max(n, 1),
    depth: Math.max(k, 1),
    blocks: m === 0 || n === 0 ? 0 : count,
  };
  if (best.blocks === 0) return best;
  const narrow = native ? narrowCut([m, n, k], count, grain) : null;
  if (narrow !== null) return narrow;
  const width = dtype === 'f32' ? 8 : 4;
  const packing = native ? PACKING.native : PACKING.own;
  const most = Math.min(MOST_BLOCKS, Math.floor((2 * m * n * k * count) / grain.flops));
  const costOf = ({ rows, columns, depth, blocks }: Cut): number =>
    (rows < m ? packing / rows : 0) +
    (columns < n ? packing / columns : 0) +
    (depth < k ? ADDING / depth : 0) +
    unevenness(blocks) +
    WAITING / blocks;
  let least = costOf(best);
  const consider = (cut: Cut): void => {
    const cost = costOf(cut);
    if (cost >= least) return;
    [best, least] = [cut, cost];
  };
  for (let down = 1; down <= Math.min(most, Math.ceil(m / 4)); down += 1)
    for (let across = 1; down * across * count <= most && across <= Math.ceil(n / width); across += 1) {
      const rows = Math.ceil(m / down / 4) * 4;
      const columns = Math.ceil(n / across / width) * width;
      consider({ rows, columns, depth: k, blocks: count * Math.ceil(m / rows) * Math.ceil(n / columns) });
    }
  if (native && count === 1)
    for (let parts = 2; parts <= Math.min(most, Math.ceil(k / 4)); parts += 1) {
      const depth = Math.ceil(k / parts / 4) * 4;
      consider({ rows: m, columns: n, depth, blocks: Math.ceil(k / depth) });
    }
  return best;
};
