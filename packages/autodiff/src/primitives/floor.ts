import * as reference from '@natgrad/tensor';
import { interval } from '../ir/domain.js';
import type { Primitive } from '../ir/primitive.js';
import { type None, unary, unaryOperation } from './_elementwise.js';

export const floorPrimitive: Primitive<None> = unary({
  name: 'floor',
  operands: 'numeric',
  evaluate: reference.floor,
  jvp: 'zero',
  elements: interval([-2.8, -2.2], [0.2, 0.8]),
});

/** Largest whole number ≤ x. The derivative is 0. */
export const floor: reference.UnaryOperation = unaryOperation(floorPrimitive, 'numeric');
