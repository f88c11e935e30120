import * as reference from '@natgrad/tensor';
import { interval } from '../ir/domain.js';
import type { Primitive } from '../ir/primitive.js';
import { type None, unary, unaryOperation } from './_elementwise.js';

export const signPrimitive: Primitive<None> = unary({
  name: 'sign',
  operands: 'numeric',
  evaluate: reference.sign,
  jvp: 'zero',
  elements: interval([-3, -0.2], [0.2, 3]),
});

/** −1, 0 or 1. The derivative is 0. */
export const sign: reference.UnaryOperation = unaryOperation(signPrimitive, 'numeric');
