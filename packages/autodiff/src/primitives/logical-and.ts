import * as reference from '@natgrad/tensor';
import type { Primitive } from '../ir/primitive.js';
import { binary, binaryOperation, type None } from './_elementwise.js';

export const logicalAndPrimitive: Primitive<None> = binary({
  name: 'logicalAnd',
  operands: 'bool',
  evaluate: reference.logicalAnd,
  jvp: 'zero',
  elements: [{ kind: 'booleans' }, { kind: 'booleans' }],
});

/** x and y, both `bool`. */
export const logicalAnd: reference.BinaryOperation = binaryOperation(logicalAndPrimitive, 'bool');
