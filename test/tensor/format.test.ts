/** Tensors as people read them. */
import { inspect } from 'node:util';
import {
  arange,
  format,
  fromTypedArray,
  reshape,
  scalar,
  type Tensor,
  tensor,
  transpose,
  zeros,
} from '@natgrad/tensor';
import { arbitraryTensor } from '@natgrad/tensor/laws';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { check } from './layouts.js';

describe('format', () => {
  it.each<[Tensor, string]>([
    [scalar(1.5), 'f64[] 1.5'],
    [
      tensor([
        [1, 2.5],
        [3, 4],
      ]),
      'f64[2,2] [[1, 2.5], [3, 4]]',
    ],
    [tensor([1, 2], 'f32'), 'f32[2] [1, 2]'],
    [tensor([true, false]), 'bool[2] [true, false]'],
    [tensor([-2147483648], 'i32'), 'i32[1] [-2147483648]'],
    [tensor([NaN, Infinity, -Infinity, -0]), 'f64[4] [NaN, Infinity, -Infinity, -0]'],
    [
      tensor([Math.PI, -Math.PI, 1e-7, 1.23456789e20, 123456.789]),
      'f64[5] [3.1416, -3.1416, 1e-7, 1.2346e+20, 123460]',
    ],
    [tensor([0.1], 'f32'), 'f32[1] [0.1]'],
    [tensor([1e15, 123456789012]), 'f64[2] [1.0000e+15, 1.2346e+11]'],
    [zeros([0]), 'f64[0] []'],
    [zeros([2, 0]), 'f64[2,0] [[], []]'],
    [
      transpose(
        tensor([
          [1, 2],
          [3, 4],
        ]),
      ),
      'f64[2,2] [[1, 3], [2, 4]]',
    ],
  ])('%s', (x, text) => {
    expect(format(x)).toBe(text);
    expect((x as { readonly toString: () => string }).toString()).toBe(text);
    expect(inspect(x)).toBe(text);
  });

  it('shortens long axes in the middle, and only those', () => {
    expect(format(arange(101))).toBe('f64[101] [0, 1, 2, …, 98, 99, 100]');
    expect(format(arange(100))).toMatch(/^f64\[100\] \[0, 1, .*, 50, .*99\]$/);
    expect(format(reshape(arange(200), [2, 100]))).toBe(
      'f64[2,100] [[0, 1, 2, …, 97, 98, 99], [100, 101, 102, …, 197, 198, 199]]',
    );
    expect(format(arange(20), { threshold: 10, edge: 1 })).toBe('f64[20] [0, …, 19]');
    expect(format(arange(6), { threshold: 1, edge: 3 })).toBe('f64[6] [0, 1, 2, 3, 4, 5]');
  });

  it('stays short for tensors that are large, even those without elements', () => {
    expect(format(zeros([1000, 1000])).length).toBeLessThan(250);
    expect(format(zeros([1000, 1000, 0])).length).toBeLessThan(250);
  });

  it('takes a precision', () => {
    expect(format(scalar(Math.PI), { precision: 3 })).toBe('f64[] 3.14');
    expect(format(scalar(Math.PI), { precision: 10 })).toBe('f64[] 3.141592654');
  });

  it('begins with dtype and shape, and shows as many brackets and numbers as there are', () => {
    check(arbitraryTensor({ elements: fc.integer({ min: 0, max: 1 }) }), (x) => {
      const text = format(x);
      expect(text.startsWith(`${x.dtype}[${x.shape.join(',')}] `)).toBe(true);
      const body = text.slice(text.indexOf(' ') + 1);
      expect(body.match(/0|1|true|false/g)?.length ?? 0).toBe(x.size);
      expect(JSON.parse(body)).toEqual(JSON.parse(body.replaceAll(' ', '')));
    });
  });

  it('reads back to 17 digits', () => {
    check(fc.double({ noDefaultInfinity: true, noNaN: true }), (x) => {
      expect(Number(format(scalar(x), { precision: 17 }).slice('f64[] '.length))).toBe(x);
    });
    expect(format(fromTypedArray(new Float64Array([2 / 3])), { precision: 17 })).toBe('f64[1] [0.6666666666666666]');
  });
});
