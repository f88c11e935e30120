import * as reference from '@natgrad/tensor';
import { interval } from '../ir/domain.js';
import type { Primitive } from '../ir/primitive.js';
import { type None, unary, unaryOperation } from './_elementwise.js';
import { exp } from './exp.js';
import { multiply } from './multiply.js';
import { negate } from './negate.js';
import { square } from './square.js';

export const erfPrimitive: Primitive<None> = unary({
  name: 'erf',
  operands: 'float',
  evaluate: reference.erf,
  jvp: (t, x) => multiply(t, multiply(exp(negate(square(x))), 2 / Math.sqrt(Math.PI))),
  elements: interval([-3, 3]),
});

/** The error function 2/√π ∫₀ˣ e^(−t²) dt. */
export const erf: reference.UnaryOperation = unaryOperation(erfPrimitive, 'float');
