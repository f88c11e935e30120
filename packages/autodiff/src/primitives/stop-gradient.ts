import type { Tensor } from '@natgrad/tensor';
import type { Value } from '../ir/aval.js';
import { real } from '../ir/domain.js';
import { definePrimitive, type Primitive } from '../ir/primitive.js';
import { bind1 } from '../trace/bind.js';
import type { None } from './_elementwise.js';

export const stopGradientPrimitive: Primitive<None> = definePrimitive<None>({
  name: 'stopGradient',
  domain: (draw) => ({ args: [real(draw.shape())], params: {} }),
  shape: (args) => [{ dtype: (args[0] as Value).dtype, shape: (args[0] as Value).shape }],
  evaluate: (args) => [args[0] as Tensor],
  jvp: () => [null],
  transpose: 'nonlinear',
  batch: (args) => ({ outs: [stopGradient(args[0] as Value)], batched: [true] }),
  declaresDerivative: true,
  lower: { kind: 'movement', name: 'stopGradient' },
});

/** The same value, seen as a constant by every derivative. */
export const stopGradient = <T extends Value>(x: T): T => bind1(stopGradientPrimitive, [x], {}) as T;
