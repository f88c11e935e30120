/** Products against three nested loops, in every combination of ranks, batches, layouts and dtypes. */
import {
  broadcastShapes,
  broadcastTo,
  cast,
  type DType,
  dot,
  eye,
  identical,
  item,
  matmul,
  matrixTranspose,
  multiply,
  promote,
  type Shape,
  scalar,
  sum,
  type Tensor,
  tensor,
  zeros,
} from '@natgrad/tensor';
import {
  arbitraryBroadcastShapes,
  arbitraryDType,
  arbitraryElement,
  arbitraryTensor,
  checkLaw,
  elementAt,
  law,
  requireElements,
} from '@natgrad/tensor/laws';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expectError } from '../errors.js';
import { check } from './layouts.js';

/** Two operands that multiply: batches that broadcast, or vectors. Up to 9 so that tiles of 4 have edges. */
const operands = (
  dtypes: fc.Arbitrary<DType> = arbitraryDType,
  elements = arbitraryElement,
): fc.Arbitrary<readonly [Tensor, Tensor]> =>
  fc
    .record({
      batches: arbitraryBroadcastShapes(2, { maxRank: 2, maxExtent: 3 }),
      rows: fc.nat(9),
      inner: fc.nat(9),
      columns: fc.nat(9),
      vectors: fc.constantFrom('none', 'none', 'left', 'right', 'both'),
      dtypes: fc.tuple(dtypes, dtypes),
    })
    .chain(({ batches: [p = [], q = []], rows, inner, columns, vectors, dtypes: [d, e] }) => {
      const left = vectors === 'left' || vectors === 'both' ? [inner] : [...p, rows, inner];
      const right = vectors === 'right' || vectors === 'both' ? [inner] : [...q, inner, columns];
      return fc.tuple(
        arbitraryTensor({ dtype: d, shape: left, elements: elements(d) }),
        arbitraryTensor({ dtype: e, shape: right, elements: elements(e) }),
      );
    });

/** The definition: vectors get an axis, which the result loses again. */
const requireProduct = (found: Tensor, x: Tensor, y: Tensor): void => {
  const met = promote(x.dtype, y.dtype);
  const dtype = met === 'bool' ? 'i32' : met;
  const [a, b] = [cast(x, met), cast(y, met)];
  const left: Shape = x.rank === 1 ? [1, ...x.shape] : x.shape;
  const right: Shape = y.rank === 1 ? [...y.shape, 1] : y.shape;
  const batch = broadcastShapes('law', left.slice(0, -2), right.slice(0, -2));
  const inner = left.at(-1) as number;
  const source = (shape: Shape, index: readonly number[]): number[] =>
    shape
      .slice(0, -2)
      .map((extent, axis) => (extent === 1 ? 0 : (index[axis + batch.length - (shape.length - 2)] as number)));
  requireElements(found, {
    dtype,
    shape: [
      ...batch,
      ...(x.rank === 1 ? [] : [left.at(-2) as number]),
      ...(y.rank === 1 ? [] : [right.at(-1) as number]),
    ],
    at: (index) => {
      const outer = index.slice(0, batch.length);
      const rest = index.slice(batch.length);
      const i = x.rank === 1 ? 0 : (rest[0] as number);
      const j = y.rank === 1 ? 0 : (rest.at(-1) as number);
      const terms = Array.from({ length: inner }, (_, k): readonly [number, number] => [
        elementAt(a, x.rank === 1 ? [k] : [...source(left, outer), i, k]),
        elementAt(b, y.rank === 1 ? [k] : [...source(right, outer), k, j]),
      ]);
      if (dtype === 'i32')
        return Number(
          BigInt.asIntN(
            32,
            terms.reduce((total, [p, q]) => total + BigInt(p) * BigInt(q), 0n),
          ),
        );
      // In order and in double precision: the same bits, not only close.
      const total = terms.reduce((sum_, [p, q]) => sum_ + p * q, 0);
      return dtype === 'f32' ? Math.fround(total) : total;
    },
  });
};

describe('matmul', () => {
  it('is three nested loops, to the bit', () => {
    checkLaw(
      law('the definition', operands(), ([x, y]) => requireProduct(matmul(x, y), x, y)),
      { numRuns: 300 },
    );
  });

  it('has eye as its neutral element, and reverses under transposition', () => {
    const square = fc
      .nat(5)
      .chain((n) =>
        fc.tuple(
          arbitraryTensor({ dtype: 'f64', shape: [2, n, n], elements: fc.integer({ min: -9, max: 9 }) }),
          fc.constant(n),
        ),
      );
    check(square, ([x, n]) => {
      // Whole numbers, on which sums of products are exact. Adding 0 turns −0 into 0, as every product with eye does.
      const plain = matmul(x, eye(n));
      expect(identical(plain, matmul(eye(n), x))).toBe(true);
      expect(item(sum(multiply(plain, plain)))).toBe(item(sum(multiply(x, x))));
      expect(identical(matrixTranspose(matmul(x, x)), matmul(matrixTranspose(x), matrixTranspose(x)))).toBe(true);
    });
  });

  it('is associative on whole numbers', () => {
    const whole = { dtype: 'f64' as const, elements: fc.integer({ min: -9, max: 9 }) };
    check(
      fc.tuple(
        arbitraryTensor({ ...whole, shape: [3, 5] }),
        arbitraryTensor({ ...whole, shape: [5, 2] }),
        arbitraryTensor({ ...whole, shape: [2, 6] }),
      ),
      ([x, y, z]) => {
        expect(identical(matmul(matmul(x, y), z), matmul(x, matmul(y, z)))).toBe(true);
      },
    );
  });

  it('gives a row the same bits wherever it stands and whatever stands beside it', () => {
    const floats = operands(fc.constantFrom('f32', 'f64'));
    check(floats, ([x, y]) => {
      if (x.rank !== 2 || y.rank !== 2) return;
      const [rows, inner] = x.shape as [number, number];
      const all = matmul(x, y);
      for (let i = 0; i < rows; i += 1) {
        const row = tensor(
          Array.from({ length: inner }, (_, k) => elementAt(x, [i, k])),
          x.dtype,
        );
        const alone = matmul(row, y);
        for (let j = 0; j < alone.size; j += 1) expect(elementAt(alone, [j])).toBe(elementAt(all, [i, j]));
      }
    });
  });

  it('wraps i32 exactly', () => {
    const big = 123456789;
    const x = tensor([[big, 2 ** 31 - 1]], 'i32');
    const y = tensor([[big], [2 ** 31 - 1]], 'i32');
    expect(item(matmul(x, y))).toBe(Number(BigInt.asIntN(32, BigInt(big) ** 2n + BigInt(2 ** 31 - 1) ** 2n)));
  });

  it('of nothing is zero', () => {
    requireElements(matmul(zeros([2, 0]), zeros([0, 3])), { dtype: 'f64', shape: [2, 3], at: () => 0 });
    expect(matmul(zeros([0, 3]), zeros([3, 2])).shape).toEqual([0, 2]);
    expect(matmul(zeros([0, 2, 3]), zeros([3, 4])).shape).toEqual([0, 2, 4]);
  });

  it.each<[Shape, Shape, string]>([
    [[64, 17], [18, 64], 'matmul: f64[64,17] · f64[18,64]: inner dimensions 17 and 18 differ'],
    [[3], [4], 'matmul: f64[3] · f64[4]: inner dimensions 3 and 4 differ'],
    [[2, 3], [4], 'matmul: f64[2,3] · f64[4]: inner dimensions 3 and 4 differ'],
    [[], [4], 'matmul: f64[] · f64[4]'],
    [[], [], 'matmul: f64[] · f64[]: rank 0 does not multiply as a matrix'],
    [[2, 3, 4], [3, 4, 5], 'matmul f64[2,3,4] · f64[3,4,5]: [2] and [3] do not broadcast'],
  ])('refuses %j · %j', (p, q, message) => {
    expectError(() => matmul(zeros(p), zeros(q)), 'ShapeMismatch', message);
  });
});

describe('dot', () => {
  it('is the sum of products, a scalar', () => {
    const pairs = fc.nat(20).chain((n) => fc.tuple(...[0, 1].map(() => arbitraryTensor({ dtype: 'f64', shape: [n] }))));
    check(pairs, ([x, y]) => {
      expect(dot(x!, y!).shape).toEqual([]);
      requireProduct(dot(x!, y!), x!, y!);
    });
    expectError(
      () => dot(zeros([2, 2]), zeros([2])),
      'ShapeMismatch',
      'dot: f64[2,2] · f64[2]: both operands must be vectors',
    );
    expectError(() => dot(scalar(1), scalar(1)), 'ShapeMismatch', 'dot');
    expectError(() => dot(zeros([2]), zeros([3])), 'ShapeMismatch', 'inner dimensions 2 and 3 differ');
  });
});

it('multiplies broadcast operands without seeing that they are', () => {
  const x = tensor([
    [1, 2],
    [3, 4],
  ]);
  expect(identical(matmul(broadcastTo(x, [3, 2, 2]), x), broadcastTo(matmul(x, x), [3, 2, 2]))).toBe(true);
});
