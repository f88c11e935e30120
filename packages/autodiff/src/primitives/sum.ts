import { sum as referenceSum } from '@natgrad/tensor';
import { interval } from '../ir/domain.js';
import type { Primitive } from '../ir/primitive.js';
import { type Axes, type ReductionOperation, reduction, reductionOperation } from './_reduction.js';

export const sumPrimitive: Primitive<Axes> = reduction({
  name: 'sum',
  operands: 'numeric',
  evaluate: (x, axes) => referenceSum(x, axes),
  jvp: 'linear',
  transpose: (ct) => ct,
  elements: interval([-3, 3]),
});

/** Σ x over all axes (a `Scalar`), or over the named ones; pairwise. Nothing sums to 0. */
export const sum: ReductionOperation = reductionOperation(sumPrimitive, 'numeric');
