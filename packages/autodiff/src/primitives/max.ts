import { max as referenceMax } from '@natgrad/tensor';
import { checkNotEmpty } from '@natgrad/tensor/internal';
import type { Primitive } from '../ir/primitive.js';
import { extremeTangent } from './_extreme.js';
import { type Axes, type ReductionOperation, reduction, reductionOperation } from './_reduction.js';

export const maxPrimitive: Primitive<Axes> = reduction({
  name: 'max',
  operands: 'any',
  evaluate: (x, axes) => referenceMax(x, axes),
  check: (x, axes) => {
    checkNotEmpty('max', x, axes);
  },
  jvp: extremeTangent,
  elements: { kind: 'distinct' },
});

/** The largest element over all axes (a `Scalar`), or over the named ones. Elements that tie share the derivative. */
export const max: ReductionOperation = reductionOperation(maxPrimitive, 'any');
