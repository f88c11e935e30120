/** How the 2⁶⁴ counters of one key are divided up, and how two random words become a fraction. */

import { invalid } from '../errors.js';
import { checkShape, MAX_SIZE, type Shape, sizeOf } from '../shape.js';
import { checkKey, type Key } from './key.js';
import { threefryInto } from './threefry.js';

/**
 * The top 8 bits of a counter say what the block is for, the other 56 count. So no two uses of a key ever read one block:
 * not `split` and `foldIn`, not keys and samples, and not two different samplers.
 *
 * These numbers are part of the definition of every stream and never change; new samplers take new numbers.
 */
export const BlockDomain = {
  split: 1,
  foldIn: 2,
  bits: 3,
  uniform: 4,
  normal: 5,
  exponential: 6,
  gumbel: 7,
  bernoulli: 8,
  integer: 9,
  permutation: 10,
} as const;

/** Writes block `index` (a whole number in [0, 2⁵³)) of a domain to `pair`. */
export const blockAt = (key: Key, domain: number, index: number, pair: Int32Array): void =>
  // `| 0` takes the index modulo 2³²; its higher bits go below the domain.
  threefryInto(key.high | 0, key.low | 0, (domain << 24) | (index / 2 ** 32), index | 0, pair);

/** Turns a block into a sample; words are signed 32-bit integers. */
export type FromWords = (word0: number, word1: number) => number;

/** `out[i]` becomes the sample of block i: element i of every such stream depends on the key and on i only. */
export const fillFromBlocks = <Out extends { readonly length: number; [index: number]: number }>(
  key: Key,
  domain: number,
  out: Out,
  fromWords: FromWords,
): Out => {
  const pair = new Int32Array(2);
  const key0 = key.high | 0;
  const key1 = key.low | 0;
  for (let i = 0; i < out.length; i += 1) {
    threefryInto(key0, key1, domain << 24, i, pair);
    out[i] = fromWords(pair[0] as number, pair[1] as number);
  }
  return out;
};

/** A fraction in [0, 1) from the first 53 bits: a multiple of 2⁻⁵³. */
export const unit53: FromWords = (word0, word1) => ((word0 >>> 0) * 2 ** 21 + (word1 >>> 11)) * 2 ** -53;

/** A fraction in [0, 1) from the first 24 bits, which `f32` holds exactly: `unit53` rounded down. */
export const unit24: FromWords = (word0) => (word0 >>> 8) * 2 ** -24;

/**
 * A fraction in (0, 1) from the first 52 bits: an odd multiple of 2⁻⁵³, so that neither end occurs and u and 1 − u are
 * equally likely.
 */
export const openUnit52: FromWords = (word0, word1) => ((word0 >>> 0) * 2 ** 20 + (word1 >>> 12) + 0.5) * 2 ** -52;

/** Scratch of the functions that draw a single number: filled and read within one call. */
const single = new Int32Array(2);

/** The sample of one block, without allocation. */
export const sampleAt = (operation: string, key: Key, domain: number, index: number, fromWords: FromWords): number => {
  checkKey(operation, key);
  checkIndex(operation, index, Number.MAX_SAFE_INTEGER);
  blockAt(key, domain, index, single);
  return fromWords(single[0] as number, single[1] as number);
};

export const checkIndex = (operation: string, index: number, largest: number): number => {
  if (!Number.isInteger(index) || index < 0 || index > largest)
    throw invalid(operation, `the index of a draw is a whole number in [0, ${largest}], found ${String(index)}`, {
      argument: 'index',
      found: String(index),
      expected: `a whole number in [0, ${largest}]`,
    });
  return index;
};

/** Checks what all samplers share and gives the number of elements. */
export const checkDraw = (operation: string, key: Key, shape: Shape): number => {
  checkKey(operation, key);
  return sizeOf(checkShape(operation, shape));
};

/**
 * `count` random words, uniform on [0, 2³²). Word i depends on the key and on i only.
 *
 * @throws `InvalidArgument` for a count that is negative, fractional or too large for a typed array.
 * @example
 * ```ts
 * const words = bits(key(0), 4);
 * console.log(words.length, bits(key(0), 2)[1] === words[1]); // 4 true
 * ```
 */
export const bits = (key: Key, count: number): Uint32Array => {
  checkKey('bits', key);
  if (!Number.isInteger(count) || count < 0 || count > MAX_SIZE)
    throw invalid('bits', `the number of words must be a whole number in [0, ${MAX_SIZE}], found ${String(count)}`, {
      argument: 'count',
      found: String(count),
      expected: `a whole number in [0, ${MAX_SIZE}]`,
    });
  const out = new Uint32Array(count);
  const pair = new Int32Array(2);
  for (let i = 0; i < count; i += 2) {
    threefryInto(key.high | 0, key.low | 0, BlockDomain.bits << 24, i >>> 1, pair);
    out[i] = pair[0] as number;
    // Past the end for the last word of an odd count; typed arrays ignore that.
    out[i + 1] = pair[1] as number;
  }
  return out;
};
