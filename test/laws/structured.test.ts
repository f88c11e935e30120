/** Laws of scan, cond, customJvp and checkpoint that say more than one primitive's record can. */
import {
  add,
  checkpoint,
  cond,
  cos,
  customJvp,
  divide,
  type Graph,
  grad,
  greater,
  hvp,
  jit,
  jvp,
  linearize,
  linearTranspose,
  matmul,
  multiply,
  scan,
  sin,
  stopGradient,
  sum,
  tanh,
  traceGraph,
  vjp,
  vmap,
} from '@natgrad/autodiff';
import { checkLaw, differentiableLaws, linearOperatorLaws } from '@natgrad/autodiff/laws';
import { full, identical, item, key, normal, scalar, type Scalar, split, stack, type Tensor, tensor, toNested, toTypedArray, zeros } from '@natgrad/tensor';
import { describe, expect, test } from 'vitest';

/** Two programs with the same operations in another order: 1e−12 is ten thousand roundings of numbers near 1. */
const close = (actual: Tensor, expected: Tensor): void => {
  expect(actual.shape).toEqual(expected.shape);
  const b = toTypedArray(expected);
  toTypedArray(actual).forEach((x, i) => expect(Math.abs(x - (b[i] as number))).toBeLessThanOrEqual(1e-12 * Math.max(1, Math.abs(b[i] as number))));
};

const [k1, k2, k3] = split(key(7), 3) as [ReturnType<typeof key>, ReturnType<typeof key>, ReturnType<typeof key>];
const x0 = normal(k1, [3]);
const xs = normal(k2, [4, 3]);
const w0 = normal(k3, [3]);

const rowOf = (x: Tensor, i: number): Tensor => sum(multiply(x, tensor(Array.from({ length: x.shape[0] as number }, (_, j) => [j === i ? 1 : 0]))), [0]);

/** One turn, with a captured weight. */
const turn = (w: Tensor) => (carry: Tensor, x: Tensor): readonly [Tensor, Tensor] => {
  const next = tanh(add(multiply(carry, w), sin(x)));
  return [next, multiply(next, carry)];
};

interface At {
  readonly carry: Tensor;
  readonly sequence: Tensor;
  readonly w: Tensor;
}

const at: At = { carry: x0, sequence: xs, w: w0 };
const tangent: At = { carry: w0, sequence: sin(xs), w: x0 };

const looped = (reverse: boolean) => ({ carry, sequence, w }: At): Scalar => {
  const out = scan(turn(w), carry, sequence, { reverse });
  return add(sum(out.carry), sum(multiply(out.results, out.results)));
};

const unrolled = (reverse: boolean) => ({ carry, sequence, w }: At): Scalar => {
  const rows = [0, 1, 2, 3].map((i) => rowOf(sequence, i));
  let state = carry;
  let total: Tensor = scalar(0);
  for (const row of reverse ? rows.reverse() : rows) {
    const [next, result] = turn(w)(state, row);
    total = add(total, sum(multiply(result, result)));
    state = next;
  }
  return add(sum(state), total) as Scalar;
};

describe('scan', () => {
  test.each([false, true])('is the unrolled loop: value, gradient, Hessian product (reverse: %s)', (reverse) => {
    close(looped(reverse)(at), unrolled(reverse)(at));
    const [a, b] = [grad(looped(reverse))(at), grad(unrolled(reverse))(at)];
    const [h, k] = [hvp(looped(reverse), at, tangent), hvp(unrolled(reverse), at, tangent)];
    for (const name of ['carry', 'sequence', 'w'] as const) {
      close(a[name], b[name]);
      close(h[name], k[name]);
    }
  });

  test('in scan: gradients of all levels, with a captured value in the inner body', () => {
    const nested = ({ carry, sequence, w }: At): Scalar =>
      sum(
        scan((outer: Tensor, x: Tensor) => {
          const inner = scan((c: Tensor, y: Tensor) => [tanh(add(multiply(c, w), multiply(y, outer))), c] as const, x, sequence);
          return [inner.carry, sum(inner.results)] as const;
        }, carry, sequence).results,
      );
    const plain = ({ carry, sequence, w }: At): Scalar => {
      let outer = carry;
      let total: Tensor = scalar(0);
      for (const i of [0, 1, 2, 3]) {
        let c = rowOf(sequence, i);
        for (const j of [0, 1, 2, 3]) {
          total = add(total, sum(c));
          c = tanh(add(multiply(c, w), multiply(rowOf(sequence, j), outer)));
        }
        outer = c;
      }
      return total as Scalar;
    };
    close(nested(at), plain(at));
    const [a, b, h, k] = [grad(nested)(at), grad(plain)(at), hvp(nested, at, tangent), hvp(plain, at, tangent)];
    for (const name of ['carry', 'sequence', 'w'] as const) {
      close(a[name], b[name]);
      close(h[name], k[name]);
    }
  });

  test.each([
    ['nothing captured batched', [0, 0, null]],
    ['only what is captured batched', [null, null, 0]],
    ['the carry and what is captured', [0, null, 0]],
    ['everything', [0, 0, 0]],
  ] as const)('under vmap: %s', (_, inAxes) => {
    const both = (x: Tensor): Tensor => stack([x, sin(x)]);
    const f = (carry: Tensor, sequence: Tensor, w: Tensor): Tensor => grad(looped(false))({ carry, sequence, w }).w;
    const args = [x0, xs, w0].map((x, i) => (inAxes[i] === 0 ? both(x) : x)) as [Tensor, Tensor, Tensor];
    const rows = [0, 1].map((i) => f(...(([x0, xs, w0] as const).map((x, k) => (inAxes[k] === 0 && i === 1 ? sin(x) : x)) as [Tensor, Tensor, Tensor])));
    close(vmap(f, { inAxes })(...args) as Tensor, stack(rows));
  });

  test('of length 0 gives the carry back, and its gradient passes through', () => {
    const none = zeros([0, 3]);
    const f = ({ carry, sequence, w }: At): Scalar => looped(false)({ carry, sequence, w });
    const empty = { carry: x0, sequence: none, w: w0 };
    close(f(empty), sum(x0));
    const gradient = grad(f)(empty);
    close(gradient.carry, full([3], 1));
    expect(identical(gradient.w, zeros([3]))).toBe(true);
    expect(gradient.sequence.shape).toEqual([0, 3]);
    expect(scan((c: Tensor, x: Tensor) => [c, multiply(x, 2)] as const, x0, none).results.shape).toEqual([0, 3]);
  });

  test('without a sequence runs as often as told', () => {
    const power = (x: Scalar): Scalar => scan((c: Tensor) => [multiply(c, x), null] as const, scalar(1) as Tensor, null, { length: 5 }).carry as Scalar;
    expect(item(power(scalar(2)))).toBe(32);
    expect(item(grad(power)(scalar(2)))).toBe(80);
  });

  test('is transposed with a counter in the carry', () => {
    const weighted = (x: Tensor): Tensor =>
      scan(
        ([n, total]: readonly [Tensor, Tensor], row: Tensor): readonly [readonly [Tensor, Tensor], Tensor] => [[add(n, 1), add(total, multiply(row, n))], multiply(total, n)],
        [scalar(1), zeros([3])] as const,
        x,
      ).carry[1];
    // Row i has the weight i + 1.
    expect(toNested(linearTranspose(weighted, xs)(tensor([1, 10, 100])))).toEqual([1, 2, 3, 4].map((n) => [n, 10 * n, 100 * n]));
    const operator = { apply: weighted, transpose: linearTranspose(weighted, xs) };
    for (const law of linearOperatorLaws('a counting scan', operator, { input: xs, output: x0 })) checkLaw(law, { numRuns: 10 });
  });

  const scans = ({ nodes }: Graph): readonly Graph[] => nodes.filter(({ primitive }) => primitive.name === 'scan').map(({ params }) => (params as { readonly body: Graph }).body);
  const namesIn = ({ nodes }: Graph): readonly string[] => nodes.map(({ primitive }) => primitive.name);

  test('leaves work outside that is the same in every turn', () => {
    const f = (w: Tensor, x: Tensor): Tensor => scan((c: Tensor, row: Tensor) => [add(c, multiply(row, matmul(w, sin(w)))), null] as const, scalar(0) as Tensor, x).carry;
    const { graph } = traceGraph(f, w0, tensor([1, 2, 3]));
    expect(namesIn(graph)).toEqual(expect.arrayContaining(['sin', 'matmul', 'scan']));
    expect(scans(graph).map(namesIn).flat()).toEqual(expect.arrayContaining(['multiply', 'add']));
    expect(scans(graph).map(namesIn).flat()).not.toEqual(expect.arrayContaining(['sin']));
    expect(scans(graph).map(namesIn).flat()).not.toEqual(expect.arrayContaining(['matmul']));
  });

  test('linearised, stacks what changes from turn to turn and nothing else', () => {
    const width = 50;
    const weights = full([width, width], 0.1);
    const length = 7;
    // Of each turn the derivative of tanh is needed (the carry of width 50); weights are the same in every turn.
    const f = (c: Tensor): Tensor => scan((h: Tensor) => [tanh(matmul(weights, h)), null] as const, c, null, { length }).carry;
    const { residualBytes } = linearize(f, full([width], 0.5));
    const perTurn = width * 8;
    expect(residualBytes).toBeGreaterThanOrEqual(length * perTurn);
    expect(residualBytes).toBeLessThanOrEqual(3 * length * perTurn + width * width * 8);
    // Weights that are differentiated, too, enter once: not as a stack of seven.
    const both = ({ c, w }: { readonly c: Tensor; readonly w: Tensor }): Tensor => scan((h: Tensor) => [tanh(matmul(w, h)), null] as const, c, null, { length }).carry;
    expect(linearize(both, { c: full([width], 0.5), w: weights }).residualBytes).toBeLessThanOrEqual(4 * length * perTurn + 2 * width * width * 8);
  });
});

describe('cond', () => {
  const f = (x: Tensor, y: Tensor): Tensor =>
    cond(greater(sum(x), 0), (a: Tensor) => multiply(sin(a), y), (a: Tensor) => divide(a, add(1, multiply(y, y))), x);
  const [positive, negative] = [tensor([1, 2]), tensor([-1, -2])];
  const y = tensor([0.5, 3]);

  test.each([
    ['true', positive],
    ['false', negative],
  ] as const)('takes the %s branch, and its laws hold there', (_, x) => {
    const laws = differentiableLaws('cond', (a, b) => f(a as Tensor, b as Tensor), (draw) => ({
      args: [{ shape: x.shape, dtype: 'f64', elements: { kind: 'intervals', intervals: [item(sum(x)) > 0 ? [0.5, 2] : [-2, -0.5]] } }, { shape: y.shape, dtype: 'f64', elements: { kind: 'intervals', intervals: [[0.1 * draw.integer(1, 2), 2]] } }],
      params: null,
    }));
    for (const law of laws) checkLaw(law, { numRuns: 4 });
  });

  test('under vmap with a predicate per example is a loop, of derivatives too', () => {
    const batch = stack([positive, negative, positive]);
    close(vmap(f, { inAxes: [0, null] })(batch, y) as Tensor, stack([positive, negative, positive].map((x) => f(x, y))));
    const slope = (x: Tensor): Tensor => grad((z: Tensor) => sum(f(x, z)))(y);
    close(vmap(slope)(batch) as Tensor, stack([positive, negative, positive].map(slope)));
    const second = (x: Tensor): Tensor => hvp((z: Tensor) => sum(multiply(f(z, y), f(z, y))), x, y);
    close(vmap(second)(batch) as Tensor, stack([positive, negative, positive].map(second)));
  });

  test('under grad of vmap nothing leaks from the branch not taken, which runs on placeholders', () => {
    // The linear part of the second branch divides by a residual of its own.
    const gradient = grad((batch: Tensor) => sum(vmap((x: Tensor) => grad((z: Tensor) => sum(f(z, z)))(x))(batch) as Tensor))(stack([positive, negative]));
    const rows = [positive, negative].map((x) => grad((each: Tensor) => sum(grad((z: Tensor) => sum(f(z, z)))(each)))(x));
    close(gradient, stack(rows));
  });
});

describe('customJvp', () => {
  /** sin with its derivative declared: 2 cos, so that it cannot be mistaken for the real one. */
  const louder = customJvp((x: Tensor) => sin(x), (x, t) => multiply(multiply(t, cos(x)), 2));
  const loss = (x: Tensor): Scalar => sum(louder(x));
  const expected = multiply(cos(x0), 2);

  test('holds forward, in reverse, linearised, under jit and vmap', () => {
    close(louder(x0), sin(x0));
    close(jvp(louder, x0, w0).tangent, multiply(expected, w0));
    close(grad(loss)(x0), expected);
    close(linearize(louder, x0).apply(w0), multiply(expected, w0));
    close(jit(grad(loss))(x0), expected);
    close(grad((x: Tensor) => sum(jit(louder)(x)))(x0), expected);
    close(vmap(grad((x: Scalar) => louder(x) as Scalar))(x0) as Tensor, expected);
    close(grad((x: Tensor) => sum(vmap(louder)(x) as Tensor))(x0), expected);
    close(jit(vmap(grad((x: Scalar) => jit(louder)(x) as Scalar)) as (x: Tensor) => Tensor)(x0), expected);
  });

  test('at second order is the derivative of the rule', () => {
    close(hvp(loss, x0, w0), multiply(multiply(sin(x0), -2), w0));
    close(vmap(grad(grad((x: Scalar) => louder(x) as Scalar) as (x: Scalar) => Scalar))(x0) as Tensor, multiply(sin(x0), -2));
  });

  test('inside scan and cond', () => {
    const f = (x: Tensor): Scalar => sum(scan((c: Tensor) => [cond(greater(sum(c), 100), (z: Tensor) => z, louder, c), null] as const, x, null, { length: 2 }).carry);
    close(grad(f)(x0), multiply(multiply(multiply(cos(sin(x0)), 2), cos(x0)), 2));
  });

  test('with a rule that captures outer values, batched', () => {
    const f = (w: Tensor): Scalar => {
      const own = customJvp((x: Tensor) => x, (_x, t) => multiply(t, stopGradient(w)));
      return sum(grad((x: Tensor) => sum(own(x)))(x0)) as Scalar;
    };
    close(vmap(f)(stack([w0, x0])) as Tensor, stack([sum(w0), sum(x0)]));
  });
});

describe('checkpoint', () => {
  const width = 16;
  const layers = split(key(3), 32).map((each) => normal(each, [width, width]));
  const layer = (h: Tensor, w: Tensor): Tensor => tanh(sin(tanh(matmul(w, h))));
  const plain = (h: Tensor): Tensor => layers.reduce(layer, h);
  const kept = (h: Tensor): Tensor => layers.reduce((x, w) => checkpoint((y: Tensor) => layer(y, w))(x), h);
  const h = normal(k1, [width, 64]);

  test('of 32 layers leaves at most a quarter of the residuals', () => {
    const [all, few] = [linearize(plain, h), linearize(kept, h)];
    const activation = width * 64 * 8;
    // Plain: the weights, and what the derivatives of tanh, sin and tanh need. Kept: the input of each layer.
    expect(all.residualBytes).toBe(layers.length * (3 * activation + width * width * 8));
    expect(few.residualBytes).toBe(layers.length * activation);
    const block = (from: number) => checkpoint((x: Tensor) => layers.slice(from, from + 8).reduce(layer, x));
    const blocks = linearize((x: Tensor) => [0, 8, 16, 24].reduce((y, from) => block(from)(y), x), h);
    expect(blocks.residualBytes).toBe(4 * activation);
    expect(blocks.residualBytes * 4).toBeLessThanOrEqual(all.residualBytes);
    expect(identical(blocks.value, all.value)).toBe(true);
    expect(identical(few.value, all.value)).toBe(true);
  });

  test('gives the same bits: values, gradients, tangents', () => {
    const loss = (f: (x: Tensor) => Tensor) => (x: Tensor): Scalar => sum(f(x));
    expect(identical(kept(h), plain(h))).toBe(true);
    expect(identical(grad(loss(kept))(h), grad(loss(plain))(h))).toBe(true);
    expect(identical(jvp(kept, h, h).tangent, jvp(plain, h, h).tangent)).toBe(true);
    expect(identical(vjp(kept, h).pullback(h), vjp(plain, h).pullback(h))).toBe(true);
  });
});

