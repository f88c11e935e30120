import { type DType, isFloat, cast as referenceCast, type Tensor } from '@natgrad/tensor';
import type { Value } from '../ir/aval.js';
import { interval, real } from '../ir/domain.js';
import { definePrimitive, type Primitive, type TransposeArgument } from '../ir/primitive.js';
import { bind1 } from '../trace/bind.js';
import { batchElementwise } from './_elementwise.js';

interface Params {
  readonly dtype: DType;
}

export const castPrimitive: Primitive<Params> = definePrimitive<Params>({
  name: 'cast',
  // To f32 the laws' finite differences would measure rounding; its rule is that of the identity on f64.
  domain: (draw) => ({
    args: [real(draw.shape(), interval([0.2, 0.8], [1.2, 1.8]))],
    params: { dtype: draw.pick<DType>(['f64', 'i32', 'bool']) },
  }),
  shape: (args, { dtype }) => [{ dtype, shape: (args[0] as Value).shape }],
  evaluate: (args, { dtype }) => [referenceCast(args[0] as Tensor, dtype)],
  jvp: (_args, _outs, tangents, { dtype }) => [isFloat(dtype) ? cast(tangents[0] as Value, dtype) : null],
  transpose: (cotangents, args) => [cast(cotangents[0] as Value, (args[0] as TransposeArgument).dtype)],
  batch: batchElementwise(() => castPrimitive),
  lower: { kind: 'elementwise', name: 'cast' },
  print: ({ dtype }) => dtype,
});

/** Converts to another dtype; to `i32` truncates toward zero, to `bool` is `x ≠ 0`. Integers carry no derivative. */
export const cast = (x: Value, dtype: DType): Value => (x.dtype === dtype ? x : bind1(castPrimitive, [x], { dtype }));
