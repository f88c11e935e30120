import * as reference from '@natgrad/tensor';
import { interval } from '../ir/domain.js';
import type { Primitive } from '../ir/primitive.js';
import { type None, unary, unaryOperation } from './_elementwise.js';
import { multiply } from './multiply.js';
import { negate } from './negate.js';
import { sin } from './sin.js';

export const cosPrimitive: Primitive<None> = unary({
  name: 'cos',
  operands: 'float',
  evaluate: reference.cos,
  jvp: (t, x) => negate(multiply(t, sin(x))),
  elements: interval([-4, 4]),
});

/** Cosine of x radians. */
export const cos: reference.UnaryOperation = unaryOperation(cosPrimitive, 'float');
