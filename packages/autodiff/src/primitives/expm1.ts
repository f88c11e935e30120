import * as reference from '@natgrad/tensor';
import { interval } from '../ir/domain.js';
import type { Primitive } from '../ir/primitive.js';
import { type None, unary, unaryOperation } from './_elementwise.js';
import { add } from './add.js';
import { multiply } from './multiply.js';

export const expm1Primitive: Primitive<None> = unary({
  name: 'expm1',
  operands: 'float',
  evaluate: reference.expm1,
  jvp: (t, _x, y) => multiply(t, add(y, 1)),
  elements: interval([-3, 3]),
});

/** eˣ − 1 without cancellation near 0. */
export const expm1: reference.UnaryOperation = unaryOperation(expm1Primitive, 'float');
