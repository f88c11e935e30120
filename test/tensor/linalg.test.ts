import {
  cast,
  cholesky,
  eye,
  identical,
  matmul,
  matrixTranspose,
  ones,
  type Tensor,
  type TriangularSolveOptions,
  tensor,
  toTypedArray,
  triangularSolve,
  zeros,
} from '@natgrad/tensor';
import { adopt } from '@natgrad/tensor/internal';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expectError } from '../errors.js';
import { check, pure, relaid, tensors } from './layouts.js';

/** Twice the unit roundoff u of f64, so that n·EPSILON also covers the γₙ = n·u / (1 − n·u) of the error theorems. */
const EPSILON = Number.EPSILON;

/** One matrix of a batch as rows of numbers. */
const rowsOf = (x: Tensor, which: number): number[][] => {
  const [rows, columns] = x.shape.slice(-2) as [number, number];
  const flat = toTypedArray(x);
  return Array.from({ length: rows }, (_, i) =>
    Array.from({ length: columns }, (_, j) => flat[(which * rows + i) * columns + j] as number),
  );
};

const fromRows = (rows: readonly (readonly number[])[], batch: readonly number[], n: number, columns: number): Tensor =>
  adopt(Float64Array.from(rows.flat()), 'f64', [...batch, n, columns]);

const countOf = (x: Tensor): number => x.shape.slice(0, -2).reduce((a, b) => a * b, 1);
const batches = fc.constantFrom<number[]>([], [], [2], [1, 2], [0]);
const orders = fc.integer({ min: 0, max: 6 });
/** Without tiny values: the error theorems assume that nothing underflows. */
const real = fc.double({ min: -2, max: 2, noNaN: true }).map((value) => (Math.abs(value) < 1e-6 ? 0 : value));
const frobenius = (x: Tensor): number => Math.hypot(...toTypedArray(x));

/** Lower-triangular factors; the diagonal from `diagonal`, what lies below from `below`. */
const factors = (
  below: fc.Arbitrary<number>,
  diagonal: fc.Arbitrary<number>,
  batch: fc.Arbitrary<number[]> = batches,
): fc.Arbitrary<Tensor> =>
  fc.tuple(batch, orders).chain(([axes, n]) => {
    const count = axes.reduce((a, b) => a * b, 1);
    const matrix = fc.tuple(
      ...Array.from({ length: n * n }, (_, k) => {
        const [i, j] = [Math.floor(k / n), k % n];
        return j < i ? below : j === i ? diagonal : fc.constant(0);
      }),
    );
    return fc
      .array(matrix, { minLength: count, maxLength: count })
      .map((flat) => adopt(Float64Array.from<number>(flat.flat()), 'f64', [...axes, n, n]));
  });

/** In column-major storage and with gaps: what a transposed view looks like. */
const strided = (x: Tensor): Tensor =>
  relaid(
    x,
    [...x.shape.keys()].reverse(),
    x.shape.map((_, axis) => axis % 2 === 0),
    2,
  );

const withoutNegativeZeros = (x: Tensor): Tensor =>
  adopt(
    toTypedArray(x).map((value) => value + 0),
    x.dtype,
    x.shape,
  );

const gram = (l: Tensor): Tensor => matmul(l, matrixTranspose(l));

const poisonUpper = (a: Tensor): Tensor => {
  const n = a.shape.at(-1) as number;
  return adopt(
    toTypedArray(a).map((value, k) => (k % n > Math.floor(k / n) % n ? NaN : value)),
    a.dtype,
    a.shape,
  );
};

describe('cholesky', () => {
  const reals = factors(real, fc.double({ min: 0.1, max: 2, noNaN: true }));

  it('gives whole-number factors back exactly', () =>
    // Every intermediate is a small whole number or its exact root or quotient, so nothing rounds.
    check(factors(fc.integer({ min: -3, max: 3 }), fc.integer({ min: 1, max: 4 })), (l) => {
      const a = gram(l);
      expect(identical(withoutNegativeZeros(pure([a], () => cholesky(a))), withoutNegativeZeros(l))).toBe(true);
      expect(identical(withoutNegativeZeros(cholesky(cast(a, 'f32'))), cast(withoutNegativeZeros(l), 'f32'))).toBe(
        true,
      );
    }));

  it('reconstructs: |A − L Lᵀ| is within rounding of |L| |Lᵀ|, elementwise', () =>
    check(reals, (l) => {
      const a = gram(l);
      const factor = cholesky(a);
      for (let which = 0; which < countOf(a); which += 1) {
        const [target, rows] = [rowsOf(a, which), rowsOf(factor, which)];
        const n = rows.length;
        for (let i = 0; i < n; i += 1)
          for (let j = 0; j <= i; j += 1) {
            let product = 0;
            let scale = 0;
            for (let k = 0; k < n; k += 1) {
              product += (rows[i]?.[k] as number) * (rows[j]?.[k] as number);
              scale += Math.abs((rows[i]?.[k] as number) * (rows[j]?.[k] as number));
            }
            // Theorem 10.3 of Higham bounds the factorisation by γₙ₊₁·scale; evaluating this product costs γₙ·scale more.
            expect(Math.abs((target[i]?.[j] as number) - product)).toBeLessThanOrEqual(2 * (n + 2) * EPSILON * scale);
          }
        rows.forEach((row, i) => {
          expect(row[i]).toBeGreaterThan(0);
          row.slice(i + 1).forEach((value) => expect(value).toBe(0));
        });
      }
    }));

  it('finds the factor that it was built from, up to the condition number', () =>
    check(factors(real, fc.double({ min: 0.1, max: 2, noNaN: true }), fc.constant([])), (l) => {
      const n = l.shape.at(-1) as number;
      const a = gram(l);
      const inverse = triangularSolve(l, eye(n));
      // κ(A) = κ(L)² in the 2-norm; Frobenius norms are an upper bound.
      const condition = (frobenius(l) * frobenius(inverse)) ** 2;
      // Sun's perturbation bound: ‖ΔL‖ / ‖L‖ ≤ κ(A) ‖ΔA‖ / ‖A‖ to first order, and ‖ΔA‖ ≤ c·n·ε ‖L‖², here from rounding
      // A and from factorising it. It means something only while κ·n·ε is small.
      const relative = 4 * (n + 1) * n * EPSILON * condition;
      if (relative > 0.1) return;
      const [found, expected] = [toTypedArray(cholesky(a)), toTypedArray(l)];
      const distance = Math.hypot(...found.map((value, k) => value - (expected[k] as number)));
      expect(distance).toBeLessThanOrEqual(relative * frobenius(l));
    }));

  it('reads the lower triangle only, in any storage', () =>
    check(reals, (l) => {
      const a = gram(l);
      const factor = cholesky(a);
      expect(identical(cholesky(poisonUpper(a)), factor)).toBe(true);
      expect(
        identical(
          pure([a], () => cholesky(strided(a))),
          factor,
        ),
      ).toBe(true);
    }));

  it('f32 is f64 rounded once', () =>
    check(reals, (l) => {
      const a = cast(gram(l), 'f32');
      const attempt = (x: Tensor): Tensor | string => {
        try {
          return cholesky(x);
        } catch (error) {
          return (error as { readonly code: string }).code;
        }
      };
      // Rounding A to f32 may cost it its definiteness; then both refuse it.
      const [single, double] = [attempt(a), attempt(cast(a, 'f64'))];
      if (typeof single === 'string' || typeof double === 'string') expect(single).toBe(double);
      else expect(identical(single, cast(double, 'f32'))).toBe(true);
    }));

  it('refuses every other matrix with its place and pivot, and so never returns what is not finite', () => {
    expectError(
      () =>
        cholesky(
          tensor([
            [1, 2],
            [2, 1],
          ]),
        ),
      'NotPositiveDefinite',
      'matrix of f64[2,2]',
      'pivot 1 is -3',
    );
    expectError(() => cholesky(tensor([[0]])), 'NotPositiveDefinite', 'pivot 0 is 0');
    const batch = tensor([
      [[[1]], [[2]]],
      [[[3]], [[-4]]],
    ]);
    expectError(() => cholesky(batch), 'NotPositiveDefinite', 'matrix [1,1] of f64[2,2,1,1]', 'pivot 0 is -4');
    for (const bad of [NaN, Infinity, -Infinity])
      for (const [i, j] of [
        [0, 0],
        [1, 0],
        [2, 1],
        [2, 2],
      ] as const) {
        const a = eye(3);
        const flat = toTypedArray(a);
        flat[i * 3 + j] = bad;
        expectError(() => cholesky(adopt(flat, 'f64', [3, 3])), 'NotPositiveDefinite', `pivot ${i}`);
      }
  });

  it('refuses what is not square or not a float', () => {
    expectError(() => cholesky(ones([2, 3])), 'ShapeMismatch', 'f64[2,3]', '2 by 3');
    expectError(() => cholesky(ones([3])), 'ShapeMismatch', 'f64[3]', 'rank 1');
    expectError(() => cholesky(ones([])), 'ShapeMismatch', 'rank 0');
    expectError(() => cholesky(eye(2, 'i32')), 'DTypeMismatch', 'i32[2,2]', 'cast');
    expectError(() => cholesky([[1]] as never), 'NotATensor', 'cholesky:');
  });
});

describe('triangularSolve', () => {
  const systems = (below: fc.Arbitrary<number>, diagonal: fc.Arbitrary<number>, right: fc.Arbitrary<number>) =>
    fc
      .tuple(factors(below, diagonal), fc.integer({ min: 0, max: 3 }))
      .chain(([l, columns]) =>
        fc.record({
          l: fc.constant(l),
          x: tensors('f64', [...l.shape.slice(0, -1), columns], right),
          lower: fc.boolean(),
          transposed: fc.boolean(),
          unitDiagonal: fc.boolean(),
        }),
      )
      .map(({ l, x, lower, transposed, unitDiagonal }) => {
        const n = l.shape.at(-1) as number;
        const triangle = lower ? l : matrixTranspose(l);
        const flat = toTypedArray(triangle);
        const position = (k: number): number => (k % n) - (Math.floor(k / n) % n);
        // What is solved for, dense, and what is handed over: with NaN wherever the function has no business.
        const effective = adopt(
          flat.map((value, k) => (unitDiagonal && position(k) === 0 ? 1 : value)),
          'f64',
          l.shape,
        );
        const stored = adopt(
          flat.map((value, k) =>
            (lower ? position(k) > 0 : position(k) < 0) || (unitDiagonal && position(k) === 0) ? NaN : value,
          ),
          'f64',
          l.shape,
        );
        return {
          dense: transposed ? matrixTranspose(effective) : effective,
          stored,
          x,
          options: { lower, transposed, unitDiagonal } satisfies TriangularSolveOptions,
        };
      });
  const whole = systems(
    fc.integer({ min: -3, max: 3 }),
    // Dividing by powers of two is exact.
    fc.constantFrom(1, -1, 2, -4, 0.5),
    fc.integer({ min: -5, max: 5 }),
  );
  const reals = systems(real, fc.double({ min: 0.1, max: 2, noNaN: true }), real);

  it('finds whole-number solutions exactly, in every mode', () =>
    check(whole, ({ dense, stored, x, options }) => {
      const b = matmul(dense, x);
      const found = pure([stored, b], () => triangularSolve(stored, b, options));
      // A solution of 0 may come as −0, from 0 / −1.
      expect(identical(withoutNegativeZeros(found), withoutNegativeZeros(x))).toBe(true);
      expect(identical(triangularSolve(strided(stored), strided(b), options), found)).toBe(true);
    }));

  it('divides, which rounds once: a reciprocal would round twice', () => {
    // 49 · fl(1/49) is not 1 in binary64.
    expect([...toTypedArray(triangularSolve(tensor([[49]]), tensor([[49]])))]).toEqual([1]);
  });

  it('leaves a residual within rounding of |T| |x|, elementwise', () =>
    check(reals, ({ dense, stored, x: b, options }) => {
      const found = triangularSolve(stored, b, options);
      for (let which = 0; which < countOf(dense); which += 1) {
        const [matrix, solution, right] = [rowsOf(dense, which), rowsOf(found, which), rowsOf(b, which)];
        const n = matrix.length;
        right.forEach((row, i) =>
          row.forEach((target, j) => {
            let residual = target;
            let scale = 0;
            for (let k = 0; k < n; k += 1) {
              const term = (matrix[i]?.[k] as number) * (solution[k]?.[j] as number);
              residual -= term;
              scale += Math.abs(term);
            }
            // Theorem 8.5 of Higham bounds the solution's residual by γₙ·scale; evaluating it here costs γₙ₊₁·(|b| + scale)
            // more, and |b| is within rounding of scale at most.
            expect(Math.abs(residual)).toBeLessThanOrEqual(3 * (n + 1) * EPSILON * scale);
          }),
        );
      }
    }));

  it('f32 is f64 rounded once', () =>
    check(reals, ({ stored, x, options }) => {
      const [l, b] = [cast(stored, 'f32'), cast(x, 'f32')];
      const single = triangularSolve(l, b, options);
      expect(identical(single, cast(triangularSolve(cast(l, 'f64'), cast(b, 'f64'), options), 'f32'))).toBe(true);
    }));

  it('with a Cholesky factor, solves A x = b', () => {
    const a = tensor([
      [4, 2],
      [2, 10],
    ]);
    const l = cholesky(a);
    const b = tensor([[8], [22]]);
    const x = triangularSolve(l, triangularSolve(l, b), { transposed: true });
    // Every step is exact on these numbers.
    expect(identical(x, fromRows([[1], [2]], [], 2, 1))).toBe(true);
  });

  it('refuses a zero on the diagonal with its place, unless the diagonal is not read', () => {
    const l = tensor([
      [
        [1, 0],
        [5, 1],
      ],
      [
        [1, 0],
        [5, 0],
      ],
    ]);
    const b = ones([2, 2, 1]);
    expectError(() => triangularSolve(l, b), 'Singular', 'matrix [1] of l f64[2,2,2]', 'row 1');
    expectError(() => triangularSolve(tensor([[-0]]), ones([1, 0])), 'Singular', 'matrix of l f64[1,1]', 'row 0');
    expect([...toTypedArray(triangularSolve(l, b, { unitDiagonal: true }))]).toEqual([1, -4, 1, -4]);
  });

  it('lets NaN through', () => {
    expect([
      ...toTypedArray(
        triangularSolve(
          tensor([
            [NaN, 0],
            [0, 1],
          ]),
          ones([2, 1]),
        ),
      ),
    ]).toEqual([NaN, NaN]);
  });

  it('refuses what does not fit, naming both shapes', () => {
    expectError(
      () => triangularSolve(eye(2), ones([3, 1])),
      'ShapeMismatch',
      'f64[2,2]',
      'f64[3,1]',
      'order 2',
      '3 rows',
    );
    expectError(() => triangularSolve(eye(2), ones([2])), 'ShapeMismatch', 'f64[2]', 'one column');
    expectError(() => triangularSolve(ones([2, 3, 3]), ones([4, 3, 1])), 'ShapeMismatch', '[2] and [4]', 'broadcast');
    expectError(() => triangularSolve(ones([2, 3]), ones([2, 1])), 'ShapeMismatch', 'l is f64[2,3]');
    expectError(() => triangularSolve(eye(2), ones([2, 1], 'f32')), 'DTypeMismatch', 'f64[2,2]', 'f32[2,1]');
    expectError(() => triangularSolve(eye(2, 'i32'), ones([2, 1], 'i32')), 'DTypeMismatch', 'l is i32[2,2]');
    expect(triangularSolve(zeros([0, 0]), zeros([0, 2])).size).toBe(0);
  });
});
