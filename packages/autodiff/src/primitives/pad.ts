import { pad as referencePad, type Tensor } from '@natgrad/tensor';
import { checkLiteral, padShape } from '@natgrad/tensor/internal';
import type { Aval, Value } from '../ir/aval.js';
import { real } from '../ir/domain.js';
import { definePrimitive, type Primitive } from '../ir/primitive.js';
import { bind1 } from '../trace/bind.js';
import { operand } from './_elementwise.js';
import { embed } from './embed.js';

interface Params {
  readonly low: readonly number[];
  readonly high: readonly number[];
  readonly value: number;
}

/** Padding with zeros is the linear function `embed`; this is the other, affine one. */
export const padPrimitive: Primitive<Params> = definePrimitive<Params>({
  name: 'pad',
  domain: (draw) => {
    const shape = draw.shape();
    const widths = (): number[] => shape.map(() => draw.integer(0, 2));
    return { args: [real(shape)], params: { low: widths(), high: widths(), value: draw.pick([1.5, -2]) } };
  },
  shape: (args, { low, high, value }) => {
    const x = args[0] as Aval;
    checkLiteral('pad', value, x.dtype);
    return [{ dtype: x.dtype, shape: padShape('pad', x, low, high) }];
  },
  evaluate: (args, { low, high, value }) => [referencePad(args[0] as Tensor, low, high, value)],
  jvp: (_args, outs, tangents, { low }) => [embed(tangents[0] as Value, (outs[0] as Value).shape, low)],
  transpose: 'nonlinear',
  batch: (args, _batched, _size, { low, high, value }) => ({
    outs: [bind1(padPrimitive, args, { low: [0, ...low], high: [0, ...high], value })],
    batched: [true],
  }),
  lower: { kind: 'reference' },
  print: ({ low, high, value }) => `low=[${low.join(',')}] high=[${high.join(',')}] value=${value}`,
});

/**
 * Surrounds a tensor with a constant: axis k grows from n to `low[k] + n + high[k]`.
 *
 * @param value stored in the tensor's dtype: rounded for `f32`, a whole number for `i32`, 0 or 1 for `bool`.
 * @throws `ShapeMismatch` unless there is one width for each axis; `InvalidArgument` for a negative or fractional width
 * (crop with `slice`); `DTypeMismatch` for a value that the dtype does not have.
 * @example
 * ```ts
 * console.log(toNested(pad(tensor([1, 2]), [1], [2], 9))); // [ 9, 1, 2, 9, 9 ]
 * ```
 */
export const pad = (x: Value, low: readonly number[], high: readonly number[], value = 0): Value => {
  const inner = operand('pad', x);
  const shape = padShape('pad', inner, low, high);
  // −0 is not what `embed` surrounds with.
  return Object.is(value, 0) ? embed(inner, shape, low) : bind1(padPrimitive, [inner], { low, high, value });
};
