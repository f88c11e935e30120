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
 * A step that is divided takes ten times as long as a fork and a join while workers look for tasks (2 to 3 µs); waking those that
 * sleep takes 50 µs, and on a busy core much longer, which a whole plan must be worth.
 */
export const GRAIN: Grain = { flops: 4e6, elements: BLOCK, step: 0.03, plan: 0.2 };

/** Most blocks of a product. */
const MOST_BLOCKS = 48;

/**
 * Cutting costs twice. Each row of blocks packs op(b) anew and each column op(a): as much as four rows or columns of
 * multiplications. And the threads that are done first wait for the last one: a part of a block's time.
 */
const PACKING = 4;
const WAITING = 0.5;

/** Cuts a batch of products m × k × n, by shapes alone: multiples of 4 rows and of a tile's columns, which no bit depends on. */
export const cutOf = (m: number, n: number, k: number, count: number, dtype: 'f32' | 'f64', grain: Grain): Cut => {
  const width = dtype === 'f32' ? 8 : 4;
  const whole = { rows: Math.max(m, 1), columns: Math.max(n, 1), blocks: m === 0 || n === 0 ? 0 : count };
  const most = Math.min(MOST_BLOCKS, Math.floor((2 * m * n * k * count) / grain.flops));
  let [best, cost] = [whole, WAITING / Math.max(count, 1)];
  for (let down = 1; down <= Math.min(most, Math.ceil(m / 4)); down += 1)
    for (let across = 1; down * across * count <= most && across <= Math.ceil(n / width); across += 1) {
      const rows = Math.ceil(m / down / 4) * 4;
      const columns = Math.ceil(n / across / width) * width;
      const blocks = count * Math.ceil(m / rows) * Math.ceil(n / columns);
      const packing = (down > 1 ? PACKING / rows : 0) + (across > 1 ? PACKING / columns : 0);
      if (packing + WAITING / blocks >= cost) continue;
      [best, cost] = [{ rows, columns, blocks }, packing + WAITING / blocks];
    }
  return best;
};
