import { cumulativeSum as referenceCumulativeSum } from '@natgrad/tensor';
import { normaliseAxis } from '@natgrad/tensor/internal';
import type { Value } from '../ir/aval.js';
import { real } from '../ir/domain.js';
import { definePrimitive, type Primitive } from '../ir/primitive.js';
import { bind1 } from '../trace/bind.js';
import { promoteTo } from './_elementwise.js';
import { reverse } from './reverse.js';

interface Params {
  readonly axis: number;
}

export const cumulativeSumPrimitive: Primitive<Params> = definePrimitive<Params>({
  name: 'cumulativeSum',
  domain: (draw) => {
    const shape = draw.shape({ minRank: 1 });
    return { args: [real(shape)], params: { axis: draw.integer(0, shape.length - 1) } };
  },
  shape: (args) => [{ dtype: (args[0] as Value).dtype, shape: (args[0] as Value).shape }],
  evaluate: (args, { axis }) => [referenceCumulativeSum(args[0] as Value, axis)],
  jvp: (_args, _outs, tangents, { axis }) => [cumulativeSum(tangents[0] as Value, axis)],
  // xᵢ contributes to every later sum: its cotangent is the running sum from the end.
  transpose: (cotangents, _args, { axis }) => [
    reverse(cumulativeSum(reverse(cotangents[0] as Value, axis), axis), axis),
  ],
  batch: (args, _batched, _size, { axis }) => ({ outs: [cumulativeSum(args[0] as Value, axis + 1)], batched: [true] }),
  lower: { kind: 'reference' },
  print: ({ axis }) => `axis=${axis}`,
});

/** Running sum along `axis` (the last by default): element i is x₀ + … + xᵢ. */
export const cumulativeSum = (x: Value, axis = -1): Value => {
  const [value] = promoteTo('cumulativeSum', [x], 'numeric') as [Value];
  return bind1(cumulativeSumPrimitive, [value], { axis: normaliseAxis('cumulativeSum', axis, x.shape) });
};
