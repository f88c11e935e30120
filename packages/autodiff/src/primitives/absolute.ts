import * as reference from '@natgrad/tensor';
import { interval } from '../ir/domain.js';
import type { Primitive } from '../ir/primitive.js';
import { type None, unary, unaryOperation } from './_elementwise.js';
import { multiply } from './multiply.js';
import { sign } from './sign.js';

export const absolutePrimitive: Primitive<None> = unary({
  name: 'absolute',
  operands: 'numeric',
  evaluate: reference.absolute,
  jvp: (t, x) => multiply(t, sign(x)),
  elements: interval([-3, -0.2], [0.2, 3]),
});

/** |x|. The derivative at 0 is taken as 0. */
export const absolute: reference.UnaryOperation = unaryOperation(absolutePrimitive, 'numeric');
