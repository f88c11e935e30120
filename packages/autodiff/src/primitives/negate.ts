import * as reference from '@natgrad/tensor';
import { interval } from '../ir/domain.js';
import type { Primitive } from '../ir/primitive.js';
import { type None, unary, unaryOperation } from './_elementwise.js';

export const negatePrimitive: Primitive<None> = unary({
  name: 'negate',
  operands: 'numeric',
  evaluate: reference.negate,
  jvp: (t) => negate(t),
  transpose: (ct) => negate(ct),
  elements: interval([-3, 3]),
});

/** −x. */
export const negate: reference.UnaryOperation = unaryOperation(negatePrimitive, 'numeric');
