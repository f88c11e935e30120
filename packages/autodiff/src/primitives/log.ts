import * as reference from '@natgrad/tensor';
import { interval } from '../ir/domain.js';
import type { Primitive } from '../ir/primitive.js';
import { type None, unary, unaryOperation } from './_elementwise.js';
import { divide } from './divide.js';

export const logPrimitive: Primitive<None> = unary({
  name: 'log',
  operands: 'float',
  evaluate: reference.log,
  jvp: (t, x) => divide(t, x),
  elements: interval([0.2, 5]),
});

/** Natural logarithm. */
export const log: reference.UnaryOperation = unaryOperation(logPrimitive, 'float');
