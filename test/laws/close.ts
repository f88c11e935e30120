import { type Tensor, toTypedArray } from '@natgrad/tensor';
import { expect } from 'vitest';

/** Two programs with the same operations in another order: 1e−12 is ten thousand roundings of numbers near 1. */
export const close = (actual: Tensor, expected: Tensor): void => {
  expect(actual.shape).toEqual(expected.shape);
  const b = toTypedArray(expected);
  toTypedArray(actual).forEach((x, i) =>
    expect(Math.abs(x - (b[i] as number))).toBeLessThanOrEqual(1e-12 * Math.max(1, Math.abs(b[i] as number))),
  );
};
