import * as reference from '@natgrad/tensor';
import type { Primitive } from '../ir/primitive.js';
import { type None, unary, unaryOperation } from './_elementwise.js';

export const logicalNotPrimitive: Primitive<None> = unary({
  name: 'logicalNot',
  operands: 'bool',
  evaluate: reference.logicalNot,
  jvp: 'zero',
  elements: { kind: 'booleans' },
});

/** Negation of a `bool` tensor. */
export const logicalNot: reference.UnaryOperation = unaryOperation(logicalNotPrimitive, 'bool');
