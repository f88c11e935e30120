import * as reference from '@natgrad/tensor';
import { interval } from '../ir/domain.js';
import type { Primitive } from '../ir/primitive.js';
import { type None, unary, unaryOperation } from './_elementwise.js';
import { cos } from './cos.js';
import { multiply } from './multiply.js';

export const sinPrimitive: Primitive<None> = unary({
  name: 'sin',
  operands: 'float',
  evaluate: reference.sin,
  jvp: (t, x) => multiply(t, cos(x)),
  elements: interval([-4, 4]),
});

/** Sine of x radians. */
export const sin: reference.UnaryOperation = unaryOperation(sinPrimitive, 'float');
