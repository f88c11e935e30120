import * as reference from '@natgrad/tensor';
import { interval } from '../ir/domain.js';
import type { Primitive } from '../ir/primitive.js';
import { type None, unary, unaryOperation } from './_elementwise.js';
import { multiply } from './multiply.js';

export const expPrimitive: Primitive<None> = unary({
  name: 'exp',
  operands: 'float',
  evaluate: reference.exp,
  jvp: (t, _x, y) => multiply(t, y),
  elements: interval([-3, 3]),
});

/** eˣ. */
export const exp: reference.UnaryOperation = unaryOperation(expPrimitive, 'float');
