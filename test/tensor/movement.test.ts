/** Functions that move elements: where each one goes, the way back, and no copies where none is due. */
import {
  broadcastShapes,
  broadcastTo,
  concatenate,
  embed,
  expandDims,
  item,
  matrixTranspose,
  multiply,
  ones,
  reshape,
  type Shape,
  scalar,
  slice,
  squeeze,
  sum,
  type Tensor,
  tensor,
  toNested,
  transpose,
  zeros,
} from '@natgrad/tensor';
import { viewOf } from '@natgrad/tensor/internal';
import {
  arbitraryBroadcastShapes,
  arbitraryShape,
  arbitraryTensor,
  broadcastLaws,
  elementAt,
  isomorphismLaws,
  monoidLaws,
  requireElements,
} from '@natgrad/tensor/laws';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expectError } from '../errors.js';
import { check, itHolds } from './layouts.js';

const sharesStorage = (x: Tensor, y: Tensor): boolean => viewOf(x).data === viewOf(y).data;
const product = (shape: Shape): number => shape.reduce((size, extent) => size * extent, 1);

describe('broadcastShapes', () => {
  itHolds(
    broadcastLaws('broadcastShapes', (x, y) => broadcastShapes('law', x, y)),
    300,
  );
});

describe('broadcastTo', () => {
  it('repeats elements along stretched and added axes, without a copy', () => {
    const operands = arbitraryBroadcastShapes(2).chain(([from = [], other = []]) =>
      fc.tuple(arbitraryTensor({ shape: from }), fc.constant(broadcastShapes('law', from, other))),
    );
    check(operands, ([x, shape]) => {
      const y = broadcastTo(x, shape);
      const missing = shape.length - x.rank;
      requireElements(y, {
        dtype: x.dtype,
        shape,
        at: (index) =>
          elementAt(
            x,
            x.shape.map((extent, axis) => (extent === 1 ? 0 : (index[axis + missing] as number))),
          ),
      });
      expect(sharesStorage(x, y)).toBe(true);
    });
  });

  it.each<[Shape, Shape]>([
    [[3], [2]],
    [[2, 3], [3]],
    [[2], [0]],
    [
      [2, 1],
      [3, 3],
    ],
  ])('refuses %j to %j', (from, to) => {
    expectError(
      () => broadcastTo(zeros(from), to),
      'ShapeMismatch',
      `broadcastTo: [${from.join(',')}] does not broadcast to [${to.join(',')}]`,
    );
  });
});

describe('reshape', () => {
  itHolds(
    isomorphismLaws({
      name: 'reshape',
      there: ({ x, shape }) => ({ x: reshape(x, [product(shape)]), shape }),
      back: ({ x, shape }) => ({ x: reshape(x, shape), shape }),
      values: arbitraryTensor().map((x) => ({ x, shape: x.shape })),
    }),
  );

  it('keeps the row-major order and works one extent out', () => {
    const cases = fc
      .tuple(fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 3 }), fc.nat(2))
      .chain(([shape, free]) =>
        fc.tuple(
          arbitraryTensor({ shape }),
          fc.shuffledSubarray(shape, { minLength: shape.length }),
          fc.constant(free),
        ),
      );
    check(cases, ([x, shape, free]) => {
      const y = reshape(
        x,
        shape.map((extent, axis) => (axis === free ? -1 : extent)),
      );
      expect(y.shape).toEqual(shape);
      expect((toNested(reshape(y, [-1])) as number[]).map(Number)).toEqual(
        (toNested(reshape(x, [x.size])) as number[]).map(Number),
      );
      if (x.size > 0) expect(reshape(x, [-1, x.size]).shape).toEqual([1, x.size]);
    });
  });

  it('copies only when strides force it to', () => {
    const x = ones([2, 3]);
    expect(sharesStorage(x, reshape(x, [3, 2]))).toBe(true);
    expect(sharesStorage(x, reshape(transpose(x), [6]))).toBe(false);
  });

  it.each<[Shape, Shape, string]>([
    [[6], [4, -1], 'f64[6] does not fill [4,-1]'],
    [[6], [-1, -1], 'f64[6] does not fill [-1,-1]'],
    [[6], [2, 2], 'f64[6] has 6 elements, [2,2] has 4'],
    [[6], [-2, -3], '[-2,-3]'],
    [[2, 3], [-1, 0], 'f64[2,3] has 6 elements, [-1,0] has 0'],
    [[6], [1.5, 4], '[1.5,4]'],
  ])('refuses %j as %j', (from, to, message) => {
    expectError(() => reshape(zeros(from), to), 'ShapeMismatch', 'reshape: ', message);
  });
});

const withPermutation = arbitraryTensor({ shape: arbitraryShape({ maxRank: 4, maxExtent: 3 }) }).chain((x) =>
  fc.tuple(
    fc.constant(x),
    fc.shuffledSubarray(
      x.shape.map((_, axis) => axis),
      { minLength: x.rank },
    ),
  ),
);

describe('transpose', () => {
  it('moves the element at an index to the permuted index, without a copy', () => {
    check(withPermutation, ([x, permutation]) => {
      const y = transpose(x, permutation);
      requireElements(y, {
        dtype: x.dtype,
        shape: permutation.map((axis) => x.shape[axis] as number),
        at: (index) => {
          const from = new Array<number>(x.rank);
          permutation.forEach((axis, k) => (from[axis] = index[k] as number));
          return elementAt(x, from);
        },
      });
      expect(sharesStorage(x, y)).toBe(true);
    });
  });

  itHolds(
    isomorphismLaws({
      name: 'a permutation and its inverse',
      there: ([x, permutation]) => [transpose(x, permutation), permutation] as const,
      back: ([y, permutation]): [Tensor, number[]] => [
        transpose(
          y,
          permutation.map((_, axis) => permutation.indexOf(axis)),
        ),
        permutation,
      ],
      values: withPermutation,
    }),
  );

  it('reverses the axes without a permutation, and the last two for matrices', () => {
    check(arbitraryTensor(), (x) => {
      requireElements(transpose(x), {
        dtype: x.dtype,
        shape: [...x.shape].reverse(),
        at: (index) => elementAt(x, [...index].reverse()),
      });
      if (x.rank < 2) {
        expectError(() => matrixTranspose(x), 'ShapeMismatch', 'matrixTranspose');
        return;
      }
      const swap = <T>(list: readonly T[]): readonly T[] => [...list.slice(0, -2), ...list.slice(-2).reverse()];
      requireElements(matrixTranspose(x), {
        dtype: x.dtype,
        shape: swap(x.shape),
        at: (index) => elementAt(x, swap(index)),
      });
    });
    expect(toNested(transpose(tensor([[1, 2]]), [-1, 0]))).toEqual([[1], [2]]);
  });

  it.each([[[0]], [[0, 0]], [[0, 1, 2]]])('refuses the permutation %j', (permutation) => {
    expectError(() => transpose(zeros([2, 3]), permutation), 'InvalidArgument', 'transpose', '[2,3]');
  });
});

/** A tensor, and a box with steps inside it. */
const withBox = arbitraryTensor().chain((x) =>
  fc
    .tuple(...x.shape.map((extent) => fc.tuple(fc.nat(extent), fc.nat(extent), fc.integer({ min: 1, max: 3 }))))
    .map((sides) => ({
      x,
      start: sides.map(([p, q]) => Math.min(p, q)),
      stop: sides.map(([p, q]) => Math.max(p, q)),
      step: sides.map(([, , each]) => each),
    })),
);

describe('slice', () => {
  it('takes every step-th element of the box, without a copy', () => {
    check(withBox, ({ x, start, stop, step }) => {
      const y = slice(x, start, stop, step);
      const along = (axis: number): number[] =>
        Array.from({ length: x.shape[axis] as number }, (_, i) => i).filter(
          (i) =>
            i >= (start[axis] as number) &&
            i < (stop[axis] as number) &&
            (i - (start[axis] as number)) % (step[axis] as number) === 0,
        );
      requireElements(y, {
        dtype: x.dtype,
        shape: x.shape.map((_, axis) => along(axis).length),
        at: (index) =>
          elementAt(
            x,
            index.map((i, axis) => along(axis)[i] as number),
          ),
      });
      expect(sharesStorage(x, y)).toBe(true);
    });
  });

  it('cuts what concatenate joins again', () => {
    const cut = arbitraryTensor({ shape: arbitraryShape({ minRank: 1 }) }).chain((x) =>
      fc.nat(x.rank - 1).chain((axis) => fc.tuple(fc.constant(x), fc.constant(axis), fc.nat(x.shape[axis] as number))),
    );
    check(cut, ([x, axis, at]) => {
      const edge = (value: number): number[] => x.shape.map((extent, k) => (k === axis ? value : extent));
      const origin = x.shape.map(() => 0);
      const low = slice(x, origin, edge(at));
      const high = slice(
        x,
        origin.map((_, k) => (k === axis ? at : 0)),
        x.shape,
      );
      requireElements(concatenate([low, high], axis), {
        dtype: x.dtype,
        shape: x.shape,
        at: (index) => elementAt(x, index),
      });
    });
  });

  it('composes: a slice of a slice is a slice', () => {
    check(
      fc.tuple(fc.nat(5), fc.nat(5), fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
      ([a, b, p, q]) => {
        const x = tensor(Array.from({ length: 40 }, (_, i) => i));
        const outer = slice(x, [a], [40], [p]);
        const inner = slice(outer, [b], [outer.size], [q]);
        const start = a + b * p;
        expect(toNested(inner)).toEqual(toNested(slice(x, [start], [40], [p * q])));
      },
    );
  });

  it.each([
    [[0], [2], undefined, 'start, stop and step have 1, 1, 1 entries'],
    [[0, 0], [3, 3], undefined, 'axis 0'],
    [[0, -1], [2, 3], undefined, 'axis 1'],
    [[0, 2], [2, 1], undefined, 'axis 1'],
    [[0, 0], [2, 3], [1, 0], 'axis 1'],
    [[0, 0.5], [2, 3], undefined, 'axis 1'],
    [[0, NaN], [2, 3], undefined, 'axis 1'],
  ])('refuses %j to %j step %j', (start, stop, step, message) => {
    expectError(() => slice(zeros([2, 3]), start, stop, step), 'InvalidArgument', 'slice: ', 'f64[2,3]', message);
  });
});

describe('embed', () => {
  it('puts the elements where slice finds them, and zeros elsewhere', () => {
    check(withBox, ({ x, start, stop, step }) => {
      const box = slice(x, start, stop, step);
      const y = embed(box, x.shape, start, step);
      const inside = (index: readonly number[]): boolean =>
        index.every(
          (i, axis) =>
            i >= (start[axis] as number) &&
            i < (stop[axis] as number) &&
            (i - (start[axis] as number)) % (step[axis] as number) === 0,
        );
      requireElements(y, { dtype: x.dtype, shape: x.shape, at: (index) => (inside(index) ? elementAt(x, index) : 0) });
    });
  });

  it('is the adjoint of slice: ⟨slice x, y⟩ = ⟨x, embed y⟩', () => {
    const small = fc.integer({ min: -9, max: 9 });
    const cases = withBox.chain(({ x, start, stop, step }) =>
      fc.tuple(
        arbitraryTensor({ dtype: 'f64', shape: x.shape, elements: small }),
        arbitraryTensor({ dtype: 'f64', shape: slice(x, start, stop, step).shape, elements: small }),
        fc.constant({ start, stop, step }),
      ),
    );
    check(cases, ([x, y, { start, stop, step }]) => {
      // Small whole numbers: both sides are exact.
      expect(item(sum(multiply(slice(x, start, stop, step), y)))).toBe(
        item(sum(multiply(x, embed(y, x.shape, start, step)))),
      );
    });
  });

  it.each([
    [[2], [3], [2], [1]],
    [[2], [3], [0], [3]],
    [[2], [3, 3], [0, 0], [1, 1]],
    [[], [2], [0], [1]],
  ])('refuses %j in %j from %j step %j', (from, shape, start, step) => {
    expect(() => embed(zeros(from), shape, start, step)).toThrow(/^embed: /);
  });
});

describe('axes of extent 1', () => {
  it('expandDims adds one, squeeze takes it away again', () => {
    const cases = arbitraryTensor().chain((x) =>
      fc.tuple(fc.constant(x), fc.integer({ min: -x.rank - 1, max: x.rank })),
    );
    check(cases, ([x, axis]) => {
      const y = expandDims(x, axis);
      const at = axis < 0 ? axis + x.rank + 1 : axis;
      requireElements(y, {
        dtype: x.dtype,
        shape: [...x.shape.slice(0, at), 1, ...x.shape.slice(at)],
        at: (index) =>
          elementAt(
            x,
            index.filter((_, k) => k !== at),
          ),
      });
      requireElements(squeeze(y, axis), { dtype: x.dtype, shape: x.shape, at: (index) => elementAt(x, index) });
      expect(squeeze(x).shape).toEqual(x.shape.filter((extent) => extent !== 1));
    });
  });

  it('refuses axes that there are not, or that are longer', () => {
    expectError(() => expandDims(zeros([2]), 2), 'InvalidArgument', 'expandDims: axis 2');
    expectError(() => expandDims(zeros([2]), -3), 'InvalidArgument', 'expandDims: axis -3');
    expectError(() => squeeze(zeros([2, 1]), 0), 'ShapeMismatch', 'squeeze: axis 0 of f64[2,1] has extent 2');
    expectError(() => squeeze(scalar(1), 0), 'InvalidArgument', 'squeeze: axis 0');
  });
});

describe('concatenation', () => {
  itHolds(
    monoidLaws({
      name: 'concatenate',
      concat: (x, y) => concatenate([x, y], 1),
      empty: zeros([2, 0]),
      values: fc.nat(3).chain((n) => arbitraryTensor({ dtype: 'f64', shape: [2, n] })),
    }),
  );
});
