import { concatenate as referenceConcatenate } from '@natgrad/tensor';
import { checkList, concatenateShape } from '@natgrad/tensor/internal';
import type { Aval, MaybeZero, Value } from '../ir/aval.js';
import { real } from '../ir/domain.js';
import { definePrimitive, isLinear, type Primitive } from '../ir/primitive.js';
import { bind1 } from '../trace/bind.js';
import { type Axis, axisOf, printAxis, sliceAlong } from './_axis.js';
import { withBatchAxis } from './_elementwise.js';
import { instantiate } from './_zero.js';

export const concatenatePrimitive: Primitive<Axis> = definePrimitive<Axis>({
  name: 'concatenate',
  domain: (draw) => {
    const shape = draw.shape({ minRank: 1 });
    const axis = draw.integer(0, shape.length - 1);
    const extents = Array.from({ length: draw.integer(1, 3) }, () => draw.integer(0, 3));
    return {
      args: extents.map((own) => real(shape.map((extent, k) => (k === axis ? own : extent)))),
      params: { axis },
    };
  },
  shape: (args, { axis }) => [{ dtype: (args[0] as Aval).dtype, shape: concatenateShape('concatenate', args, axis) }],
  evaluate: (args, { axis }) => [referenceConcatenate(args, axis)],
  jvp: (args, _outs, tangents, params) => [
    bind1(
      concatenatePrimitive,
      args.map((arg, i) => instantiate(tangents[i] ?? null, arg)),
      params,
    ),
  ],
  transpose: (cotangents, args, { axis }) => {
    const extents = args.map((arg) => arg.shape[axis] as number);
    const start = (i: number): number => extents.slice(0, i).reduce((total, extent) => total + extent, 0);
    return args.map(
      (arg, i): MaybeZero => (isLinear(arg) ? sliceAlong(cotangents[0] as Value, axis, start(i), start(i + 1)) : null),
    );
  },
  batch: (args, batched, size, { axis }) => {
    const all = args.map((arg, i) => withBatchAxis(arg, batched[i] === true, size));
    return { outs: [bind1(concatenatePrimitive, all, { axis: axis + 1 })], batched: [true] };
  },
  lower: { kind: 'movement', name: 'concatenate' },
  print: printAxis,
});

/**
 * Joins tensors end to end along an axis that they have: `[…, nᵢ, …]` give `[…, Σ nᵢ, …]`. All other extents are equal,
 * and so are the dtypes (nothing is promoted).
 *
 * @throws `InvalidArgument` for an empty list or a wrong axis, `DTypeMismatch`, `ShapeMismatch` (rank 0 included: use
 * `stack`).
 * @example
 * ```ts
 * const withBias = (x: Tensor) => concatenate([x, ones([1])]);
 * console.log(toNested(withBias(tensor([2, 3])))); // [ 2, 3, 1 ]
 * ```
 */
export const concatenate = (tensors: readonly Value[], axis = 0): Value => {
  checkList('concatenate', tensors);
  concatenateShape('concatenate', tensors, axis);
  const first = tensors[0] as Value;
  return tensors.length === 1
    ? first
    : bind1(concatenatePrimitive, tensors, { axis: axisOf('concatenate', first, axis) });
};
