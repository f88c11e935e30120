/** How steps are cut into blocks: by shapes alone. */
import { BLOCK } from '../loop-blocks.js';
import type { Cut } from './task.js';

/** How finely work is cut, and from where on it is divided. Tests have it finer. */
export interface Grain {
  /** Least floating-point operations of a block of a product. */
  readonly flops: number;
  /** Elements of a block of a loop, about. */
  readonly elements: number;
  /** Rows of a block of a band, about. */
  readonly rows: number;
  /** Least milliseconds, on one thread, of a step that is divided, and of all such steps of a plan. */
  readonly step: number;
  readonly plan: number;
}

/**
 * 250 rows of 256 numbers in single precision are 256 KB: several such arrays stay in the second-level cache, and packing op(b) anew for
 * each block of a product costs a fifteenth of it (see `PACKING`).
 *
 * A fork and a join cost half a microsecond while workers look for tasks, and 3 in the worst hundredth: a step that is divided takes
 * ten times that. Waking workers that sleep takes 50 µs, and far longer where cores are busy, which a whole plan must be worth.
 */
export const GRAIN: Grain = { flops: 1e6, elements: BLOCK, rows: 250, step: 0.03, plan: 0.2 };

/** Most blocks of a product that is not narrow, unless they would be long. */
const MOST_BLOCKS = 48;

/**
 * Floating-point operations from which on a block is long: 10 to 20 ms. A worker that is lost in the middle of a block is known by how
 * long it takes.
 */
const LONG = { own: 5e8, native: 1.5e9 } as const;

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

/** Most parts of k whose results take no more than a quarter of the room of both operands. */
const mostParts = ([m, n, k]: readonly [number, number, number]): number => Math.floor((k * (m + n)) / (4 * m * n));

/** A narrow product in blocks of about the least size along its longest extent; null for another one. */
const narrowCut = (extents: readonly [m: number, n: number, k: number], count: number, grain: Grain): Cut | null => {
  const [m, n, k] = extents;
  const longest = Math.max(m, n, k);
  const alongK = longest === k;
  if ((m * n * k) / longest > NARROW || (alongK && count > 1)) return null;
  const worthwhile = Math.floor((2 * m * n * k) / grain.flops);
  const wanted = Math.min(Math.ceil(worthwhile / 4) * 4, alongK ? mostParts(extents) : Infinity);
  if (worthwhile < 2 || wanted < 2) return null;
  const size = Math.ceil(longest / wanted / 4) * 4;
  const blocks = count * Math.ceil(longest / size);
  const whole = { rows: m, columns: n, depth: k, blocks };
  if (alongK) return { ...whole, depth: size };
  return longest === m ? { ...whole, rows: size } : { ...whole, columns: size };
};

/**
 * Cuts a batch of products m × k × n, by shapes alone: a native library's narrow ones as {@link narrowCut} does; others into multiples of
 * 4 rows and of a tile's columns, so that it costs least by the estimates above. Only a native library has k cut: the engine's own
 * product adds up in one order, which no cut changes.
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
  const [packing, long] = native ? [PACKING.native, LONG.native] : [PACKING.own, LONG.own];
  const flops = 2 * m * n * k * count;
  const most = Math.min(Math.max(MOST_BLOCKS, Math.ceil(flops / long)), Math.floor(flops / grain.flops));
  const costOf = ({ rows, columns, depth, blocks }: Cut): number =>
    (rows < m ? packing / rows : 0) +
    (columns < n ? packing / columns : 0) +
    (depth < k ? ADDING / depth : 0) +
    unevenness(blocks) +
    WAITING / blocks +
    Math.max(0, flops / blocks / long - 1);
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
    for (let parts = 2; parts <= Math.min(most, mostParts([m, n, k])); parts += 1) {
      const depth = Math.ceil(k / parts / 4) * 4;
      consider({ rows: m, columns: n, depth, blocks: Math.ceil(k / depth) });
    }
  return best;
};
