import * as reference from '@natgrad/tensor';
import { interval } from '../ir/domain.js';
import type { Primitive } from '../ir/primitive.js';
import { binary, binaryOperation, type None } from './_elementwise.js';
import { negate } from './negate.js';

export const subtractPrimitive: Primitive<None> = binary({
  name: 'subtract',
  operands: 'numeric',
  evaluate: reference.subtract,
  jvp: [(t) => t, (t) => negate(t)],
  transpose: [(ct) => ct, (ct) => negate(ct)],
  elements: [interval([-3, 3]), interval([-3, 3])],
});

/** Difference. */
export const subtract: reference.BinaryOperation = binaryOperation(subtractPrimitive, 'numeric');
