/** Laws of keys and samplers. Pinned streams, distributions and errors have files of their own. */
import {
  arange,
  argmax,
  bernoulli,
  bits,
  categorical,
  exponential,
  foldIn,
  gumbel,
  identical,
  type Key,
  key,
  keyFromArray,
  keyToArray,
  normal,
  normalAt,
  permutation,
  randomInt,
  randomIntAt,
  reshape,
  split,
  type Tensor,
  tensor,
  toNested,
  toTypedArray,
  uniform,
  uniformAt,
} from '@natgrad/tensor';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const numbers = (x: Tensor): number[] => Array.from(toTypedArray(x));

const word = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const anyKey: fc.Arbitrary<Key> = fc.record({ high: word, low: word });
const anyShape = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 });

describe('keys', () => {
  test('different seeds give different keys, and a number and a bigint the same', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.maxSafeNat(), (a, b) => {
        expect(key(a)).toEqual(key(BigInt(a)));
        expect(keyToArray(key(a)).join() === keyToArray(key(b)).join()).toBe(a === b);
      }),
    );
    expect(key(2n ** 64n - 1n)).toEqual({ high: 0xffffffff, low: 0xffffffff });
  });

  test('are plain frozen data that survives JSON', () => {
    fc.assert(
      fc.property(anyKey, (k) => {
        for (const made of [...split(k), foldIn(k, 1), keyFromArray(keyToArray(k))]) {
          expect(Object.isFrozen(made)).toBe(true);
          expect(JSON.parse(JSON.stringify(made))).toEqual(made);
        }
        expect(keyFromArray(keyToArray(k))).toEqual(k);
      }),
    );
  });

  test('all children of one key differ, whichever way they were made, and none is read out by a sampler', () => {
    fc.assert(
      fc.property(anyKey, (k) => {
        const words = bits(k, 400);
        const names = [
          ...split(k, 200),
          ...Array.from({ length: 200 }, (_, i) => foldIn(k, i)),
          ...Array.from({ length: 200 }, (_, i) => keyFromArray(words.slice(2 * i, 2 * i + 2))),
          foldIn(k, 2 ** 32),
          foldIn(k, 2 ** 52),
        ].map((child) => keyToArray(child).join());
        expect(new Set(names).size).toBe(602);
      }),
      { numRuns: 20 },
    );
  });

  test('split(key, m) is the beginning of split(key, n)', () => {
    fc.assert(
      fc.property(anyKey, fc.nat(10), fc.nat(10), (k, m, n) => {
        expect(split(k, m + n).slice(0, m)).toEqual(split(k, m));
      }),
    );
  });
});

type Draw = (k: Key, shape: readonly number[]) => Tensor;
const samplers: readonly (readonly [string, Draw])[] = [
  ['uniform', (k, shape) => uniform(k, shape)],
  ['uniform f32 on an interval', (k, shape) => uniform(k, shape, { minimum: -3, maximum: 5, dtype: 'f32' })],
  ['normal', (k, shape) => normal(k, shape)],
  ['normal f32', (k, shape) => normal(k, shape, { dtype: 'f32' })],
  ['exponential', (k, shape) => exponential(k, shape)],
  ['gumbel', (k, shape) => gumbel(k, shape)],
  ['bernoulli', (k, shape) => bernoulli(k, 0.5, shape)],
  // Almost half of all words are rejected here, so attempts beyond the first are part of the law.
  ['randomInt', (k, shape) => randomInt(k, shape, { minimum: -(2 ** 31), maximum: 3 })],
];

describe.each(samplers)('%s', (_, draw) => {
  test('is a function of the key, and element i of the key and i only', () => {
    fc.assert(
      fc.property(anyKey, anyShape, fc.nat(40), (k, shape, more) => {
        const x = draw(k, shape);
        expect(x.shape).toEqual(shape);
        expect(identical(x, draw(k, shape))).toBe(true);
        const longer = draw(k, [x.size + more]);
        expect(numbers(longer).slice(0, x.size)).toEqual(numbers(x));
      }),
    );
  });

  test('differs between two keys', () => {
    fc.assert(
      fc.property(anyKey, (k) => {
        const [a, b] = split(k);
        expect(identical(draw(a, [64]), draw(b, [64]))).toBe(false);
      }),
    );
  });
});

describe('relations between samplers', () => {
  test('single draws are the elements of the tensors', () => {
    fc.assert(
      fc.property(anyKey, fc.nat(30), (k, i) => {
        const range = { minimum: -5, maximum: 2 ** 31 };
        expect(uniformAt(k, i)).toBe(numbers(uniform(k, [31]))[i]);
        expect(normalAt(k, i)).toBe(numbers(normal(k, [31]))[i]);
        expect(randomIntAt(k, i, range)).toBe(numbers(randomInt(k, [31], range))[i]);
      }),
    );
  });

  test('single draws count beyond 2³²', () => {
    for (const at of [uniformAt, normalAt]) expect(at(key(1), 2 ** 32 + 1)).not.toBe(at(key(1), 1));
  });

  test('f32 uniforms are f64 uniforms rounded down, f32 normals are f64 normals rounded', () => {
    fc.assert(
      fc.property(anyKey, (k) => {
        const down = numbers(uniform(k, [20])).map((u) => Math.floor(u * 2 ** 24) / 2 ** 24);
        expect(numbers(uniform(k, [20], { dtype: 'f32' }))).toEqual(down);
        expect(numbers(normal(k, [20], { dtype: 'f32' }))).toEqual(numbers(normal(k, [20])).map(Math.fround));
      }),
    );
  });

  test('categorical is the argmax of logits plus gumbel noise of the same key', () => {
    fc.assert(
      fc.property(
        anyKey,
        fc.array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: 12, maxLength: 12 }),
        (k, flat) => {
          const noise = numbers(gumbel(k, [12]));
          const scores = reshape(tensor(flat.map((x, i) => x + (noise[i] as number))), [2, 2, 3]);
          expect(toNested(categorical(k, reshape(tensor(flat), [2, 2, 3])))).toEqual(toNested(argmax(scores, -1)));
        },
      ),
    );
  });

  test('a coin per probability is the coin of that probability', () => {
    const k = key(5);
    const chances = tensor([0, 0.25, 0.5, 1]);
    const expected = numbers(chances).map((p, i) => numbers(bernoulli(k, p, [4]))[i]);
    expect(numbers(bernoulli(k, chances))).toEqual(expected);
  });
});

describe('ranges', () => {
  const sign = fc.constantFrom(-1, 1);
  test.each(['f32', 'f64'] as const)(
    'uniform in %s keeps to [minimum, maximum), however few floats that holds',
    (dtype) => {
      const epsilon = dtype === 'f32' ? 2 ** -23 : 2 ** -52;
      const round = dtype === 'f32' ? Math.fround : (x: number): number => x;
      fc.assert(
        fc.property(
          anyKey,
          sign,
          fc.double({ min: 1, max: 2, noNaN: true }),
          fc.integer({ min: -100, max: 100 }),
          fc.nat(3),
          (k, s, m, e, ulps) => {
            const start = s * round(m) * 2 ** e;
            const minimum = Math.min(start, start + s * (ulps + 1) * epsilon * 2 ** e);
            const maximum = Math.max(start, start + s * (ulps + 1) * epsilon * 2 ** e);
            fc.pre(round(minimum) < round(maximum));
            const x = numbers(uniform(k, [16], { minimum, maximum, dtype }));
            expect(x.every((value) => value >= round(minimum) && value < round(maximum))).toBe(true);
          },
        ),
      );
      const justBelowZero = numbers(
        uniform(key(0), [64], { minimum: dtype === 'f32' ? -(2 ** -149) : -5e-324, maximum: 0, dtype }),
      );
      expect(justBelowZero.every((value) => value < 0)).toBe(true);
    },
  );

  test('randomInt keeps to its range and reaches both ends of a small one', () => {
    fc.assert(
      fc.property(anyKey, fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 3 }), (k, minimum) => {
        const seen = new Set(numbers(randomInt(k, [200], { minimum, maximum: minimum + 3 })));
        // Each of three values is missing from 200 with probability (2/3)²⁰⁰ < 10⁻³⁵.
        expect([...seen].sort((a, b) => a - b)).toEqual([minimum, minimum + 1, minimum + 2]);
      }),
    );
    const everything = numbers(randomInt(key(0), [1000], { minimum: -(2 ** 31), maximum: 2 ** 31 }));
    expect(Math.min(...everything)).toBeLessThan(-(2 ** 30));
    expect(Math.max(...everything)).toBeGreaterThan(2 ** 30);
  });

  test('permutation is a permutation', () => {
    fc.assert(
      fc.property(anyKey, fc.nat(50), (k, n) => {
        const order = permutation(k, n);
        expect(order.dtype).toBe('i32');
        expect(numbers(order).sort((a, b) => a - b)).toEqual(numbers(arange(n)));
      }),
    );
  });

  test('certain coins are certain', () => {
    expect(numbers(bernoulli(key(0), 0, [100])).every((coin) => coin === 0)).toBe(true);
    expect(numbers(bernoulli(key(0), 1, [100])).every((coin) => coin === 1)).toBe(true);
    expect(bernoulli(key(0), 1).shape).toEqual([]);
  });

  test('categorical never draws a class with logit −∞ and holds at the ends of the floats', () => {
    fc.assert(
      fc.property(
        anyKey,
        fc.nat(4),
        fc.constantFrom(-Number.MAX_VALUE, -1e300, 0, 1e300, Number.MAX_VALUE),
        (k, only, logit) => {
          const logits = Array.from({ length: 5 }, (_, i) => (i === only ? logit : -Infinity));
          expect(numbers(categorical(k, tensor(logits)))).toEqual([only]);
        },
      ),
    );
    expect(categorical(key(0), tensor([[0]])).dtype).toBe('i32');
    expect(numbers(categorical(key(0), reshape(tensor([]), [0, 3])))).toEqual([]);
  });
});
