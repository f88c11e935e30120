import { logsumexp as referenceLogsumexp } from '@natgrad/tensor';
import { interval } from '../ir/domain.js';
import type { Primitive } from '../ir/primitive.js';
import { type Axes, type ReductionOperation, reduction, reductionOperation, spread } from './_reduction.js';
import { exp } from './exp.js';
import { isFinite } from './is-finite.js';
import { multiply } from './multiply.js';
import { select } from './select.js';
import { subtract } from './subtract.js';
import { sum } from './sum.js';

export const logsumexpPrimitive: Primitive<Axes> = reduction({
  name: 'logsumexp',
  operands: 'float',
  evaluate: (x, axes) => referenceLogsumexp(x, axes),
  // Σ softmax(x)·ẋ. Where every element is −∞ the result is too, and −∞ − −∞ would make the weights NaN instead of 0.
  jvp: (t, x, out, axes) => {
    const shift = select(isFinite(out), out, 0);
    return sum(multiply(t, exp(subtract(x, spread(shift, axes, x)))), axes);
  },
  elements: interval([-3, 3]),
});

/** log Σ eˣ over all axes (a `Scalar`), or over the named ones, without overflow. */
export const logsumexp: ReductionOperation = reductionOperation(logsumexpPrimitive, 'float');
