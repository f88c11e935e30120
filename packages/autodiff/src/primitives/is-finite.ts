import * as reference from '@natgrad/tensor';
import { interval } from '../ir/domain.js';
import type { Primitive } from '../ir/primitive.js';
import { type None, unary, unaryOperation } from './_elementwise.js';

export const isFinitePrimitive: Primitive<None> = unary({
  name: 'isFinite',
  operands: 'any',
  result: 'bool',
  evaluate: reference.isFinite,
  jvp: 'zero',
  elements: interval([-3, 3]),
});

/** Where the elements are neither NaN nor infinite, as `bool`. */
export const isFinite: reference.UnaryOperation = unaryOperation(isFinitePrimitive, 'any');
