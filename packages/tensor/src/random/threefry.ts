/**
 * Threefry-2x32 with 20 rounds: a keyed bijection of 64-bit counters whose outputs, read in order, are the random bits.
 *
 * Source: Salmon, Moraes, Dror and Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011, section 4.2; rotation
 * distances and known answers from the authors' Random123 distribution (`include/Random123/threefry.h`,
 * `tests/kat_vectors`). Integer additions, rotations and exclusive ors only, so every engine gives the same bits.
 */
import type { Key } from './key.js';

/** Extends the key schedule: exclusive or of the key words and this (`SKEIN_KS_PARITY32` of Random123). */
const PARITY = 0x1bd11bda;

/**
 * The kernel: writes the two words of `threefry(key, counter)` to `out[0]` and `out[1]`, as signed 32-bit integers.
 * Writing to a pair that the caller owns spares an allocation per block.
 */
export const threefryInto = (key0: number, key1: number, counter0: number, counter1: number, out: Int32Array): void => {
  const key2 = PARITY ^ key0 ^ key1;
  let x0 = (counter0 + key0) | 0;
  let x1 = (counter1 + key1) | 0;
  // Unrolled: rotations 13 15 26 6 and 17 29 16 24 alternate, a piece of the key schedule is added after every fourth round.
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 13) | (x1 >>> 19)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 15) | (x1 >>> 17)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 26) | (x1 >>> 6)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 6) | (x1 >>> 26)) ^ x0;
  x0 = (x0 + key1) | 0;
  x1 = (x1 + key2 + 1) | 0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 17) | (x1 >>> 15)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 29) | (x1 >>> 3)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 16) | (x1 >>> 16)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 24) | (x1 >>> 8)) ^ x0;
  x0 = (x0 + key2) | 0;
  x1 = (x1 + key0 + 2) | 0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 13) | (x1 >>> 19)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 15) | (x1 >>> 17)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 26) | (x1 >>> 6)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 6) | (x1 >>> 26)) ^ x0;
  x0 = (x0 + key0) | 0;
  x1 = (x1 + key1 + 3) | 0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 17) | (x1 >>> 15)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 29) | (x1 >>> 3)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 16) | (x1 >>> 16)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 24) | (x1 >>> 8)) ^ x0;
  x0 = (x0 + key1) | 0;
  x1 = (x1 + key2 + 4) | 0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 13) | (x1 >>> 19)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 15) | (x1 >>> 17)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 26) | (x1 >>> 6)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 6) | (x1 >>> 26)) ^ x0;
  out[0] = x0 + key2;
  out[1] = x1 + key0 + 5;
};

/**
 * One block of Threefry-2x32-20: the raw function under every sampler, for checking against other implementations. Words
 * are taken modulo 2³²; the results lie in [0, 2³²).
 *
 * @example
 * ```ts
 * const [first, second] = threefry2x32({ high: 0, low: 0 }, [0, 0]);
 * console.log(first.toString(16)); // 6b200159
 * console.log(second.toString(16)); // 99ba4efe
 * ```
 */
export const threefry2x32 = (key: Key, counter: readonly [number, number]): readonly [number, number] => {
  const out = new Int32Array(2);
  threefryInto(key.high | 0, key.low | 0, counter[0] | 0, counter[1] | 0, out);
  return [(out[0] as number) >>> 0, (out[1] as number) >>> 0];
};
