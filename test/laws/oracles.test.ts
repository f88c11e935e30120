/** Derivatives against formulas: what the transforms compute in different ways shares machinery, a formula does not. */
import {
  add,
  exp,
  grad,
  hessian,
  hvp,
  jacfwd,
  jacrev,
  jvp,
  linearize,
  logsumexp,
  matmul,
  multiply,
  sin,
  slice,
  square,
  squeeze,
  subtract,
  sum,
  vjp,
  vmap,
} from '@natgrad/autodiff';
import { lawRuns } from '@natgrad/autodiff/laws';
import * as reference from '@natgrad/tensor';
import {
  item,
  key,
  matrixTranspose,
  normal,
  reshape,
  type Scalar,
  scalar,
  split,
  type Tensor,
  tensor,
  toTypedArray,
  zeros,
} from '@natgrad/tensor';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

/** Formula and derivative are each some tens of roundings of numbers up to `scale`: 1e−11 is ten thousand roundings. */
const close = (actual: Tensor, expected: Tensor): void => {
  expect(actual.shape).toEqual(expected.shape);
  const [a, b] = [Array.from(toTypedArray(actual)), Array.from(toTypedArray(expected))];
  const scale = Math.max(1, ...b.map(Math.abs));
  a.forEach((x, i) => expect(Math.abs(x - (b[i] as number))).toBeLessThanOrEqual(1e-11 * scale));
};

/** Runs a check for random sizes and keys. */
const forAll = (check: (n: number, sample: (...shape: number[]) => Tensor) => void): void => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), fc.nat(1000), (n, seed) => {
      const keys = split(key(seed), 8);
      let next = 0;
      check(n, (...shape) => {
        next += 1;
        return normal(keys[next - 1] as ReturnType<typeof key>, shape);
      });
    }),
    { numRuns: lawRuns(25) },
  );
};

const hessianOf = (f: (x: Tensor) => Scalar, x: Tensor): Tensor => hessian(f)(x);

describe('quadratic form ½ xᵀA x + bᵀx', () => {
  test('gradient ½(A + Aᵀ)x + b, Hessian ½(A + Aᵀ), products H·v; nothing of third order', () =>
    forAll((n, sample) => {
      const [a, b, x, v] = [sample(n, n), sample(n), sample(n), sample(n)];
      const f = (y: Tensor): Scalar => add(multiply(sum(multiply(y, matmul(a, y))), 0.5), sum(multiply(b, y)));
      const symmetric = reference.multiply(reference.add(a, matrixTranspose(a)), 0.5);
      close(grad(f)(x), reference.add(reference.matmul(symmetric, x), b));
      close(hessianOf(f, x), symmetric);
      close(hvp(f, x, v), reference.matmul(symmetric, v));
      close(linearize(grad(f), x).apply(v), reference.matmul(symmetric, v));
      close(linearize(grad(f), x).transpose(v), reference.matmul(symmetric, v));
      close(jvp((y: Tensor) => hvp(f, y, v), x, v).tangent, zeros([n]));
    }));
});

describe('log Σ eˣ', () => {
  test('gradient p = softmax(x), Hessian diag(p) − p pᵀ, third derivative Σ pᵢ(vᵢ − v̄)³', () =>
    forAll((n, sample) => {
      const [x, v] = [sample(n), sample(n)];
      const weights = reference.exp(x);
      const p = reference.divide(weights, reference.sum(weights));
      const column = reshape(p, [n, 1]);
      const f = (y: Tensor): Scalar => logsumexp(y);
      close(grad(f)(x), p);
      close(
        hessianOf(f, x),
        reference.subtract(reference.multiply(reference.eye(n), p), reference.matmul(column, matrixTranspose(column))),
      );
      const centred = reference.subtract(v, reference.sum(reference.multiply(p, v)));
      close(hvp(f, x, v), reference.multiply(p, centred));
      const third = jvp((y: Tensor) => sum(multiply(hvp(f, y, v), v)), x, v).tangent;
      close(third, reference.sum(reference.multiply(p, reference.multiply(centred, reference.square(centred)))));
    }));
});

describe('Rosenbrock Σ 100(xᵢ₊₁ − xᵢ²)² + (1 − xᵢ)²', () => {
  const rosenbrock = (x: Tensor): Scalar => {
    const n = x.shape[0] as number;
    const [head, tail] = [slice(x, [0], [n - 1]), slice(x, [1], [n])];
    return sum(add(multiply(square(subtract(tail, square(head))), 100), square(subtract(1, head))));
  };

  /** The textbook formulas, element by element. */
  const formulas = (x: ArrayLike<number>): { readonly gradient: number[]; readonly hessian: number[][] } => {
    const n = x.length;
    const gradient = new Array<number>(n).fill(0);
    const hessian = gradient.map(() => new Array<number>(n).fill(0));
    for (let i = 0; i + 1 < n; i += 1) {
      const [a, b] = [x[i] as number, x[i + 1] as number];
      gradient[i] = (gradient[i] as number) - 400 * a * (b - a * a) - 2 * (1 - a);
      gradient[i + 1] = (gradient[i + 1] as number) + 200 * (b - a * a);
      const [row, below] = [hessian[i] as number[], hessian[i + 1] as number[]];
      row[i] = (row[i] as number) + 1200 * a * a - 400 * b + 2;
      row[i + 1] = (row[i + 1] as number) - 400 * a;
      below[i] = (below[i] as number) - 400 * a;
      below[i + 1] = (below[i + 1] as number) + 200;
    }
    return { gradient, hessian };
  };

  test('gradient, Hessian and Hessian-vector products', () =>
    forAll((n, sample) => {
      const [x, v] = [sample(n + 1), sample(n + 1)];
      const { gradient, hessian: matrix } = formulas(toTypedArray(x));
      close(grad(rosenbrock)(x), tensor(gradient));
      close(hessianOf(rosenbrock, x), tensor(matrix));
      close(hvp(rosenbrock, x, v), reference.matmul(tensor(matrix), v));
    }));

  test('the minimum is where it should be', () => {
    close(grad(rosenbrock)(tensor([1, 1, 1])), zeros([3]));
  });
});

describe('Jacobians', () => {
  test('of A x: A in both modes; of x eˣ: diagonal', () =>
    forAll((n, sample) => {
      const [a, x] = [sample(n + 1, n), sample(n)];
      for (const jacobian of [jacfwd, jacrev]) {
        close(jacobian((y: Tensor) => matmul(a, y))(x), a);
        const slope = reference.multiply(reference.add(x, 1), reference.exp(x));
        close(jacobian((y: Tensor) => multiply(y, exp(y)))(x), reference.multiply(reference.eye(n), slope));
      }
    }));
});

describe('nested derivatives do not mix their variables', () => {
  const derivative =
    (f: (x: Scalar) => Scalar) =>
    (x: Scalar): Scalar =>
      jvp(f, x, scalar(1)).tangent;
  const modes: readonly (readonly [string, (f: (x: Scalar) => Scalar) => (x: Scalar) => Scalar])[] = [
    ['jvp', derivative],
    ['grad', (f) => grad(f)],
    ['vjp', (f) => (x) => vjp(f, x).pullback(scalar(1))],
    ['linearize', (f) => (x) => linearize(f, x).apply(scalar(1))],
    ['vmap of grad', (f) => (x) => squeeze(vmap((y: Scalar) => grad(f)(y))(broadcast(x)), 0) as Scalar],
  ];
  const broadcast = (x: Scalar): never => add(x, zeros([1])) as never;
  const pairs = modes.flatMap(([outer, d]) => modes.map(([inner, e]) => [outer, inner, d, e] as const));

  test.each(pairs)('%s outside, %s inside', (_outer, _inner, d, e) => {
    // d/dx x · (d/dy (x + y)) = 1 (Siskind and Pearlmutter, "Perturbation confusion", 2005).
    expect(item(d((x) => multiply(x, e((y) => add(x, y))(scalar(1))))(scalar(1)))).toBe(1);
    // d/dx (d/dy x·y) = 1, and d/dx x · d/dy (x·y) = 2x.
    expect(item(d((x) => e((y) => multiply(x, y))(scalar(5)))(scalar(3)))).toBe(1);
    expect(item(d((x) => multiply(x, e((y) => multiply(x, y))(scalar(5))))(scalar(3)))).toBe(6);
    // The inner function never mentions x: a closure made outside holds it.
    const hides = (x: Scalar): ((y: Scalar) => Scalar) => {
      const inside = multiply(x, x);
      return (y) => multiply(inside, y);
    };
    expect(item(d((x) => e(hides(x))(x))(scalar(3)))).toBe(6);
    // The inner derivative at a point that depends on x: d/dx cos-like chain, d/dx (sin)'(x²) = −2x sin(x²).
    expect(item(d((x) => e((y) => sin(y))(multiply(x, x)))(scalar(1.5)))).toBeCloseTo(-3 * Math.sin(2.25), 12);
    // A closure returned by the inner derivative's argument and called outside of it.
    expect(item(d((x) => e((y) => multiply(e((z) => multiply(multiply(x, y), z))(y), x))(scalar(2)))(scalar(3)))).toBe(
      6,
    );
  });

  test('three deep', () => {
    const f = (x: Scalar): Scalar =>
      derivative((y) => multiply(x, derivative((z) => multiply(multiply(x, y), square(z)))(y)))(x);
    // ∂z (x y z²) at z = y is 2 x y²; times x and ∂y: 4 x² y; at y = x: 4 x³; d/dx: 12 x².
    expect(item(f(scalar(2)))).toBe(32);
    expect(item(derivative(f)(scalar(2)))).toBe(48);
  });
});
