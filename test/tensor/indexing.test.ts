import {
  type DType,
  gather,
  identical,
  oneHot,
  ones,
  scalar,
  scatterAdd,
  scatterAddAlong,
  type Tensor,
  takeAlong,
  tensor,
  toNested,
  toTypedArray,
  zeros,
} from '@natgrad/tensor';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expectError } from '../errors.js';
import { at, check, dtypes, expectElements, indicesOf, pure, shapes, tensors } from './layouts.js';

const small = fc.integer({ min: -9, max: 9 });
const numeric: fc.Arbitrary<DType> = fc.constantFrom('i32', 'f32', 'f64');

interface Case {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly axis: number;
  /** The same axis, counted from 0. */
  readonly along: number;
}

const cases = (dtype: fc.Arbitrary<DType>): fc.Arbitrary<Case> =>
  fc.record({ dtype, shape: shapes(1, 3) }).chain(({ dtype: d, shape }) =>
    fc.integer({ min: -shape.length, max: shape.length - 1 }).map((axis) => ({
      dtype: d,
      shape,
      axis,
      along: axis < 0 ? axis + shape.length : axis,
    })),
  );

/** Indices of a shape that are valid for an extent; an extent of 0 has none, so that the shape must be empty. */
const indicesFor = (shape: readonly number[], extent: number): fc.Arbitrary<Tensor> =>
  tensors('i32', extent === 0 ? [0, ...shape.slice(1)] : shape, fc.integer({ min: 0, max: Math.max(0, extent - 1) }));

/** Operands of gather and scatterAdd: whole slices. */
const wholeSlices = (dtype: fc.Arbitrary<DType>, values?: fc.Arbitrary<number>) =>
  cases(dtype).chain(({ dtype: d, shape, axis, along }) =>
    shapes(0, 2)
      .chain((ofIndices) => indicesFor(ofIndices, shape[along] as number))
      .chain((indices) => {
        const result = [...shape.slice(0, along), ...indices.shape, ...shape.slice(along + 1)];
        return fc.record({
          x: tensors(d, shape, values),
          updates: tensors(d, result, values),
          indices: fc.constant(indices),
          axis: fc.constant(axis),
          along: fc.constant(along),
        });
      }),
  );

/** Operands of takeAlong and scatterAddAlong: single elements. */
const singleElements = (dtype: fc.Arbitrary<DType>, values?: fc.Arbitrary<number>) =>
  fc.tuple(cases(dtype), fc.integer({ min: 0, max: 4 })).chain(([{ dtype: d, shape, axis, along }, asked]) => {
    const extent = shape[along] as number;
    const result = shape.map((each, k) => (k === along ? (extent === 0 ? 0 : asked) : each));
    return fc.record({
      x: tensors(d, shape, values),
      updates: tensors(d, result, values),
      indices: tensors('i32', result, fc.integer({ min: 0, max: Math.max(0, extent - 1) })),
      axis: fc.constant(axis),
      along: fc.constant(along),
    });
  });

/** Exact for the whole numbers that the adjoint laws use. */
const inner = (a: Tensor, b: Tensor): number => {
  const y = toTypedArray(b);
  // `+ 0` turns the −0 of products like −3 · 0 into 0.
  return [...toTypedArray(a)].reduce((sum, value, k) => sum + value * (y[k] as number), 0) + 0;
};

/** Sums by a loop over `updates` in row-major order, rounded to the dtype after each addition. */
const sums = (target: Tensor, updates: Tensor, place: (index: number[]) => number[]) => {
  const nested = toNested(target);
  const added = toNested(updates);
  const table = new Map(indicesOf(target.shape).map((index) => [index.join(), at(nested, index)]));
  const round =
    target.dtype === 'f32'
      ? Math.fround
      : target.dtype === 'i32'
        ? (value: number) => value | 0
        : (value: number) => value;
  for (const index of indicesOf(updates.shape)) {
    const key = place(index).join();
    table.set(key, round((table.get(key) as number) + at(added, index)));
  }
  return (index: number[]): number => table.get(index.join()) as number;
};

describe('gather', () => {
  it('is x[…, indices, …] by loops', () =>
    check(wholeSlices(dtypes), ({ x, indices, axis, along, updates }) => {
      const nested = toNested(x);
      const chosen = toNested(indices);
      const result = pure([x, indices], () => gather(x, indices, axis));
      expectElements(result, x.dtype, updates.shape, (index) =>
        at(nested, [
          ...index.slice(0, along),
          at(chosen, index.slice(along, along + indices.rank)),
          ...index.slice(along + indices.rank),
        ]),
      );
    }));

  it('works along axis 0 unless told otherwise, drops the axis for rank-0 indices', () => {
    const x = tensor([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
    expect(toNested(gather(x, tensor([2, 2], 'i32')))).toEqual([
      [5, 6],
      [5, 6],
    ]);
    expect(toNested(gather(x, scalar(1, 'i32'), -1))).toEqual([2, 4, 6]);
  });

  it('names the first index out of range by value and position', () => {
    const x = ones([5, 3]);
    expectError(
      () =>
        gather(
          x,
          tensor(
            [
              [0, 1],
              [5, 9],
            ],
            'i32',
          ),
        ),
      'OutOfRange',
      'index 5 at position [1,0]',
      'i32[2,2]',
      '[0, 5)',
      'axis 0 of f64[5,3]',
    );
    expectError(() => gather(x, tensor([0, -1], 'i32'), 1), 'OutOfRange', 'index -1 at position [1]', 'negative');
    expectError(() => gather(x, scalar(7, 'i32')), 'OutOfRange', 'position []');
    expectError(() => gather(zeros([0, 3]), tensor([0], 'i32')), 'OutOfRange', '[0, 0)');
    // Nothing would be read here, and the index is wrong all the same.
    expectError(() => gather(zeros([2, 0]), tensor([2], 'i32')), 'OutOfRange', 'index 2');
  });

  it('refuses indices that are not i32, wrong axes and things that are not tensors', () => {
    expectError(() => gather(ones([2]), tensor([0])), 'DTypeMismatch', 'f64[1]', "cast(indices, 'i32')");
    expectError(() => gather(ones([2]), tensor([true])), 'DTypeMismatch', 'bool[1]');
    expectError(() => gather(ones([2]), tensor([0], 'i32'), 1), 'InvalidArgument', 'axis 1');
    expectError(() => gather(scalar(1), tensor([0], 'i32')), 'InvalidArgument', 'axis 0');
    expectError(() => gather(ones([2]), [0] as never), 'NotATensor', 'gather:');
  });
});

describe('scatterAdd', () => {
  it('adds the slices one after the other, by loops', () =>
    check(wholeSlices(numeric), ({ x, indices, updates, axis, along }) => {
      const chosen = toNested(indices);
      const result = pure([x, indices, updates], () => scatterAdd(x, indices, updates, axis));
      const place = (index: number[]): number[] => [
        ...index.slice(0, along),
        at(chosen, index.slice(along, along + indices.rank)),
        ...index.slice(along + indices.rank),
      ];
      expectElements(result, x.dtype, x.shape, sums(x, updates, place));
    }));

  it('is the adjoint of gather: ⟨gather x, u⟩ = ⟨x, scatterAdd 0 u⟩', () =>
    check(wholeSlices(numeric, small), ({ x, indices, updates, axis }) => {
      const back = scatterAdd(zeros(x.shape, x.dtype), indices, updates, axis);
      expect(inner(gather(x, indices, axis), updates)).toBe(inner(x, back));
    }));

  it('adds repeated indices in order: bits are defined', () => {
    const indices = tensor([0, 0, 0], 'i32');
    // (0 + 1e16) + 1 loses the 1 twice; starting from the ones it would not.
    expect(toNested(scatterAdd(zeros([1]), indices, tensor([1e16, 1, 1])))).toEqual([1e16]);
    expect(toNested(scatterAdd(zeros([1]), indices, tensor([1, 1, 1e16])))).toEqual([1e16 + 2]);
    expect(toNested(scatterAdd(zeros([1], 'f32'), indices, tensor([2 ** 24, 1, 1], 'f32')))).toEqual([2 ** 24]);
    expect(toNested(scatterAdd(tensor([2 ** 31 - 1], 'i32'), tensor([0], 'i32'), tensor([1], 'i32')))).toEqual([
      -(2 ** 31),
    ]);
  });

  it('refuses bool, mixed dtypes, wrong shapes and wrong indices', () => {
    const indices = tensor([0, 1], 'i32');
    expectError(() => scatterAdd(ones([2], 'bool'), indices, ones([2], 'bool')), 'DTypeMismatch', 'bool[2]', 'i32');
    expectError(() => scatterAdd(ones([2]), indices, ones([2], 'f32')), 'DTypeMismatch', 'f64[2]', 'f32[2]');
    expectError(
      () => scatterAdd(ones([3, 4]), indices, ones([4, 2])),
      'ShapeMismatch',
      'f64[3,4]',
      '[2,4]',
      'f64[4,2]',
    );
    expectError(
      () => scatterAdd(ones([1]), indices, ones([2])),
      'OutOfRange',
      'scatterAdd:',
      'index 1 at position [1]',
    );
    expectError(() => scatterAdd(ones([2]), ones([2]), ones([2])), 'DTypeMismatch', 'indices');
  });
});

describe('takeAlong', () => {
  it('is x[…, indices[…, j, …], …] by loops', () =>
    check(singleElements(dtypes), ({ x, indices, axis, along }) => {
      const nested = toNested(x);
      const chosen = toNested(indices);
      const result = pure([x, indices], () => takeAlong(x, indices, axis));
      expectElements(result, x.dtype, indices.shape, (index) =>
        at(
          nested,
          index.map((i, k) => (k === along ? at(chosen, index) : i)),
        ),
      );
    }));

  it('refuses other extents, ranks and indices', () => {
    expectError(
      () => takeAlong(ones([2, 3]), zeros([3, 1], 'i32'), 1),
      'ShapeMismatch',
      'f64[2,3]',
      'i32[3,1]',
      'axis 1',
    );
    expectError(() => takeAlong(ones([2, 3]), zeros([2], 'i32'), 1), 'ShapeMismatch', 'i32[2]');
    expectError(() => takeAlong(ones([2, 3]), zeros([1, 1], 'i32'), 1), 'ShapeMismatch', 'i32[1,1]');
    expectError(
      () => takeAlong(ones([2, 3]), tensor([[0], [3]], 'i32'), 1),
      'OutOfRange',
      'index 3 at position [1,0]',
      '[0, 3)',
    );
    expectError(() => takeAlong(ones([2, 3]), tensor([[0], [-1]], 'i32'), 1), 'OutOfRange', 'negative');
    expectError(() => takeAlong(ones([2, 3]), zeros([2, 1]), 1), 'DTypeMismatch', 'f64[2,1]');
  });
});

describe('scatterAddAlong', () => {
  it('adds the elements one after the other, by loops', () =>
    check(singleElements(numeric), ({ x, indices, updates, axis, along }) => {
      const chosen = toNested(indices);
      const result = pure([x, indices, updates], () => scatterAddAlong(x, indices, updates, axis));
      const place = (index: number[]): number[] => index.map((i, k) => (k === along ? at(chosen, index) : i));
      expectElements(result, x.dtype, x.shape, sums(x, updates, place));
    }));

  it('is the adjoint of takeAlong', () =>
    check(singleElements(numeric, small), ({ x, indices, updates, axis }) => {
      const back = scatterAddAlong(zeros(x.shape, x.dtype), indices, updates, axis);
      expect(inner(takeAlong(x, indices, axis), updates)).toBe(inner(x, back));
    }));

  it('refuses what scatterAdd and takeAlong refuse', () => {
    const indices = tensor([[0], [1]], 'i32');
    expectError(() => scatterAddAlong(ones([2, 3]), indices, ones([2, 2]), 1), 'ShapeMismatch', '[2,1]', 'f64[2,2]');
    expectError(
      () => scatterAddAlong(ones([2, 3], 'bool'), indices, ones([2, 1], 'bool'), 1),
      'DTypeMismatch',
      'bool[2,3]',
    );
    expectError(() => scatterAddAlong(ones([2, 1]), indices, ones([2, 1]), 1), 'OutOfRange', 'position [1,0]');
    expectError(() => scatterAddAlong(ones([3, 3]), indices, ones([2, 1]), 1), 'ShapeMismatch', 'f64[3,3]');
  });
});

describe('oneHot', () => {
  it('is 1 exactly where the last index equals the entry', () =>
    check(
      fc
        .record({ shape: shapes(0, 3), depth: fc.integer({ min: 1, max: 4 }), dtype: dtypes })
        .chain(({ shape, depth, dtype }) =>
          fc.record({ indices: indicesFor(shape, depth), depth: fc.constant(depth), dtype: fc.constant(dtype) }),
        ),
      ({ indices, depth, dtype }) => {
        const chosen = toNested(indices);
        const result = pure([indices], () => oneHot(indices, depth, dtype));
        expectElements(result, dtype, [...indices.shape, depth], (index) =>
          at(chosen, index.slice(0, -1)) === index.at(-1) ? 1 : 0,
        );
      },
    ));

  it('is a row of the identity, f64 unless told otherwise, and may be empty', () => {
    expect(
      identical(
        oneHot(tensor([0, 1, 2], 'i32'), 3),
        tensor([
          [1, 0, 0],
          [0, 1, 0],
          [0, 0, 1],
        ]),
      ),
    ).toBe(true);
    expect([...oneHot(zeros([0], 'i32'), 0).shape]).toEqual([0, 0]);
  });

  it('refuses indices out of range and depths that are no count', () => {
    expectError(() => oneHot(tensor([0, 3], 'i32'), 3), 'OutOfRange', 'index 3 at position [1]', '[0, 3)', 'depth');
    expectError(() => oneHot(tensor([-1], 'i32'), 3), 'OutOfRange', 'negative');
    expectError(() => oneHot(tensor([0], 'i32'), 0), 'OutOfRange', '[0, 0)');
    expectError(() => oneHot(tensor([0], 'i32'), 1.5), 'InvalidArgument', 'depth 1.5');
    expectError(() => oneHot(tensor([0], 'i32'), -1), 'InvalidArgument', 'depth -1');
    expectError(() => oneHot(tensor([0]), 2), 'DTypeMismatch', 'f64[1]');
  });
});
