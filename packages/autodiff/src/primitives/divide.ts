import * as reference from '@natgrad/tensor';
import { interval } from '../ir/domain.js';
import type { Primitive } from '../ir/primitive.js';
import { binary, binaryOperation, type None } from './_elementwise.js';
import { multiply } from './multiply.js';
import { negate } from './negate.js';

export const dividePrimitive: Primitive<None> = binary({
  name: 'divide',
  operands: 'float',
  evaluate: reference.divide,
  jvp: [(t, _x, y) => divide(t, y), (t, _x, y, out) => negate(divide(multiply(t, out), y))],
  transpose: [(ct, y) => divide(ct, y), undefined],
  elements: [interval([-3, 3]), interval([-3, -0.3], [0.3, 3])],
});

/** Quotient; integers become `f64`. */
export const divide: reference.BinaryOperation = binaryOperation(dividePrimitive, 'float');
