import { type DType, oneHot as referenceOneHot, type Tensor } from '@natgrad/tensor';
import { oneHotShape } from '@natgrad/tensor/internal';
import type { Aval, Value } from '../ir/aval.js';
import { integers } from '../ir/domain.js';
import { definePrimitive, type Primitive } from '../ir/primitive.js';
import { bind1 } from '../trace/bind.js';

interface Params {
  readonly depth: number;
  readonly dtype: DType;
}

export const oneHotPrimitive: Primitive<Params> = definePrimitive<Params>({
  name: 'oneHot',
  domain: (draw) => {
    const depth = draw.integer(1, 4);
    return {
      args: [integers(draw.shape(), 0, depth - 1)],
      params: { depth, dtype: draw.pick<DType>(['f64', 'i32', 'bool']) },
    };
  },
  shape: (args, { depth, dtype }) => [{ dtype, shape: oneHotShape('oneHot', args[0] as Aval, depth) }],
  evaluate: (args, { depth, dtype }) => [referenceOneHot(args[0] as Tensor, depth, dtype)],
  jvp: () => [null],
  transpose: 'nonlinear',
  // The new axis is the last one, whatever stands in front.
  batch: (args, _batched, _size, params) => ({ outs: [bind1(oneHotPrimitive, args, params)], batched: [true] }),
  lower: { kind: 'reference' },
  print: ({ depth, dtype }) => `depth=${depth} ${dtype}`,
});

/**
 * Unit vectors: the shape is `indices.shape ++ [depth]`, 1 where the last index equals the entry of `indices`, 0 elsewhere.
 * Carries no derivative.
 *
 * @throws `DTypeMismatch` unless the indices are `i32`; `OutOfRange` when one is outside `[0, depth)`.
 * @example
 * ```ts
 * console.log(toNested(oneHot(tensor([1, 0], 'i32'), 3))); // [ [ 0, 1, 0 ], [ 1, 0, 0 ] ]
 * ```
 */
export const oneHot = (indices: Value, depth: number, dtype: DType = 'f64'): Value =>
  bind1(oneHotPrimitive, [indices], { depth, dtype });
