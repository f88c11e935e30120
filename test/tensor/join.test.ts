import {
  arange,
  concatenate,
  identical,
  ones,
  pad,
  reshape,
  reverse,
  scalar,
  slice,
  stack,
  type Tensor,
  tensor,
  toNested,
  transpose,
  unstack,
  zeros,
} from '@natgrad/tensor';
import { viewOf } from '@natgrad/tensor/internal';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expectError } from '../errors.js';
import { at, check, dtypes, expectElements, pure, shapes, tensors } from './layouts.js';

/** A list of tensors of one dtype whose shapes differ along `axis` only. */
const pieces = fc
  .record({
    dtype: dtypes,
    shape: shapes(1, 3),
    extents: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 4 }),
  })
  .chain(({ dtype, shape, extents }) =>
    fc.integer({ min: -shape.length, max: shape.length - 1 }).chain((axis) =>
      fc.record({
        axis: fc.constant(axis),
        parts: fc.tuple<Tensor[]>(
          ...extents.map((extent) =>
            tensors(
              dtype,
              shape.map((each, k) => (k === (axis + shape.length) % shape.length ? extent : each)),
            ),
          ),
        ),
      }),
    ),
  );

/** A tensor and one of its axes, negative ones included. */
const withAxis = fc
  .record({ dtype: dtypes, shape: shapes(1, 3) })
  .chain(({ dtype, shape }) =>
    fc.record({ x: tensors(dtype, shape), axis: fc.integer({ min: -shape.length, max: shape.length - 1 }) }),
  );

describe('concatenate', () => {
  it('puts every element where a loop over the pieces puts it', () =>
    check(pieces, ({ axis, parts }) => {
      const first = parts[0] as Tensor;
      const along = axis < 0 ? axis + first.rank : axis;
      const source = parts.flatMap((part, which) =>
        Array.from({ length: part.shape[along] as number }, (_, local) => ({ which, local })),
      );
      const nested = parts.map((part) => toNested(part));
      const joined = pure(parts, () => concatenate(parts, axis));
      expectElements(
        joined,
        first.dtype,
        first.shape.map((extent, k) => (k === along ? source.length : extent)),
        (index) => {
          const { which, local } = source[index[along] as number] as { which: number; local: number };
          return at(
            nested[which] as never,
            index.map((i, k) => (k === along ? local : i)),
          );
        },
      );
    }));

  it('is undone by slices', () =>
    check(pieces, ({ axis, parts }) => {
      const joined = concatenate(parts, axis);
      const along = axis < 0 ? axis + joined.rank : axis;
      let start = 0;
      for (const part of parts) {
        const stop = start + (part.shape[along] as number);
        const back = slice(
          joined,
          joined.shape.map((_, k) => (k === along ? start : 0)),
          joined.shape.map((extent, k) => (k === along ? stop : extent)),
        );
        expect(identical(back, part)).toBe(true);
        start = stop;
      }
    }));

  it('joins along axis 0 unless told otherwise', () => {
    expect(toNested(concatenate([tensor([[1, 2]]), tensor([[3, 4]])]))).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });

  it('refuses what does not fit, naming both shapes', () => {
    expectError(() => concatenate([]), 'InvalidArgument', 'concatenate:', 'empty');
    expectError(() => concatenate(ones([2]) as never), 'InvalidArgument', 'concatenate([a, b])');
    expectError(() => concatenate([ones([2]), 3 as never]), 'NotATensor', 'concatenate:', 'the number 3');
    expectError(() => concatenate([scalar(1), scalar(2)]), 'ShapeMismatch', 'f64[]', 'stack');
    expectError(
      () => concatenate([ones([2, 3]), ones([2, 4])]),
      'ShapeMismatch',
      'f64[2,3]',
      'f64[2,4]',
      'extents 3 and 4 of axis 1',
    );
    expectError(() => concatenate([ones([2, 3]), ones([2])]), 'ShapeMismatch', 'f64[2,3]', 'f64[2]', 'ranks 2 and 1');
    expectError(() => concatenate([ones([2, 3]), ones([2, 3, 1])]), 'ShapeMismatch', 'ranks 2 and 3');
    expectError(() => concatenate([ones([2]), ones([2], 'f32')]), 'DTypeMismatch', 'f64[2]', 'f32[2]', 'cast');
    expectError(() => concatenate([ones([2])], 1), 'InvalidArgument', 'axis 1');
  });
});

describe('stack and unstack', () => {
  it('stack puts piece i at index i of the new axis', () =>
    check(
      fc
        .record({ dtype: dtypes, shape: shapes(0, 3), count: fc.integer({ min: 1, max: 3 }) })
        .chain(({ dtype, shape, count }) =>
          fc.record({
            axis: fc.integer({ min: -shape.length - 1, max: shape.length }),
            parts: fc.array(tensors(dtype, shape), { minLength: count, maxLength: count }),
          }),
        ),
      ({ axis, parts }) => {
        const first = parts[0] as Tensor;
        const added = axis < 0 ? axis + first.rank + 1 : axis;
        const nested = parts.map((part) => toNested(part));
        const stacked = pure(parts, () => stack(parts, axis));
        const shape = [...first.shape.slice(0, added), parts.length, ...first.shape.slice(added)];
        expectElements(stacked, first.dtype, shape, (index) =>
          at(
            nested[index[added] as number] as never,
            index.filter((_, k) => k !== added),
          ),
        );
        const back = unstack(stacked, axis);
        expect(back.length).toBe(parts.length);
        back.forEach((part, i) => expect(identical(part, parts[i] as Tensor)).toBe(true));
      },
    ));

  it('unstack gives zero-copy views, and stack puts them together again', () =>
    check(withAxis, ({ x, axis }) => {
      const parts = pure([x], () => unstack(x, axis));
      expect(parts.length).toBe(x.shape.at(axis < 0 ? axis : axis - x.rank));
      for (const part of parts) expect(viewOf(part).data).toBe(viewOf(x).data);
      if (parts.length > 0) expect(identical(stack(parts, axis), x)).toBe(true);
    }));

  it('work along axis 0 unless told otherwise', () => {
    expect(toNested(stack([scalar(1), scalar(2)]))).toEqual([1, 2]);
    expect(
      unstack(
        tensor([
          [1, 2],
          [3, 4],
        ]),
      ).map((row) => toNested(row)),
    ).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });

  it('refuse what does not fit', () => {
    expectError(() => stack([]), 'InvalidArgument', 'stack:', 'empty');
    expectError(() => stack(ones([2]) as never), 'InvalidArgument', 'stack([a, b])');
    expectError(() => stack([ones([2]), ones([3])]), 'ShapeMismatch', 'f64[2]', 'tensors[1] is f64[3]');
    expectError(() => stack([ones([2]), ones([2], 'i32')]), 'DTypeMismatch', 'i32[2]');
    expectError(() => stack([ones([2])], 2), 'InvalidArgument', 'axis 2');
    expectError(() => unstack(scalar(1)), 'InvalidArgument', 'axis 0');
    expectError(() => unstack(4 as never), 'NotATensor', 'unstack:');
  });
});

describe('pad', () => {
  const padded = fc.record({ dtype: dtypes, shape: shapes(0, 3) }).chain(({ dtype, shape }) => {
    const widths = fc.array(fc.integer({ min: 0, max: 2 }), { minLength: shape.length, maxLength: shape.length });
    const values = dtype === 'bool' ? [0, 1] : dtype === 'i32' ? [0, -7] : [0, -0, 1.5, NaN, -Infinity];
    return fc.record({ x: tensors(dtype, shape), low: widths, high: widths, value: fc.constantFrom(...values) });
  });

  it('has the tensor in the middle and the value around it', () =>
    check(padded, ({ x, low, high, value }) => {
      const nested = toNested(x);
      const result = pure([x], () => pad(x, low, high, value));
      const shape = x.shape.map((extent, k) => extent + (low[k] as number) + (high[k] as number));
      expectElements(result, x.dtype, shape, (index) => {
        const inside = index.map((i, k) => i - (low[k] as number));
        return inside.every((i, k) => i >= 0 && i < (x.shape[k] as number)) ? at(nested, inside) : value;
      });
    }));

  it('is undone by a slice', () =>
    check(padded, ({ x, low, high, value }) => {
      const back = slice(
        pad(x, low, high, value),
        low,
        low.map((width, k) => width + (x.shape[k] as number)),
      );
      expect(identical(back, x)).toBe(true);
    }));

  it('pads with 0 unless told otherwise and rounds the value to f32', () => {
    expect(toNested(pad(tensor([1]), [1], [1]))).toEqual([0, 1, 0]);
    expect(toNested(pad(zeros([0], 'f32'), [1], [0], 0.1))).toEqual([Math.fround(0.1)]);
  });

  it('refuses negative and fractional widths, a wrong count of them and values that do not fit the dtype', () => {
    expectError(() => pad(ones([2, 3]), [0, -1], [0, 0]), 'InvalidArgument', 'low[1] = -1', 'f64[2,3]', 'slice');
    expectError(() => pad(ones([2]), [0], [0.5]), 'InvalidArgument', 'high[0] = 0.5');
    expectError(() => pad(ones([2]), [0, 0], [0]), 'ShapeMismatch', 'low = [0,0]', 'f64[2]');
    expectError(() => pad(ones([2]), [0], []), 'ShapeMismatch', 'high = []');
    expectError(() => pad(ones([2], 'i32'), [1], [0], 0.5), 'DTypeMismatch', 'pad:', '0.5');
    expectError(() => pad(ones([2], 'bool'), [1], [0], 2), 'DTypeMismatch', 'pad:');
    expectError(() => pad(ones([2]), [2 ** 31], [0]), 'ShapeMismatch', 'pad:');
  });
});

describe('reverse', () => {
  const withAxes = fc
    .record({ dtype: dtypes, shape: shapes(0, 3) })
    .chain(({ dtype, shape }) =>
      fc.record({ x: tensors(dtype, shape), axes: fc.subarray(shape.map((_, axis) => axis)) }),
    );

  it('mirrors the chosen axes without a copy, and twice is the input', () =>
    check(withAxes, ({ x, axes }) => {
      const nested = toNested(x);
      const result = pure([x], () => reverse(x, axes));
      expect(viewOf(result).data).toBe(viewOf(x).data);
      expect(viewOf(result).offset).toBeGreaterThanOrEqual(0);
      expectElements(result, x.dtype, x.shape, (index) =>
        at(
          nested,
          index.map((i, k) => (axes.includes(k) ? (x.shape[k] as number) - 1 - i : i)),
        ),
      );
      expect(identical(reverse(result, axes), x)).toBe(true);
    }));

  it('commutes with transposition, takes one axis or none, counts negative axes from the end', () => {
    const x = reshape(arange(6), [2, 3]);
    expect(identical(transpose(reverse(x, 0)), reverse(transpose(x), 1))).toBe(true);
    expect(identical(reverse(x), reverse(x, [0, 1]))).toBe(true);
    expect(identical(reverse(x, -1), reverse(x, [1]))).toBe(true);
  });

  it('refuses wrong and repeated axes', () => {
    expectError(() => reverse(ones([2]), 1), 'InvalidArgument', 'reverse:', 'axis 1');
    expectError(() => reverse(ones([2]), [0, -1]), 'InvalidArgument', 'twice');
    expectError(() => reverse([1, 2] as never, 0), 'NotATensor', 'an array of length 2');
  });
});
