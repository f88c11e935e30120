import { mean as referenceMean } from '@natgrad/tensor';
import { axesSize, checkNotEmpty } from '@natgrad/tensor/internal';
import { interval } from '../ir/domain.js';
import type { Primitive } from '../ir/primitive.js';
import { type Axes, type ReductionOperation, reduction, reductionOperation } from './_reduction.js';
import { divide } from './divide.js';

export const meanPrimitive: Primitive<Axes> = reduction({
  name: 'mean',
  operands: 'float',
  evaluate: (x, axes) => referenceMean(x, axes),
  check: (x, axes) => {
    checkNotEmpty('mean', x, axes);
  },
  jvp: 'linear',
  transpose: (ct, axes) => divide(ct, axesSize(ct.shape, axes)),
  elements: interval([-3, 3]),
});

/** Arithmetic mean over all axes (a `Scalar`), or over the named ones. */
export const mean: ReductionOperation = reductionOperation(meanPrimitive, 'float');
