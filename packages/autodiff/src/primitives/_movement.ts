/** The family of movements: linear functions that put elements elsewhere. */
import type { Tensor } from '@natgrad/tensor';
import type { Aval, Value } from '../ir/aval.js';
import { type Domain, type Draw, real } from '../ir/domain.js';
import { definePrimitive, type Primitive, type TransposeArgument } from '../ir/primitive.js';
import { bind1 } from '../trace/bind.js';

export interface MovementRecord<P> {
  readonly name: string;
  /** Parameters that fit an argument of the given shape. */
  readonly params: (draw: Draw, shape: readonly number[]) => P;
  readonly shape: (x: Aval, params: P) => readonly number[];
  readonly evaluate: (x: Tensor, params: P) => Tensor;
  /** Cotangent of the argument, whose dtype and shape `x` tells. */
  readonly transpose: (cotangent: Value, x: Aval, params: P) => Value;
  /** The parameters that do the same behind a batch axis in front. */
  readonly batch: (params: P, size: number) => P;
  readonly print: (params: P) => string;
}

export function movement<P>(record: MovementRecord<P>): Primitive<P> {
  const { name } = record;
  const domain: Domain<P> = (draw) => {
    const shape = draw.shape();
    return { args: [real(shape)], params: record.params(draw, shape) };
  };
  const primitive: Primitive<P> = definePrimitive<P>({
    name,
    domain,
    shape: (args, params) => {
      const x = args[0] as Aval;
      return [{ dtype: x.dtype, shape: record.shape(x, params) }];
    },
    evaluate: (args, params) => [record.evaluate(args[0] as Tensor, params)],
    jvp: (_args, _outs, tangents, params) => [bind1(primitive, [tangents[0] as Value], params)],
    transpose: (cotangents, args, params) => [
      record.transpose(cotangents[0] as Value, args[0] as TransposeArgument, params),
    ],
    batch: (args, _batched, size, params) => ({
      outs: [bind1(primitive, args, record.batch(params, size))],
      batched: [true],
    }),
    lower: { kind: 'movement', name },
    print: record.print,
  });
  return primitive;
}
