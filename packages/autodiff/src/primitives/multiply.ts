import * as reference from '@natgrad/tensor';
import { interval } from '../ir/domain.js';
import type { Primitive } from '../ir/primitive.js';
import { binary, binaryOperation, type None } from './_elementwise.js';

export const multiplyPrimitive: Primitive<None> = binary({
  name: 'multiply',
  operands: 'numeric',
  evaluate: reference.multiply,
  jvp: [(t, _x, y) => multiply(t, y), (t, x) => multiply(x, t)],
  transpose: [(ct, y) => multiply(ct, y), (ct, x) => multiply(x, ct)],
  elements: [interval([-3, 3]), interval([-3, 3])],
});

/** Product. */
export const multiply: reference.BinaryOperation = binaryOperation(multiplyPrimitive, 'numeric');
