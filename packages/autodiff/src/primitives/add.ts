import * as reference from '@natgrad/tensor';
import { interval } from '../ir/domain.js';
import type { Primitive } from '../ir/primitive.js';
import { binary, binaryOperation, type None } from './_elementwise.js';

export const addPrimitive: Primitive<None> = binary({
  name: 'add',
  operands: 'numeric',
  evaluate: reference.add,
  jvp: [(t) => t, (t) => t],
  transpose: [(ct) => ct, (ct) => ct],
  elements: [interval([-3, 3]), interval([-3, 3])],
});

/** Sum. */
export const add: reference.BinaryOperation = binaryOperation(addPrimitive, 'numeric');
