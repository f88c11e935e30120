import { argmin as referenceArgmin, type Tensor } from '@natgrad/tensor';
import { checkNotEmpty, normaliseAxis } from '@natgrad/tensor/internal';
import type { Value } from '../ir/aval.js';
import type { Primitive } from '../ir/primitive.js';
import { bind1 } from '../trace/bind.js';
import { type Axes, argReduction } from './_reduction.js';

export const argminPrimitive: Primitive<Axes> = argReduction(
  'argmin',
  (x, axis) => referenceArgmin(x, axis),
  (x, axes) => {
    checkNotEmpty('argmin', x, axes);
  },
);

/** Index of the first smallest element along `axis` (the last by default), `i32`. Carries no derivative. */
export const argmin = (x: Value, axis = -1): Tensor =>
  bind1(argminPrimitive, [x], { axes: [normaliseAxis('argmin', axis, x.shape)] });
