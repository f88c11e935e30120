import * as reference from '@natgrad/tensor';
import { interval } from '../ir/domain.js';
import type { Primitive } from '../ir/primitive.js';
import { type None, unary, unaryOperation } from './_elementwise.js';
import { add } from './add.js';
import { divide } from './divide.js';

export const log1pPrimitive: Primitive<None> = unary({
  name: 'log1p',
  operands: 'float',
  evaluate: reference.log1p,
  jvp: (t, x) => divide(t, add(x, 1)),
  elements: interval([-0.7, 4]),
});

/** log(1 + x) without cancellation near 0. */
export const log1p: reference.UnaryOperation = unaryOperation(log1pPrimitive, 'float');
