/** What a compiled linearisation keeps: no more than it must, and whatever it keeps, the same products. */
import {
  exp,
  interpreter,
  jitLinearize,
  linearize,
  mean,
  multiply,
  square,
  subtract,
  sum,
  tanh,
} from '@natgrad/autodiff';
import { fromTypedArray, type Tensor, tensor, toTypedArray } from '@natgrad/tensor';
import { describe, expect, test } from 'vitest';

const x = fromTypedArray(
  Float64Array.from({ length: 40 }, (_, i) => Math.sin(i + 1)),
  [10, 4],
);

const residualElements = (f: (at: Tensor) => Tensor): number =>
  jitLinearize(f, { engine: interpreter })(x).residualBytes / 8;

/** Products by both routes, through everything that has to be passed on. */
const expectSame = (f: (at: Tensor) => Tensor): void => {
  const [compiled, plain] = [jitLinearize(f, { engine: interpreter })(x), linearize(f, x)];
  const direction = multiply(x, 0.5);
  expect(toTypedArray(compiled.apply(direction))).toEqual(toTypedArray(plain.apply(direction)));
  expect(toTypedArray(compiled.transpose(plain.value))).toEqual(toTypedArray(plain.transpose(plain.value)));
};

describe('residuals', () => {
  test('y of a tanh is kept where it is needed, and 1 − y² is made of it', () => {
    const f = (at: Tensor): Tensor => square(tanh(at));
    // 2·y, of which 1 − y² cannot be made cheaply without y: y itself serves both.
    expect(residualElements(f)).toBeLessThanOrEqual(2 * x.size);
    expectSame(f);
  });

  test('a scalar that the forward pass computes is not looked for in the linear part', () => {
    const f = (at: Tensor): Tensor => {
      const y = exp(at);
      // y and y·m are both needed later; m is known to the forward pass only.
      return multiply(multiply(y, mean(tensor([3, 5]))), multiply(y, sum(square(at))));
    };
    expectSame(f);
  });

  test('a chain on a value that is no residual stays a residual', () => {
    const f = (at: Tensor): Tensor => multiply(at, subtract(1, square(at)));
    expectSame(f);
  });
});
