import { variance as referenceVariance } from '@natgrad/tensor';
import { checkNotEmpty } from '@natgrad/tensor/internal';
import { interval } from '../ir/domain.js';
import type { Primitive } from '../ir/primitive.js';
import { type Axes, type ReductionOperation, reduction, reductionOperation, spread } from './_reduction.js';
import { mean } from './mean.js';
import { multiply } from './multiply.js';
import { subtract } from './subtract.js';

export const variancePrimitive: Primitive<Axes> = reduction({
  name: 'variance',
  operands: 'float',
  evaluate: (x, axes) => referenceVariance(x, axes),
  check: (x, axes) => {
    checkNotEmpty('variance', x, axes);
  },
  // The mean's own tangent drops out: the distances from it sum to zero.
  jvp: (t, x, _out, axes) => multiply(mean(multiply(t, subtract(x, spread(mean(x, axes), axes, x))), axes), 2),
  elements: interval([-3, 3]),
});

/** Mean squared distance from the mean (population variance) over all axes (a `Scalar`), or over the named ones. */
export const variance: ReductionOperation = reductionOperation(variancePrimitive, 'float');
