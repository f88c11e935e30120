import * as reference from '@natgrad/tensor';
import { interval } from '../ir/domain.js';
import type { Primitive } from '../ir/primitive.js';
import { type None, unary, unaryOperation } from './_elementwise.js';
import { multiply } from './multiply.js';
import { square } from './square.js';
import { subtract } from './subtract.js';

export const tanhPrimitive: Primitive<None> = unary({
  name: 'tanh',
  operands: 'float',
  evaluate: reference.tanh,
  jvp: (t, _x, y) => multiply(t, subtract(1, square(y))),
  elements: interval([-3, 3]),
});

/** Hyperbolic tangent. */
export const tanh: reference.UnaryOperation = unaryOperation(tanhPrimitive, 'float');
