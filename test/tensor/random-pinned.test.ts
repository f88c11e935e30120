/** The generator against published answers, and every stream against its pinned values. */
import { createHash } from 'node:crypto';
import {
  bernoulli,
  bits,
  categorical,
  exponential,
  foldIn,
  gumbel,
  type Key,
  normal,
  permutation,
  randomInt,
  split,
  type Tensor,
  tensor,
  threefry2x32,
  toTypedArray,
  uniform,
  uniformAt,
} from '@natgrad/tensor';
import { describe, expect, test } from 'vitest';

const numbers = (x: Tensor): number[] => Array.from(toTypedArray(x));
const sha256 = (data: ArrayBufferView): string =>
  createHash('sha256')
    .update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    .digest('hex');

describe('Threefry-2x32-20', () => {
  // Random123 (D. E. Shaw Research), tests/kat_vectors, the three `threefry2x32 20` lines: counter, key, result.
  test.each([
    [
      [0, 0],
      [0, 0],
      [0x6b200159, 0x99ba4efe],
    ],
    [
      [0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      [0x1cb996fc, 0xbb002be7],
    ],
    [
      [0x243f6a88, 0x85a308d3],
      [0x13198a2e, 0x03707344],
      [0xc4923a9c, 0x483df7a0],
    ],
  ] as const)('gives the known answer for counter %j under key %j', (counter, [high, low], answer) => {
    expect(threefry2x32({ high, low }, counter)).toEqual(answer);
  });
});

/**
 * Pinned streams of one key. The words, integers, orders, coins and uniforms below were computed by a second implementation
 * with unbounded integers (CPython), written from the paper and from the counter layout of `BlockDomain`; it gave the same
 * values. The normal, exponential and gumbel numbers come from this code; a port of the same sequence of + − × ÷ √ to
 * CPython floats gave the same hashes, and 300-bit arithmetic the same numbers to a unit or two in the last place.
 *
 * A failure here means that every seed of every user now means something else. Never update these values.
 */
describe('streams are pinned', () => {
  const pinned: Key = { high: 0x01234567, low: 0x89abcdef };

  test('keys', () => {
    expect(split(pinned, 3)).toEqual([
      { high: 0x353948d8, low: 0xa29d0ce4 },
      { high: 0x3733ae99, low: 0xf0e0efbe },
      { high: 0x0524244b, low: 0xb8f65bf6 },
    ]);
    expect([0, 1, 2 ** 32 + 5, 2 ** 53 - 1].map((data) => foldIn(pinned, data))).toEqual([
      { high: 0xefed4fa2, low: 0xfd64f327 },
      { high: 0xdc62fb64, low: 0x8f6bf92c },
      { high: 0xb2219d29, low: 0x17905d6d },
      { high: 0x2d160420, low: 0x3d430ce6 },
    ]);
  });

  test('words and whole numbers', () => {
    expect(Array.from(bits(pinned, 8))).toEqual([
      0x2a4cde23, 0x201057c0, 0xf5b594dc, 0x18b9f713, 0x2bd97832, 0x541fd56d, 0x7288a109, 0x0f154989,
    ]);
    expect(numbers(randomInt(pinned, [8], { maximum: 1000 }))).toEqual([591, 380, 938, 339, 144, 493, 781, 899]);
    expect(numbers(randomInt(pinned, [4], { minimum: -(2 ** 31), maximum: 2 ** 30 }))).toEqual([
      -1411575057, 562642677, -1622412710, 384154691,
    ]);
    expect(numbers(permutation(pinned, 10))).toEqual([0, 1, 2, 8, 4, 7, 9, 3, 5, 6]);
    expect(numbers(bernoulli(pinned, 0.3, [16]))).toEqual([0, 0, 1, ...new Array<number>(13).fill(0)]);
    expect(
      numbers(
        categorical(
          pinned,
          tensor([
            [0, 1, 2],
            [2, 1, 0],
            [0, 0, 0],
            [-Infinity, 0, 0],
          ]),
        ),
      ),
    ).toEqual([2, 0, 0, 2]);
  });

  test('real numbers', () => {
    expect(numbers(uniform(pinned, [3]))).toEqual([0.3369668113624086, 0.4021230627898734, 0.33856761847331174]);
    expect(numbers(uniform(pinned, [2], { dtype: 'f32' }))).toEqual([0.33696675300598145, 0.40212303400039673]);
    expect(uniformAt(pinned, 2 ** 53 - 1)).toBe(0.7440564018236743);
    expect(numbers(normal(pinned, [4]))).toEqual([
      0.4734858944138381, 0.15048335012093944, 0.20356116898616503, 0.5642165770208464,
    ]);
    expect(numbers(exponential(pinned, [3]))).toEqual([0.5609031577686263, 0.1844592053496119, 0.16555945477274894]);
    expect(numbers(gumbel(pinned, [3]))).toEqual([-0.5205463848101841, 0.47828342747197544, 0.44899672179544486]);
  });

  test.each([
    ['bits', () => bits(pinned, 1e5), '4e18c9619eec44a00017b4b3a4fd0cd581f9e94a8f6392272b553c3962817e9b'],
    [
      'uniform',
      () => toTypedArray(uniform(pinned, [1e5])),
      'ad13bb38f8d374e7c19583389e5e8ac04b117e932373ea5d95791cfce845851d',
    ],
    [
      'normal',
      () => toTypedArray(normal(pinned, [1e5])),
      '338341095eb8fdcad32b1e8bcfecc7b6ec585577e71474c7846eb7c1b931d23e',
    ],
    [
      'exponential',
      () => toTypedArray(exponential(pinned, [1e5])),
      '95733f35204d528794889b5ef85e3cf2225a9bac0e02a2ba541eb4b28b8e1ffa',
    ],
    [
      'gumbel',
      () => toTypedArray(gumbel(pinned, [1e5])),
      'f08117ea6590e2d973a63937b0a76c317e947089d9c51a38ec0c98af441c602a',
    ],
    [
      'randomInt',
      () => toTypedArray(randomInt(pinned, [1e5], { maximum: 3 << 29 })),
      '093cd4b550623df47c3f07ac2e910c58b2374a4ad6cf36775481055447bf568a',
    ],
    [
      'permutation',
      () => toTypedArray(permutation(pinned, 1e5)),
      '28f8b8181e0954c15fb156d728d101a1c2a3af973c3dce79f477c204ce75d2ce',
    ],
  ])('the first 100000 elements of %s', (_, draw, hash) => {
    expect(sha256(draw())).toBe(hash);
  });
});
