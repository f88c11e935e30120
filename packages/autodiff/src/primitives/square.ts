import * as reference from '@natgrad/tensor';
import { interval } from '../ir/domain.js';
import type { Primitive } from '../ir/primitive.js';
import { type None, unary, unaryOperation } from './_elementwise.js';
import { multiply } from './multiply.js';

export const squarePrimitive: Primitive<None> = unary({
  name: 'square',
  operands: 'numeric',
  evaluate: reference.square,
  jvp: (t, x) => multiply(t, multiply(x, 2)),
  elements: interval([-3, 3]),
});

/** x². */
export const square: reference.UnaryOperation = unaryOperation(squarePrimitive, 'numeric');
