import { argmax as referenceArgmax, type Tensor } from '@natgrad/tensor';
import { checkNotEmpty, normaliseAxis } from '@natgrad/tensor/internal';
import type { Value } from '../ir/aval.js';
import type { Primitive } from '../ir/primitive.js';
import { bind1 } from '../trace/bind.js';
import { type Axes, argReduction } from './_reduction.js';

export const argmaxPrimitive: Primitive<Axes> = argReduction(
  'argmax',
  (x, axis) => referenceArgmax(x, axis),
  (x, axes) => {
    checkNotEmpty('argmax', x, axes);
  },
);

/** Index of the first largest element along `axis` (the last by default), `i32`. Carries no derivative. */
export const argmax = (x: Value, axis = -1): Tensor =>
  bind1(argmaxPrimitive, [x], { axes: [normaliseAxis('argmax', axis, x.shape)] });
