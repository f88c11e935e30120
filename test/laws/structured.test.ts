/** Laws of cond, customJvp and checkpoint that say more than their records can. */
import {
  add,
  checkpoint,
  cond,
  cos,
  customJvp,
  divide,
  grad,
  greater,
  hvp,
  jit,
  jvp,
  linearize,
  matmul,
  multiply,
  scan,
  sin,
  stopGradient,
  sum,
  tanh,
  vjp,
  vmap,
} from '@natgrad/autodiff';
import { checkLaw, differentiableLaws } from '@natgrad/autodiff/laws';
import {
  identical,
  item,
  type Key,
  key,
  normal,
  type Scalar,
  split,
  stack,
  type Tensor,
  tensor,
} from '@natgrad/tensor';
import { describe, expect, test } from 'vitest';
import { close } from './close.js';

const [k1, k2] = split(key(7), 2) as [Key, Key];
const x0 = normal(k1, [3]);
const w0 = normal(k2, [3]);

describe('cond', () => {
  const f = (x: Tensor, y: Tensor): Tensor =>
    cond(
      greater(sum(x), 0),
      (a: Tensor) => multiply(sin(a), y),
      (a: Tensor) => divide(a, add(1, multiply(y, y))),
      x,
    );
  const [positive, negative] = [tensor([1, 2]), tensor([-1, -2])];
  const y = tensor([0.5, 3]);

  test.each([
    ['true', positive],
    ['false', negative],
  ] as const)('takes the %s branch, and its laws hold there', (_, x) => {
    const laws = differentiableLaws(
      'cond',
      (a, b) => f(a, b),
      (draw) => ({
        args: [
          {
            shape: x.shape,
            dtype: 'f64',
            elements: { kind: 'intervals', intervals: [item(sum(x)) > 0 ? [0.5, 2] : [-2, -0.5]] },
          },
          { shape: y.shape, dtype: 'f64', elements: { kind: 'intervals', intervals: [[0.1 * draw.integer(1, 2), 2]] } },
        ],
        params: null,
      }),
    );
    for (const law of laws) checkLaw(law, { numRuns: 4 });
  });

  test('under vmap with a predicate per example is a loop, of derivatives too', () => {
    const batch = stack([positive, negative, positive]);
    close(vmap(f, { inAxes: [0, null] })(batch, y), stack([positive, negative, positive].map((x) => f(x, y))));
    const slope = (x: Tensor): Tensor => grad((z: Tensor) => sum(f(x, z)))(y);
    close(vmap(slope)(batch), stack([positive, negative, positive].map(slope)));
    const second = (x: Tensor): Tensor => hvp((z: Tensor) => sum(multiply(f(z, y), f(z, y))), x, y);
    close(vmap(second)(batch), stack([positive, negative, positive].map(second)));
  });

  test('under grad of vmap nothing leaks from the branch not taken, which runs on placeholders', () => {
    // The linear part of the second branch divides by a residual of its own, which the first branch does not have; what it
    // divides depends on x (through the sine), so that 0 · ∞ would reach the gradient.
    const slope = (x: Tensor): Tensor => grad((z: Tensor) => sum(sin(f(z, z))))(x);
    const gradient = grad((batch: Tensor) => sum(vmap(slope)(batch)))(stack([positive, negative]));
    close(gradient, stack([positive, negative].map((x) => grad((each: Tensor) => sum(slope(each)))(x))));
  });
});

describe('customJvp', () => {
  /** sin with its derivative declared: 2 cos, so that it cannot be mistaken for the real one. */
  const louder = customJvp(
    (x: Tensor) => sin(x),
    (x, t) => multiply(multiply(t, cos(x)), 2),
  );
  const loudScalar = (x: Scalar): Scalar => louder(x) as Scalar;
  const loss = (x: Tensor): Scalar => sum(louder(x));
  const expected = multiply(cos(x0), 2);

  test('holds forward, in reverse, linearised, under jit and vmap', () => {
    close(louder(x0), sin(x0));
    close(jvp(louder, x0, w0).tangent, multiply(expected, w0));
    close(grad(loss)(x0), expected);
    close(linearize(louder, x0).apply(w0), multiply(expected, w0));
    close(jit(grad(loss))(x0), expected);
    close(grad((x: Tensor) => sum(jit(louder)(x)))(x0), expected);
    close(vmap(grad((x: Scalar) => louder(x) as Scalar))(x0), expected);
    close(grad((x: Tensor) => sum(vmap(louder)(x)))(x0), expected);
    close(jit((x: Tensor) => vmap(grad((each: Scalar) => jit(loudScalar)(each)))(x))(x0), expected);
  });

  test('at second order is the derivative of the rule', () => {
    close(hvp(loss, x0, w0), multiply(multiply(sin(x0), -2), w0));
    close(vmap(grad((x: Scalar) => grad(loudScalar)(x)))(x0), multiply(sin(x0), -2));
  });

  test('inside scan and cond', () => {
    const f = (x: Tensor): Scalar =>
      sum(
        scan((c: Tensor) => [cond(greater(sum(c), 100), (z: Tensor) => z, louder, c), null] as const, x, null, {
          length: 2,
        }).carry,
      );
    close(grad(f)(x0), multiply(multiply(multiply(cos(sin(x0)), 2), cos(x0)), 2));
  });

  test('with a rule that captures outer values, batched', () => {
    const f = (w: Tensor): Scalar => {
      const own = customJvp(
        (x: Tensor) => x,
        (_x, t) => multiply(t, stopGradient(w)),
      );
      return sum(grad((x: Tensor) => sum(own(x)))(x0));
    };
    close(vmap(f)(stack([w0, x0])), stack([sum(w0), sum(x0)]));
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
    const loss =
      (f: (x: Tensor) => Tensor) =>
      (x: Tensor): Scalar =>
        sum(f(x));
    expect(identical(kept(h), plain(h))).toBe(true);
    expect(identical(grad(loss(kept))(h), grad(loss(plain))(h))).toBe(true);
    expect(identical(jvp(kept, h, h).tangent, jvp(plain, h, h).tangent)).toBe(true);
    expect(identical(vjp(kept, h).pullback(h), vjp(plain, h).pullback(h))).toBe(true);
  });
});
