import * as reference from '@natgrad/tensor';
import { interval } from '../ir/domain.js';
import type { Primitive } from '../ir/primitive.js';
import { binary, binaryOperation, type None } from './_elementwise.js';
import { share } from './_ties.js';
import { multiply } from './multiply.js';

export const maximumPrimitive: Primitive<None> = binary({
  name: 'maximum',
  operands: 'numeric',
  evaluate: reference.maximum,
  jvp: [(t, x, y) => multiply(t, share(x, y)), (t, x, y) => multiply(t, share(y, x))],
  elements: [interval([-3, -2], [0, 1]), interval([-1.5, -0.5], [1.5, 3])],
});

/** The larger operand; NaN if either is NaN. Where they are equal, each has half of the derivative. */
export const maximum: reference.BinaryOperation = binaryOperation(maximumPrimitive, 'numeric');
