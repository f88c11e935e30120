/** Two primitives as a user would write them. They are records that can be changed, so that the tests can break them. */
import {
  add,
  bind1,
  broadcastTo,
  definePrimitive,
  divide,
  interval,
  isLinear,
  multiply,
  negate,
  type Primitive,
  type PrimitiveRecord,
  real,
  reshape,
  type TransposeArgument,
} from '@natgrad/autodiff';
import { fromTypedArray, type Tensor, toTypedArray, zeros } from '@natgrad/tensor';

export type None = Readonly<Record<string, never>>;

export const zip = (f: (a: number, b: number) => number, x: Tensor, y: Tensor): Tensor => {
  const [a, b] = [toTypedArray(x), toTypedArray(y)];
  return fromTypedArray(
    x.dtype === 'f32'
      ? Float32Array.from(a, (value, i) => f(value, b[i] as number))
      : Float64Array.from(a, (value, i) => f(value, b[i] as number)),
    x.shape,
  );
};

/** All arguments with a batch axis in front. */
export const stretched = (args: readonly Tensor[], batched: readonly boolean[], size: number): readonly Tensor[] =>
  args.map((x, i) => (batched[i] === true ? x : broadcastTo(reshape(x, [1, ...x.shape]), [size, ...x.shape])));

/** A record that refers to the primitive that it becomes. */
export type Open<P> = (self: () => Primitive<P>) => PrimitiveRecord<P>;

export const closed = <P>(
  record: Open<P>,
  change: (self: () => Primitive<P>) => Partial<PrimitiveRecord<P>> = () => ({}),
): Primitive<P> => {
  const primitive: Primitive<P> = definePrimitive<P>({ ...record(() => primitive), ...change(() => primitive) });
  return primitive;
};

export const openAtan2: Open<None> = (self) => ({
  name: 'atan2',
  domain: (draw) => {
    const shape = draw.shape();
    const positive = interval([0.5, 3]);
    return { args: [real(shape, positive), real(shape, interval([-3, -0.5], [0.5, 3]))], params: {} };
  },
  shape: ([y]) => [{ dtype: (y as Tensor).dtype, shape: (y as Tensor).shape }],
  evaluate: ([y, x]) => [zip(Math.atan2, y as Tensor, x as Tensor)],
  // d atan2(y, x) = (x dy − y dx) / (x² + y²)
  jvp: ([y, x], _outs, [dy, dx]) => {
    const parts = [...(dy ? [multiply(dy, x as Tensor)] : []), ...(dx ? [negate(multiply(dx, y as Tensor))] : [])];
    return [
      divide(
        parts.reduce((a, b) => add(a, b)),
        squaredRadius(y as Tensor, x as Tensor),
      ),
    ];
  },
  transpose: 'nonlinear',
  batch: (args, batched, size) => ({
    outs: [bind1(self(), stretched(args, batched, size), {})],
    batched: [true],
  }),
  lower: { kind: 'reference' },
});

export const squaredRadius = (y: Tensor, x: Tensor): Tensor => add(multiply(x, x), multiply(y, y));

export const atan2Primitive: Primitive<None> = closed(openAtan2);

export interface Weights {
  readonly a: number;
  readonly b: number;
}

/** a·x + b·y: linear, so it has a transpose. */
export const openMix: Open<Weights> = (self) => ({
  name: 'mix',
  domain: (draw) => {
    const shape = draw.shape();
    return { args: [real(shape), real(shape)], params: { a: draw.pick([2, -1]), b: draw.pick([3, 0.5]) } };
  },
  shape: ([x]) => [{ dtype: (x as Tensor).dtype, shape: (x as Tensor).shape }],
  evaluate: ([x, y], { a, b }) => [zip((p, q) => a * p + b * q, x as Tensor, y as Tensor)],
  jvp: (args, _outs, tangents, params) => [
    bind1(
      self(),
      args.map((x, i) => tangents[i] ?? zeros(x.shape, x.dtype)),
      params,
    ),
  ],
  transpose: ([ct], args, { a, b }) =>
    [a, b].map((weight, i) => (isLinear(args[i] as TransposeArgument) ? multiply(ct as Tensor, weight) : null)),
  batch: (args, batched, size, params) => ({
    outs: [bind1(self(), stretched(args, batched, size), params)],
    batched: [true],
  }),
  lower: { kind: 'composite', expand: ([x, y], { a, b }) => [add(multiply(x as Tensor, a), multiply(y as Tensor, b))] },
});

export const mixPrimitive: Primitive<Weights> = closed(openMix);
