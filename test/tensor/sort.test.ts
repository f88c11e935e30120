import {
  arange,
  argsort,
  gather,
  identical,
  ones,
  scalar,
  sort,
  takeAlong,
  tensor,
  toNested,
  toTypedArray,
  transpose,
  zeros,
} from '@natgrad/tensor';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expectError } from '../errors.js';
import { check, dtypes, pure, shapes, tensors } from './layouts.js';

const withAxis = fc
  .record({ dtype: dtypes, shape: shapes(1, 3) })
  .chain(({ dtype, shape }) =>
    fc.record({ x: tensors(dtype, shape), axis: fc.integer({ min: -shape.length, max: shape.length - 1 }) }),
  );
/** Long runs with many ties, where an unstable sort would show. */
const longRun = dtypes.chain((dtype) => fc.integer({ min: 20, max: 80 }).chain((n) => tensors(dtype, [n])));

/** The documented order: −0 before +0, NaN last. */
const precedes = (a: number, b: number): boolean => {
  if (Number.isNaN(a)) return false;
  if (Number.isNaN(b)) return true;
  return a === b ? Object.is(a, -0) && Object.is(b, 0) : a < b;
};

/** Insertion sort: stable and too simple to be wrong. */
const insertionOrder = (values: readonly number[]): number[] => {
  const order: number[] = [];
  values.forEach((value, i) => {
    let place = order.length;
    while (place > 0 && precedes(value, values[order[place - 1] as number] as number)) place -= 1;
    order.splice(place, 0, i);
  });
  return order;
};

describe('sort and argsort', () => {
  it('agree on every axis: sort(x) = takeAlong(x, argsort(x))', () =>
    check(withAxis, ({ x, axis }) => {
      const order = pure([x], () => argsort(x, axis));
      const sorted = pure([x], () => sort(x, axis));
      expect(order.dtype).toBe('i32');
      expect(order.shape).toEqual(x.shape);
      expect(identical(sorted, takeAlong(x, order, axis))).toBe(true);
    }));

  it('are an insertion sort: stable, −0 before +0, NaN last', () =>
    check(longRun, (x) => {
      const expected = insertionOrder([...toTypedArray(x)]);
      expect(toNested(argsort(x))).toEqual(expected);
      expect(identical(sort(x), gather(x, tensor(expected, 'i32')))).toBe(true);
    }));

  it('sort is idempotent and does not see the order of its input', () =>
    check(
      longRun.chain((x) =>
        fc.record({
          x: fc.constant(x),
          order: fc.shuffledSubarray([...toTypedArray(arange(x.size))], { minLength: x.size }),
        }),
      ),
      ({ x, order }) => {
        const sorted = sort(x);
        expect(identical(sort(sorted), sorted)).toBe(true);
        expect(identical(sort(gather(x, tensor(order, 'i32'))), sorted)).toBe(true);
      },
    ));

  it('have a total order on special values', () => {
    const x = tensor([NaN, 0, Infinity, -0, -Infinity, -NaN, 1]);
    expect(toNested(sort(x))).toEqual([-Infinity, -0, 0, 1, Infinity, NaN, NaN]);
    expect(toNested(argsort(x))).toEqual([4, 3, 1, 6, 2, 0, 5]);
    expect(toNested(sort(tensor([true, false, true])))).toEqual([false, true, true]);
  });

  it('work along the last axis unless told otherwise, through transposed views and on nothing', () => {
    const x = tensor([
      [3, 1],
      [2, 4],
    ]);
    expect(toNested(sort(x))).toEqual([
      [1, 3],
      [2, 4],
    ]);
    expect(toNested(sort(x, 0))).toEqual([
      [2, 1],
      [3, 4],
    ]);
    expect(identical(sort(transpose(x), 0), transpose(sort(x, 1)))).toBe(true);
    expect(sort(zeros([0])).size).toBe(0);
    expect([...argsort(zeros([2, 0, 3]), 1).shape]).toEqual([2, 0, 3]);
  });

  it('refuse rank 0, wrong axes and things that are not tensors', () => {
    expectError(() => sort(scalar(1)), 'InvalidArgument', 'sort:', 'axis -1');
    expectError(() => argsort(ones([2]), 1), 'InvalidArgument', 'argsort:', 'axis 1');
    expectError(() => sort([2, 1] as never), 'NotATensor', 'sort:');
  });
});
