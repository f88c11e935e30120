import * as reference from '@natgrad/tensor';
import { interval } from '../ir/domain.js';
import type { Primitive } from '../ir/primitive.js';
import { binary, binaryOperation, type None } from './_elementwise.js';
import { equal } from './equal.js';
import { log } from './log.js';
import { logicalAnd } from './logical-and.js';
import { multiply } from './multiply.js';
import { select } from './select.js';
import { subtract } from './subtract.js';

/**
 * ∂/∂x = y·x^(y−1) and ∂/∂y = log(x)·x^y. At x = y = 0 the first is taken as 0, and at x = 0 the second is 0 for y > 0: both
 * are guarded, because 0·∞ would give NaN. The guards touch no other point, where they would spoil the second derivatives.
 */
export const powerPrimitive: Primitive<None> = binary({
  name: 'power',
  operands: 'float',
  evaluate: reference.power,
  jvp: [
    (t, x, y) => multiply(t, multiply(y, power(x, select(logicalAnd(equal(x, 0), equal(y, 0)), 1, subtract(y, 1))))),
    (t, x, _y, out) => multiply(t, multiply(log(select(equal(x, 0), 1, x)), out)),
  ],
  elements: [interval([0.3, 3]), interval([-2, 2])],
});

/** `x` to the power `y`; integers become `f64`. */
export const power: reference.BinaryOperation = binaryOperation(powerPrimitive, 'float');
