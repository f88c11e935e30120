/** New keys from old. What is guaranteed about them stands at {@link Key}. */
import { invalid } from '../errors.js';
import { describeForeign } from '../tensor.js';
import { BlockDomain, blockAt } from './block.js';
import { checkKey, isWord, type Key, makeKey } from './key.js';

/**
 * `count` new keys. The i-th depends on `key` and `i` only, so `split(key, 2)` is the beginning of `split(key, 3)`. The
 * keys differ from each other and from all that {@link foldIn} makes of the same key.
 *
 * @throws `InvalidArgument` for a count that is negative, fractional or at least 2³².
 * @example
 * ```ts
 * const [forPolicy, forEnvironment] = split(key(0));
 * console.log(forPolicy.low === forEnvironment.low); // false
 * ```
 */
export function split(key: Key): readonly [Key, Key];
export function split(key: Key, count: number): readonly Key[];
export function split(key: Key, count = 2): readonly Key[] {
  checkKey('split', key);
  if (!isWord(count))
    throw invalid('split', `the number of keys must be a whole number in [0, 2³²), found ${String(count)}`, {
      argument: 'count',
      found: String(count),
      expected: 'a whole number in [0, 2³²)',
    });
  const pair = new Int32Array(2);
  return Object.freeze(
    Array.from({ length: count }, (_, i) => {
      blockAt(key, BlockDomain.split, i, pair);
      return makeKey(pair[0] as number, pair[1] as number);
    }),
  );
}

/**
 * A new key from a key and a number, e.g. a step, epoch or worker number. Different numbers give different keys.
 *
 * @param data - a whole number in [0, 2⁵³)
 * @throws `InvalidArgument` for any other number.
 * @example
 * ```ts
 * const run = key(0);
 * const epochs = [0, 1, 2].map((epoch) => foldIn(run, epoch));
 * console.log(new Set(epochs.map((k) => k.low)).size); // 3
 * ```
 */
export const foldIn = (key: Key, data: number): Key => {
  checkKey('foldIn', key);
  if (!Number.isSafeInteger(data) || data < 0)
    throw invalid('foldIn', `expected a whole number in [0, 2⁵³), found ${describeForeign(data)}`, {
      argument: 'data',
      found: describeForeign(data),
      expected: 'a whole number in [0, 2⁵³)',
    });
  const pair = new Int32Array(2);
  blockAt(key, BlockDomain.foldIn, data, pair);
  return makeKey(pair[0] as number, pair[1] as number);
};
