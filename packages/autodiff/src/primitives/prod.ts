import { eye, prod as referenceProd, sizeOf } from '@natgrad/tensor';
import type { Value } from '../ir/aval.js';
import { interval } from '../ir/domain.js';
import type { Primitive } from '../ir/primitive.js';
import { type Axes, type ReductionOperation, reduction, reductionOperation } from './_reduction.js';
import { broadcastTo } from './broadcast-to.js';
import { multiply } from './multiply.js';
import { reshape } from './reshape.js';
import { select } from './select.js';
import { sum } from './sum.js';
import { transpose } from './transpose.js';

/** Moves `axes` to the end and joins them into one. */
function rows(x: Value, axes: readonly number[]): Value {
  const kept = x.shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  const extents = kept.map((axis) => x.shape[axis] as number);
  return reshape(transpose(x, [...kept, ...axes]), [...extents, sizeOf(axes.map((axis) => x.shape[axis] as number))]);
}

export const prodPrimitive: Primitive<Axes> = reduction({
  name: 'prod',
  operands: 'numeric',
  evaluate: (x, axes) => referenceProd(x, axes),
  // Σᵢ ẋᵢ ∏_{j≠i} xⱼ with the products formed afresh (n² work): dividing the whole product by xᵢ fails at zeros.
  jvp: (t, x, _out, axes) => {
    const values = rows(x, axes);
    const count = values.shape.at(-1) as number;
    const square = [...values.shape, count];
    const repeated = broadcastTo(reshape(values, [...values.shape.slice(0, -1), 1, count]), square);
    const others = prod(select(broadcastTo(eye(count, 'bool'), square), 1, repeated), -1);
    return sum(multiply(rows(t, axes), others), -1);
  },
  elements: interval([-2, 2]),
});

/** Π x over all axes (a `Scalar`), or over the named ones. Nothing multiplies to 1. Differentiable at zeros too. */
export const prod: ReductionOperation = reductionOperation(prodPrimitive, 'numeric');
