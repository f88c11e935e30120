/** What the operations of random programs do. */
import { fromTypedArray, type Scalar, type Shape, tensor, zeros } from '@natgrad/tensor';
import { jvp, linearize } from '../../api/forward.js';
import { checkpoint, jit } from '../../api/jit.js';
import {
  absolute,
  add,
  broadcastTo,
  concatenate,
  cond,
  cos,
  cumulativeSum,
  customJvp,
  divide,
  embed,
  erf,
  exp,
  expm1,
  gather,
  greater,
  less,
  log1p,
  logsumexp,
  matmul,
  max,
  maximum,
  mean,
  min,
  minimum,
  multiply,
  negate,
  prod,
  reshape,
  reverse,
  scan,
  scatterAdd,
  select,
  sin,
  slice,
  softmax,
  sort,
  sqrt,
  square,
  stack,
  subtract,
  sum,
  tanh,
  transpose,
  variance,
  whileLoop,
} from '../../api/ops.js';
import { grad, vjp } from '../../api/reverse.js';
import { vmap } from '../../api/vmap.js';
import { interpreter } from '../../backends/interpreter.js';
import type { Value } from '../../ir/aval.js';
import type { FlatFunction, Values } from '../subject.js';

/** Runs an operation; `shape` is that of its result. */
export type Run = (args: Values, numbers: readonly number[], bodies: readonly FlatFunction[], shape: Shape) => Value;

const elementwise =
  (f: (x: Value) => Value): Run =>
  ([x]) =>
    f(x as Value);
const pairwise =
  (f: (x: Value, y: Value) => Value): Run =>
  ([x, y]) =>
    f(x as Value, y as Value);
const along =
  (f: (x: Value, axes: readonly number[]) => Value): Run =>
  ([x], axes) =>
    f(x as Value, axes);

/** The only result of a body. */
const only = (f: FlatFunction | undefined): FlatFunction => f as FlatFunction;
const first = (values: Values): Value => values[0] as Value;
const toScalar =
  (f: FlatFunction) =>
  (x: Value): Scalar =>
    sum(first(f(x)));

const customSin = customJvp(
  (x: Value) => sin(x),
  (x, t) => multiply(t, cos(x)),
);

const runScan: Run = ([initial, sequence], [reversed, wantsCarry], [body]) => {
  const { carry, results } = scan(
    (c: Value, x: Value) => {
      const [next, result] = only(body)(c, x) as [Value, Value];
      return [next, result] as const;
    },
    initial as Value,
    sequence as Value,
    { reverse: reversed === 1 },
  );
  return wantsCarry === 1 ? carry : results;
};

const runWhile: Run = ([initial], [turns], [body]) =>
  whileLoop(
    ([n]: readonly [Value, Value]) => less(n, turns as number),
    ([n, x]: readonly [Value, Value]): readonly [Value, Value] => [add(n, 1), first(only(body)(x))],
    [zeros([], 'i32'), initial as Value],
  )[1];

/** By name. Those with a name of two words are compositions that are smooth and bounded everywhere. */
export const operations: ReadonlyMap<string, Run> = new Map<string, Run>([
  ['constant', (_args, numbers, _bodies, shape) => fromTypedArray(Float64Array.from(numbers), shape)],
  ['sin', elementwise(sin)],
  ['cos', elementwise(cos)],
  ['tanh', elementwise(tanh)],
  ['erf', elementwise(erf)],
  ['negate', elementwise(negate)],
  ['square', elementwise(square)],
  ['absolute', elementwise(absolute)],
  ['exp', elementwise(exp)],
  ['expm1', elementwise(expm1)],
  ['customSin', elementwise(customSin)],
  ['logOnePlusSquare', elementwise((x) => log1p(square(x)))],
  ['rootOnePlusSquare', elementwise((x) => sqrt(add(1, square(x))))],
  ['add', pairwise(add)],
  ['subtract', pairwise(subtract)],
  ['multiply', pairwise(multiply)],
  ['divideByOnePlusSquare', pairwise((x, y) => divide(x, add(1, square(y))))],
  ['maximum', pairwise(maximum)],
  ['minimum', pairwise(minimum)],
  ['selectGreater', ([x, y, a, b]) => select(greater(x as Value, y as Value), a as Value, b as Value)],
  ['sum', along((x, axes) => sum(x, axes))],
  ['mean', along((x, axes) => mean(x, axes))],
  ['max', along((x, axes) => max(x, axes))],
  ['min', along((x, axes) => min(x, axes))],
  ['prod', along((x, axes) => prod(x, axes))],
  ['variance', along((x, axes) => variance(x, axes))],
  ['logsumexp', along((x, axes) => logsumexp(x, axes))],
  ['cumulativeSum', along((x, [axis]) => cumulativeSum(x, axis))],
  ['softmax', along((x, [axis]) => softmax(x, axis))],
  ['sort', along((x, [axis]) => sort(x, axis))],
  ['reverse', along((x, axes) => reverse(x, axes))],
  ['transpose', elementwise((x) => transpose(x))],
  ['reshape', ([x], _numbers, _bodies, shape) => reshape(x as Value, shape)],
  ['broadcastTo', ([x], _numbers, _bodies, shape) => broadcastTo(x as Value, shape)],
  [
    'slice',
    ([x], [from, step]) => {
      const { shape } = x as Value;
      return slice(
        x as Value,
        shape.map((_, k) => (k === 0 ? (from as number) : 0)),
        shape,
        shape.map((_, k) => (k === 0 ? (step as number) : 1)),
      );
    },
  ],
  [
    'embed',
    ([x], [from], _bodies, shape) =>
      embed(
        x as Value,
        shape,
        shape.map((_, k) => (k === 0 ? (from as number) : 0)),
      ),
  ],
  ['concatenate', pairwise((x, y) => concatenate([x, y], 0))],
  ['stack', pairwise((x, y) => stack([x, y], 0))],
  ['gather', ([x], indices) => gather(x as Value, tensor(indices, 'i32'), 0)],
  ['scatterAdd', ([x, y], indices) => scatterAdd(x as Value, tensor(indices, 'i32'), y as Value, 0)],
  ['matmul', pairwise(matmul)],
  ['scan', runScan],
  ['while', runWhile],
  [
    'cond',
    ([p, x], [threshold], [onTrue, onFalse]) =>
      cond(
        greater(mean(p as Value), threshold as number),
        (y: Value) => first(only(onTrue)(y)),
        (y: Value) => first(only(onFalse)(y)),
        x as Value,
      ),
  ],
  [
    'jit',
    ([x, y], _numbers, [body]) =>
      jit((a: Value, b: Value) => first(only(body)(a, b)), { engine: interpreter })(x as Value, y as Value),
  ],
  [
    'checkpoint',
    ([x, y], _numbers, [body]) =>
      checkpoint((a: Value, b: Value) => first(only(body)(a, b)), { engine: interpreter })(x as Value, y as Value),
  ],
  [
    'vmap',
    ([x, y], [shared, outAxes], [body]) =>
      vmap((a: Value, b: Value) => first(only(body)(a, b)), {
        inAxes: [0, shared === 1 ? null : 0],
        outAxes: outAxes as number,
      })(x as Value, y as Value),
  ],
  ['grad', ([x], _numbers, [body]) => grad(toScalar(only(body)))(x as Value)],
  ['jvp', ([x, v], _numbers, [body]) => jvp((a: Value) => first(only(body)(a)), x as Value, v as Value).tangent],
  [
    'linearizeApply',
    ([x, v], _numbers, [body]) => linearize((a: Value) => first(only(body)(a)), x as Value).apply(v as Value),
  ],
  [
    'vjpOfValue',
    ([x], _numbers, [body]) => {
      const { value, pullback } = vjp((a: Value) => first(only(body)(a)), x as Value);
      return pullback(value);
    },
  ],
]);
