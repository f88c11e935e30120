/** Keys of the random number generator. */
import { invalid } from '../errors.js';
import { describeForeign } from '../tensor.js';

/**
 * A key of 64 bits, as two unsigned 32-bit halves: a plain frozen object, equal when its halves are equal, safe for JSON
 * and `structuredClone`.
 *
 * There is no hidden state: a sampler called twice with one key returns the same values twice. So use a key for one draw,
 * and get fresh keys with `split` (when the number of uses is known) or `foldIn` (when there is a step number,
 * a worker number or the like).
 *
 * What is guaranteed. Threefry under one key is a bijection of its counters, and `split`, `foldIn` and each sampler count
 * in ranges that do not meet (see `BlockDomain`). Hence all children of one key, whichever way they were made, are
 * different keys, and no child is made of bits that a sampler hands out. Keys of different parents may coincide only as
 * random 64-bit numbers do: among n keys with probability about n²/2⁶⁵, which is 3·10⁻⁸ for a million.
 */
export interface Key {
  readonly high: number;
  readonly low: number;
}

/** A key from two words, taken modulo 2³². */
export const makeKey = (high: number, low: number): Key => Object.freeze({ high: high >>> 0, low: low >>> 0 });

export const isWord = (value: unknown): value is number => typeof value === 'number' && value >>> 0 === value;

/** Throws unless `key` has two unsigned 32-bit halves. */
export const checkKey = (operation: string, key: Key): Key => {
  if (typeof key !== 'object' || key === null || !isWord(key.high) || !isWord(key.low))
    throw invalid(operation, `expected a key, found ${describeForeign(key)}`, {
      argument: 'key',
      found: describeForeign(key),
      expected: 'a key with halves `high` and `low` in [0, 2³²): make one with `key(seed)`, `split` or `foldIn`',
    });
  return key;
};

/**
 * The key of a seed: its low and high 32 bits, so that different seeds always give different keys. `key(7)` and `key(7n)`
 * are equal.
 *
 * @param seed - a whole number in [0, 2⁵³) or a bigint in [0, 2⁶⁴)
 * @throws `InvalidArgument` for any other seed: none is rounded or wrapped.
 * @example
 * ```ts
 * const root = key(2 ** 32 + 7);
 * console.log(root.high, root.low); // 1 7
 * ```
 */
export const key = (seed: number | bigint): Key => {
  if (typeof seed === 'bigint' && seed >= 0n && seed < 1n << 64n)
    return makeKey(Number(seed >> 32n), Number(seed & 0xffffffffn));
  if (typeof seed === 'number' && Number.isSafeInteger(seed) && seed >= 0)
    return makeKey(Math.floor(seed / 2 ** 32), seed);
  const found = typeof seed === 'bigint' ? `the bigint ${seed}` : describeForeign(seed);
  throw invalid('key', `${found} is not a seed`, {
    argument: 'seed',
    found,
    expected: 'a whole number in [0, 2⁵³) or a bigint in [0, 2⁶⁴)',
  });
};

/** `[high, low]`: the key as numbers, for checkpoints. */
export const keyToArray = (key: Key): readonly [number, number] => {
  checkKey('keyToArray', key);
  return [key.high, key.low];
};

/**
 * The key that {@link keyToArray} wrote.
 *
 * @throws `InvalidArgument` unless given exactly two numbers in [0, 2³²).
 * @example
 * ```ts
 * const saved = JSON.stringify(keyToArray(key(7)));
 * console.log(keyFromArray(JSON.parse(saved)).low); // 7
 * ```
 */
export const keyFromArray = (words: ArrayLike<number>): Key => {
  const [high, low] = [words[0], words[1]];
  if (words.length !== 2 || !isWord(high) || !isWord(low))
    throw invalid('keyFromArray', `[${Array.from(words).slice(0, 4).join(', ')}] is not a key`, {
      argument: 'words',
      found: `${words.length} numbers`,
      expected: 'two whole numbers in [0, 2³²): the high and the low half',
    });
  return makeKey(high, low);
};
