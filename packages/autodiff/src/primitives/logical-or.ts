import * as reference from '@natgrad/tensor';
import type { Primitive } from '../ir/primitive.js';
import { binary, binaryOperation, type None } from './_elementwise.js';

export const logicalOrPrimitive: Primitive<None> = binary({
  name: 'logicalOr',
  operands: 'bool',
  evaluate: reference.logicalOr,
  jvp: 'zero',
  elements: [{ kind: 'booleans' }, { kind: 'booleans' }],
});

/** x or y, both `bool`. */
export const logicalOr: reference.BinaryOperation = binaryOperation(logicalOrPrimitive, 'bool');
