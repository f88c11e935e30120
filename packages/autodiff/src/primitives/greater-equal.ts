import * as reference from '@natgrad/tensor';
import { interval } from '../ir/domain.js';
import type { Primitive } from '../ir/primitive.js';
import { binary, binaryOperation, type None } from './_elementwise.js';

export const greaterEqualPrimitive: Primitive<None> = binary({
  name: 'greaterEqual',
  operands: 'any',
  result: 'bool',
  evaluate: reference.greaterEqual,
  jvp: 'zero',
  elements: [interval([-3, 3]), interval([-3, 3])],
});

/** x ≥ y, as `bool`. */
export const greaterEqual: reference.BinaryOperation = binaryOperation(greaterEqualPrimitive, 'any');
