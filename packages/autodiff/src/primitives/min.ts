import { min as referenceMin } from '@natgrad/tensor';
import { checkNotEmpty } from '@natgrad/tensor/internal';
import type { Primitive } from '../ir/primitive.js';
import { extremeTangent } from './_extreme.js';
import { type Axes, type ReductionOperation, reduction, reductionOperation } from './_reduction.js';

export const minPrimitive: Primitive<Axes> = reduction({
  name: 'min',
  operands: 'any',
  evaluate: (x, axes) => referenceMin(x, axes),
  check: (x, axes) => {
    checkNotEmpty('min', x, axes);
  },
  jvp: extremeTangent,
  elements: { kind: 'distinct' },
});

/** The smallest element over all axes (a `Scalar`), or over the named ones. Elements that tie share the derivative. */
export const min: ReductionOperation = reductionOperation(minPrimitive, 'any');
