/** Checkpoints hold any plain data, to the bit. */
import { identical, isTensor, tensor, zeros } from '@natgrad/tensor';
import { lawRuns } from '@natgrad/tensor/laws';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeData, encodeData, UndecodableData } from '../../packages/rl-trpo/src/shell/runs/codec.js';

/** Equal to the bit: `Object.is` for numbers, kinds of arrays, own keys in order. */
const equal = (a: unknown, b: unknown): boolean => {
  if (isTensor(a)) return isTensor(b) && a.dtype === b.dtype && identical(a, b);
  if (typeof a !== 'object' || a === null || typeof b !== 'object' || b === null) return Object.is(a, b);
  const [x, y] = [Object.entries(a), Object.entries(b)];
  return (
    Array.isArray(a) === Array.isArray(b) &&
    ArrayBuffer.isView(a) === ArrayBuffer.isView(b) &&
    (!ArrayBuffer.isView(a) || a.constructor === b.constructor) &&
    x.length === y.length &&
    x.every(([key, item], i) => key === y[i]?.[0] && equal(item, y[i]?.[1]))
  );
};

const key = fc.oneof(fc.string(), fc.constantFrom('$', '__proto__', 'constructor', 'name', 'values', '0'));

const leaf = fc.oneof(
  fc.double(),
  fc.constantFrom(Number.NaN, -0, Infinity, -Infinity, 5e-324),
  fc.string({ unit: 'binary' }),
  fc.boolean(),
  fc.constant(null),
  fc.float64Array({ maxLength: 4 }),
  fc.float32Array({ maxLength: 4 }),
  fc.uint8Array({ maxLength: 4 }),
  fc.int32Array({ maxLength: 4 }),
  fc.uint32Array({ maxLength: 4 }),
  fc.constantFrom(
    tensor([
      [1, -0],
      [Number.NaN, Infinity],
    ]),
    tensor([1, 2], 'f32'),
    tensor([true, false]),
    zeros([0, 3]),
    tensor(7, 'i32'),
  ),
);

const plain = fc.letrec((tie) => ({
  node: fc.oneof({ depthSize: 'small', withCrossShrink: true }, leaf, tie('array'), tie('record')),
  array: fc.array(tie('node'), { maxLength: 4 }),
  // `Object.fromEntries` makes `__proto__` a key like any other.
  record: fc
    .uniqueArray(fc.tuple(key, tie('node')), { maxLength: 4, selector: ([name]) => name })
    .map((entries) => Object.fromEntries(entries)),
})).node;

const throughText = (value: unknown): unknown => {
  const { json, tensors } = encodeData(value);
  return decodeData(JSON.parse(JSON.stringify(json)), tensors);
};

test('law: what is decoded is what was encoded', () =>
  fc.assert(
    fc.property(plain, (value) => {
      expect(equal(throughText(value), value)).toBe(true);
    }),
    { numRuns: lawRuns(300) },
  ));

test('law: decoding any JSON gives data or says what is wrong', () =>
  fc.assert(
    fc.property(
      fc.jsonValue({ maxDepth: 4 }),
      fc.constantFrom('number', 'tensor', 'record', 'Float64Array', 'Map', 3),
      fc.constantFrom('value', 'values', 'entries', 'name'),
      (value, kind, field) => {
        for (const json of [value, { $: kind, [field]: value }, [{ $: kind, [field]: value }]])
          try {
            decodeData(json, { t: zeros([1]) });
          } catch (error) {
            expect(error).toBeInstanceOf(UndecodableData);
          }
      },
    ),
    { numRuns: lawRuns(300) },
  ));

describe('what is no plain data is refused with its path', () => {
  test.for([
    ['a function', { a: [() => 0] }, 'data.a[0]'],
    ['undefined', { a: undefined }, 'data.a'],
    ['a bigint', [1n], 'data[0]'],
    ['an instance', { when: new Date(0) }, 'data.when'],
    ['a map', new Map(), 'data'],
  ] as const)('%s', ([, value, path]) => {
    expect(() => encodeData(value)).toThrow(`encodeData: ${path} is `);
  });

  test('depth beyond 64, in and out', () => {
    const nested = (depth: number): unknown => (depth === 0 ? 0 : [nested(depth - 1)]);
    expect(equal(throughText(nested(64)), nested(64))).toBe(true);
    expect(() => encodeData(nested(65))).toThrow('more than 64 levels deep');
    expect(() => decodeData(nested(100_000 / 20), {})).toThrow('more than 64 levels deep');
  });
});
