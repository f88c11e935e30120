/** ndarrays of any storage and strides, in and out, by copy. */
import {
  type DType,
  format,
  fromNdarray,
  identical,
  type Tensor,
  tensor,
  toNdarray,
  toNested,
  zeros,
} from '@natgrad/tensor';
import { arbitraryTensor, elementAt, isomorphismLaws, requireElements } from '@natgrad/tensor/laws';
import fc from 'fast-check';
import ndarray, { type NdArray } from 'ndarray';
import { describe, expect, it } from 'vitest';
import { expectError } from '../errors.js';
import { check, itHolds } from './layouts.js';

describe('there and back', () => {
  itHolds(
    isomorphismLaws({
      name: 'toNdarray and fromNdarray',
      there: toNdarray,
      back: (nd: NdArray): Tensor => fromNdarray(nd),
      values: arbitraryTensor(),
    }),
  );

  it('keeps every element in its place, as get and set see it', () => {
    check(arbitraryTensor(), (x) => {
      const nd = toNdarray(x);
      expect(nd.shape).toEqual([...x.shape]);
      requireElements(x, { dtype: x.dtype, shape: x.shape, at: (index) => nd.get(...index) });
    });
  });

  it('copies: writing on either side leaves the other as it was', () => {
    const x = tensor([
      [1, 2],
      [3, 4],
    ]);
    const nd = toNdarray(x);
    nd.set(0, 0, 99);
    expect(toNested(x)).toEqual([
      [1, 2],
      [3, 4],
    ]);
    const y = fromNdarray(nd);
    nd.set(0, 0, -1);
    expect(elementAt(y, [0, 0])).toBe(99);
  });
});

describe('views', () => {
  it('are read through their strides', () => {
    const views = fc.record({
      extents: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 }),
      step: fc.constantFrom(-2, -1, 1, 2),
      from: fc.nat(1),
    });
    check(views, ({ extents, step, from }) => {
      const size = extents.reduce((product, extent) => product * extent, 1);
      const whole = ndarray(
        Float64Array.from({ length: size }, (_, i) => i),
        extents,
      );
      const view = whole
        .lo(Math.min(from, (extents[0] as number) - 1))
        .step(step)
        .transpose(...extents.map((_, axis) => extents.length - 1 - axis));
      requireElements(fromNdarray(view), { dtype: 'f64', shape: view.shape, at: (index) => view.get(...index) });
    });
  });

  it.each<[string, NdArray, string]>([
    ['plain array', ndarray([1, 2.5]), 'f64[2] [1, 2.5]'],
    ['f64', ndarray(new Float64Array([0.1])), 'f64[1] [0.1]'],
    ['f32', ndarray(new Float32Array([0.5])), 'f32[1] [0.5]'],
    ['i32', ndarray(new Int32Array([-5])), 'i32[1] [-5]'],
    ['i16', ndarray(new Int16Array([-5])), 'i32[1] [-5]'],
    ['i8', ndarray(new Int8Array([-5])), 'i32[1] [-5]'],
    ['u16', ndarray(new Uint16Array([65535])), 'i32[1] [65535]'],
    ['u32', ndarray(new Uint32Array([2 ** 32 - 1])), 'f64[1] [4294967295]'],
    ['u8 of bits', ndarray(new Uint8Array([0, 1])), 'bool[2] [false, true]'],
    ['u8 clamped', ndarray(new Uint8ClampedArray([255])), 'i32[1] [255]'],
    ['rank 0', ndarray(new Float64Array([7]), []), 'f64[] 7'],
    ['nothing', ndarray(new Float64Array(0), [0, 3]), 'f64[0,3] []'],
    [
      'storage with get',
      ndarray({ length: 2, get: (i: number) => i + 1, set: () => 0 } as never, [2]),
      'f64[2] [1, 2]',
    ],
  ])('%s', (_, nd, expected) => {
    expect(format(fromNdarray(nd))).toBe(expected);
  });

  it('take another dtype where every element fits it', () => {
    expect(format(fromNdarray(ndarray(new Uint8Array([7])), 'i32'))).toBe('i32[1] [7]');
    expect(format(fromNdarray(ndarray(new Float64Array([1, 0])), 'bool'))).toBe('bool[2] [true, false]');
    const refusals: readonly [NdArray, DType | undefined, string][] = [
      [ndarray(new Uint8Array([7])), undefined, '7 is not a bool'],
      [ndarray(new Float64Array([0.5])), 'i32', '0.5 is not an i32'],
      [ndarray(new Float64Array([2 ** 31])), 'i32', '2147483648 is not an i32'],
      [ndarray(['1'] as never), undefined, 'element 0 is the string 1'],
    ];
    for (const [nd, dtype, message] of refusals)
      expectError(() => fromNdarray(nd, dtype), 'DTypeMismatch', 'fromNdarray', message);
  });
});

describe('what is no ndarray', () => {
  it.each([
    null,
    undefined,
    3,
    'x',
    [],
    {},
    zeros([2]),
    new Float64Array(2),
    { data: null, shape: [], stride: [], offset: 0 },
  ])('%o', (value) => {
    expect(() => fromNdarray(value as never)).toThrow(/^fromNdarray: /);
  });

  it.each([
    [{ shape: [3], stride: [1], offset: 0 }, 'reaches elements 0 to 2 of 2'],
    [{ shape: [2], stride: [1], offset: 1 }, 'reaches elements 1 to 2 of 2'],
    [{ shape: [2], stride: [-1], offset: 0 }, 'reaches elements -1 to 0 of 2'],
    [{ shape: [2], stride: [1, 1], offset: 0 }, 'do not fit together'],
    [{ shape: [2], stride: [0.5], offset: 0 }, 'do not fit together'],
    [{ shape: [2], stride: [1], offset: NaN }, 'do not fit together'],
    [{ shape: [-1], stride: [1], offset: 0 }, 'extents are whole numbers'],
  ])('or one that leaves its storage: %j', (geometry, message) => {
    expectError(() => fromNdarray({ data: new Float64Array(2), ...geometry } as never), 'ShapeMismatch', message);
  });
});

it('keeps −0, NaN, infinities and subnormals', () => {
  const x = tensor([0, -0, NaN, Infinity, -Infinity, Number.MIN_VALUE]);
  expect(identical(fromNdarray(toNdarray(x)), x)).toBe(true);
});
