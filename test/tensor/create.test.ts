/** Numbers to tensors and back; nothing is shared across the border. */
import {
  arange,
  asScalar,
  asTensor,
  broadcastTo,
  cast,
  type DType,
  eye,
  format,
  fromTypedArray,
  full,
  identical,
  item,
  linspace,
  type Nested,
  ones,
  reshape,
  scalar,
  tensor,
  toNested,
  toTypedArray,
  zeros,
} from '@natgrad/tensor';
import {
  arbitraryDType,
  arbitraryShape,
  arbitraryTensor,
  checkLaw,
  isomorphismLaws,
  law,
  requireElements,
} from '@natgrad/tensor/laws';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expectError } from '../errors.js';
import { check, itHolds } from './layouts.js';

describe('nested arrays', () => {
  itHolds(
    isomorphismLaws({
      name: 'tensor and toNested',
      there: (x) => ({ nested: toNested(x), dtype: x.dtype }),
      back: ({ nested, dtype }) => tensor(nested, dtype),
      // Rows of nothing have no extents of their own: [0, 3] comes back as [0].
      values: arbitraryTensor({ shape: arbitraryShape({ minExtent: 1 }) }),
    }),
  );

  it.each<[Nested, string]>([
    [[], 'f64[0] []'],
    [[[], []], 'f64[2,0] [[], []]'],
    [3, 'f64[] 3'],
    [true, 'bool[] true'],
    [[true, false], 'bool[2] [true, false]'],
    [[true, 0.5], 'f64[2] [1, 0.5]'],
  ])('%j', (nested, expected) => {
    expect(format(tensor(nested))).toBe(expected);
  });

  it('gives bare numbers for rank 0, and nothing for extents of 0', () => {
    expect(toNested(scalar(2))).toBe(2);
    expect(toNested(zeros([2, 0, 3]))).toEqual([[], []]);
    expect(toNested(zeros([0, 3]))).toEqual([]);
  });

  it.each<[string, unknown, string]>([
    ['shorter row', [[1, 2], [3]], 'input[1]'],
    [
      'deep',
      [
        [[1], [2]],
        [[3], [4, 5]],
      ],
      'input[1][1]',
    ],
    ['array for a number', [1, [2]], 'input[1]'],
    ['number for an array', [[1], 2], 'input[1]'],
    ['row after an empty one', [[], [1]], 'input[1]'],
  ])('ragged: %s', (_, nested, path) => {
    expectError(() => tensor(nested as Nested), 'ShapeMismatch', 'tensor: the arrays are ragged', path);
  });

  it.each<[string, unknown, string]>([
    ['text', [1, 'two'], 'input[1]'],
    ['null', null, 'input'],
    ['a hole', [1, , 3], 'input[1]'],
    [
      'a hole in a row',
      [
        [1, 2],
        [, 4],
      ],
      'input[1][0]',
    ],
    ['an object', [[{}]], 'input[0][0]'],
    ['a typed array', [new Float64Array(2)], 'input[0]'],
  ])('refuses %s with its path', (_, nested, path) => {
    expectError(() => tensor(nested as Nested), 'InvalidArgument', path);
  });

  it('refuses arrays that contain themselves', () => {
    const first: unknown[] = [];
    first.push(first);
    expectError(() => tensor(first as Nested), 'InvalidArgument', 'input[0]', 'contain themselves');
    const second: unknown[] = [1];
    second.push(second);
    expectError(() => tensor(second as Nested), 'ShapeMismatch', 'input[1]');
  });

  it.each<[Nested, DType, string]>([
    [0.5, 'i32', '0.5 is not an i32'],
    [[1, 2 ** 31], 'i32', '2147483648 is not an i32'],
    [NaN, 'i32', 'NaN is not an i32'],
    [2, 'bool', '2 is not a bool'],
    [NaN, 'bool', 'NaN is not a bool'],
  ])('refuses %j as %s', (nested, dtype, message) => {
    expectError(() => tensor(nested, dtype), 'DTypeMismatch', message);
    if (typeof nested === 'number') {
      expectError(() => full([2], nested, dtype), 'DTypeMismatch', message);
      expectError(() => scalar(nested, dtype), 'DTypeMismatch', message);
    }
  });
});

describe('typed arrays', () => {
  itHolds(
    isomorphismLaws({
      name: 'toTypedArray and fromTypedArray',
      there: (x) => ({ data: toTypedArray(x), shape: x.shape }),
      back: ({ data, shape }) => fromTypedArray(data, shape),
      values: arbitraryTensor(),
    }),
  );

  it.each([
    new Float64Array([1, 0]),
    new Float32Array([1, 0]),
    new Int32Array([1, 0]),
    new Uint8Array([1, 0]),
    Buffer.from([1, 0]),
  ])('copies in and out: %o', (data) => {
    const x = fromTypedArray(data);
    data[0] = 0;
    const out = toTypedArray(x);
    out[1] = 1;
    expect([...toTypedArray(x)]).toEqual([1, 0]);
  });

  it('refuses what does not fit', () => {
    expectError(() => fromTypedArray(new Float64Array(3), [2, 2]), 'ShapeMismatch', '3 elements do not fill [2,2]');
    expectError(() => fromTypedArray(new Uint8Array([0, 2])), 'DTypeMismatch', '2 is not a bool');
    expectError(() => fromTypedArray(new Int16Array(1) as never), 'DTypeMismatch', 'fromTypedArray');
    expectError(() => fromTypedArray([1, 2] as never), 'DTypeMismatch', 'an array of length 2');
  });
});

describe('filled tensors', () => {
  it('zeros, ones and full hold their value everywhere', () => {
    check(fc.tuple(arbitraryShape(), arbitraryDType), ([shape, dtype]) => {
      requireElements(zeros(shape, dtype), { dtype, shape, at: () => 0 });
      requireElements(ones(shape, dtype), { dtype, shape, at: () => 1 });
      requireElements(full(shape, true, dtype), { dtype, shape, at: () => 1 });
    });
    expect(full([1], 0.1, 'f32').dtype).toBe('f32');
    expect(item(full([], 0.1, 'f32'))).toBe(Math.fround(0.1));
    expect(full([1], true).dtype).toBe('bool');
  });

  it('eye has ones on its diagonal', () => {
    check(fc.tuple(fc.nat(4), fc.nat(4), arbitraryDType), ([rows, columns, dtype]) => {
      requireElements(eye(rows, dtype, columns), { dtype, shape: [rows, columns], at: ([i, j]) => Number(i === j) });
    });
    expect(eye(3).shape).toEqual([3, 3]);
  });

  it.each([[[-1]], [[1.5]], [[NaN]], [[2 ** 16, 2 ** 16]], [[Infinity]]])('refuses the shape %j', (shape) => {
    expectError(() => zeros(shape), 'ShapeMismatch', 'zeros', `[${shape.join(',')}]`);
    expectError(() => full(shape, 1), 'ShapeMismatch', 'full');
  });

  it('refuses a shape that is not a list', () => {
    expectError(
      () => zeros(3 as never),
      'InvalidArgument',
      'zeros: the shape must be an array of extents, found number',
    );
  });
});

describe('arange', () => {
  it('stays between start and stop, which it does not reach, and omits nothing in between', () => {
    const bounds = fc.tuple(
      fc.double({ min: -50, max: 50, noNaN: true }),
      fc.double({ min: -50, max: 50, noNaN: true }),
      fc.oneof(fc.double({ min: 0.1, max: 5, noNaN: true }), fc.double({ min: -5, max: -0.1, noNaN: true })),
    );
    check(bounds, ([start, stop, step]) => {
      const values = toNested(arange(start, stop, step)) as number[];
      values.forEach((value, i) => {
        expect(value).toBe(start + i * step);
        expect(step > 0 ? value < stop : value > stop).toBe(true);
      });
      // The quotient that gives the length carries two roundings; the next element would be at or past the stop.
      const next = start + values.length * step;
      expect((stop - next) * Math.sign(step)).toBeLessThanOrEqual(1e-13);
    });
  });

  it.each([
    [arange(4), [0, 1, 2, 3]],
    [arange(0), []],
    [arange(-3), []],
    [arange(5, 2, -1), [5, 4, 3]],
    [arange(1, 1.3, 0.1), [1, 1.1, 1.2]],
    [arange(2, 5, 1, 'i32'), [2, 3, 4]],
  ])('%s', (found, expected) => {
    expect(toNested(found)).toEqual(expected);
  });

  it('refuses steps that lead nowhere', () => {
    for (const [start, stop, step] of [
      [0, 1, 0],
      [0, Infinity, 1],
      [NaN, 1, 1],
    ] as const)
      expectError(() => arange(start, stop, step), 'InvalidArgument', `arange(${start}, ${stop}, ${step})`);
    expectError(() => arange(0, 1, 0.5, 'i32'), 'DTypeMismatch', '0.5 is not an i32');
    expectError(() => arange(0, 1e300, 1), 'ShapeMismatch', 'arange');
  });
});

describe('linspace', () => {
  it('has its ends exactly, and even gaps', () => {
    const finite = fc.double({ min: -1e6, max: 1e6, noNaN: true });
    check(fc.tuple(finite, finite, fc.integer({ min: 2, max: 20 })), ([start, stop, count]) => {
      const values = toNested(linspace(start, stop, count)) as number[];
      expect([values.length, values[0], values.at(-1)]).toEqual([count, start, stop]);
      values.forEach((value, i) => {
        // Three roundings, of numbers no larger than the ends and their difference; subnormal ones are absolute.
        const bound = 4 * (Number.EPSILON * (Math.abs(start) + Math.abs(stop)) + Number.MIN_VALUE);
        expect(
          Math.abs(value - (start * ((count - 1 - i) / (count - 1)) + stop * (i / (count - 1)))),
        ).toBeLessThanOrEqual(bound);
      });
    });
    expect(toNested(linspace(2, 3, 1))).toEqual([2]);
    expect(toNested(linspace(2, 3, 0))).toEqual([]);
    expectError(() => linspace(0, 1, 2.5), 'ShapeMismatch', 'linspace');
  });
});

describe('numbers from tensors', () => {
  it('item reads the only element, whatever the rank', () => {
    check(arbitraryTensor({ shape: fc.constantFrom([], [1], [1, 1]) }), (x) => {
      expect(item(x)).toBe(Number((toNested(reshape(x, [1])) as number[])[0]));
    });
    expectError(() => item(zeros([2, 2])), 'ShapeMismatch', 'item: f64[2,2] has 4 elements');
    expectError(() => item(zeros([0])), 'ShapeMismatch', 'item: f64[0] has 0 elements');
  });

  it('asScalar wants rank 0, not one element', () => {
    expect(item(asScalar(scalar(4)))).toBe(4);
    expectError(() => asScalar(ones([1])), 'NotScalar', 'asScalar: f64[1] has rank 1');
  });

  it('asTensor passes tensors through and lifts literals', () => {
    const x = ones([2], 'f32');
    expect(asTensor(x)).toBe(x);
    expect(format(asTensor(true))).toBe('bool[] true');
    expect(format(asTensor(2, 'i32'))).toBe('i32[] 2');
    expectError(() => asTensor('2' as never), 'InvalidArgument', 'asTensor', 'the string 2');
  });
});

describe('tensors are immutable', () => {
  it('themselves and their shape', () => {
    const x = zeros([2, 3]);
    expect(Object.isFrozen(x)).toBe(true);
    expect(Object.isFrozen(x.shape)).toBe(true);
    const shape = [2, 2];
    const y = zeros(shape);
    shape[0] = 7;
    expect(y.shape).toEqual([2, 2]);
  });

  it('and show no storage: the elements have no property of their own', () => {
    expect(Object.keys(zeros([2])).sort()).toEqual(['dtype', 'rank', 'shape', 'size']);
  });
});

describe('identical', () => {
  it('is equality of dtype, shape and elements to the bit, in any layout', () => {
    checkLaw(
      law('identical', arbitraryTensor(), (x) => {
        const copy = fromTypedArray(toTypedArray(x), x.shape);
        expect(identical(x, copy)).toBe(true);
        expect(identical(x, reshape(x, [1, ...x.shape]))).toBe(false);
        for (const dtype of ['f32', 'f64'] as const) expect(identical(x, cast(x, dtype))).toBe(x.dtype === dtype);
      }),
    );
    expect(identical(tensor([0]), tensor([-0]))).toBe(false);
    expect(identical(tensor([NaN]), tensor([NaN]))).toBe(true);
    expect(identical(tensor([1, 2]), tensor([1, 3]))).toBe(false);
    expect(identical(broadcastTo(scalar(1), [2]), ones([2]))).toBe(true);
  });
});
