import * as reference from '@natgrad/tensor';
import { interval } from '../ir/domain.js';
import type { Primitive } from '../ir/primitive.js';
import { binary, binaryOperation, type None } from './_elementwise.js';

export const equalPrimitive: Primitive<None> = binary({
  name: 'equal',
  operands: 'any',
  result: 'bool',
  evaluate: reference.equal,
  jvp: 'zero',
  elements: [interval([-3, 3]), interval([-3, 3])],
});

/** x = y, as `bool`. */
export const equal: reference.BinaryOperation = binaryOperation(equalPrimitive, 'any');
