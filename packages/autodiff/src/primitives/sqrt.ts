import * as reference from '@natgrad/tensor';
import { interval } from '../ir/domain.js';
import type { Primitive } from '../ir/primitive.js';
import { type None, unary, unaryOperation } from './_elementwise.js';
import { divide } from './divide.js';
import { multiply } from './multiply.js';

export const sqrtPrimitive: Primitive<None> = unary({
  name: 'sqrt',
  operands: 'float',
  evaluate: reference.sqrt,
  jvp: (t, _x, y) => divide(t, multiply(y, 2)),
  elements: interval([0.2, 5]),
});

/** Square root. */
export const sqrt: reference.UnaryOperation = unaryOperation(sqrtPrimitive, 'float');
