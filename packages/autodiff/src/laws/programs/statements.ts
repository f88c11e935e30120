/** Random statements without functions in them: elementwise, reductions, products, movements, indexing. */
import { type Shape, sizeOf } from '@natgrad/tensor';
import { broadcast, choose, draft, EXTENTS, type Known, type Maker, same } from './scope.js';

const unary =
  (operation: string, bound: (of: number) => number): Maker =>
  (scope, context) => {
    const x = choose(scope, context, (v) => bound(v.bound) <= 60);
    return x && draft(operation, [x], x.shape, bound(x.bound));
  };

const binary =
  (operation: string, bound: (a: number, b: number) => number): Maker =>
  (scope, context) => {
    const x = choose(scope, context);
    const y = x && choose(scope, context, (v) => broadcast(x.shape, v.shape) !== null);
    return x && y && draft(operation, [x, y], broadcast(x.shape, y.shape) as Shape, bound(x.bound, y.bound));
  };

/** Over all axes or one. */
const reduction =
  (operation: string, bound: (of: number, count: number) => number): Maker =>
  (scope, context) => {
    const x = choose(scope, context, (v) => bound(v.bound, sizeOf(v.shape)) <= 60);
    if (x === null) return null;
    const all = x.shape.map((_, axis) => axis);
    const axes = x.shape.length === 0 || context.draw.boolean() ? all : [context.draw.pick(all)];
    const shape = x.shape.filter((_, axis) => !axes.includes(axis));
    return draft(operation, [x], shape, bound(x.bound, sizeOf(x.shape)), axes);
  };

const oneAxis =
  (operation: string, bound: (of: number, count: number) => number): Maker =>
  (scope, context) => {
    const x = choose(scope, context, ({ shape }) => shape.length > 0);
    return (
      x &&
      draft(operation, [x], x.shape, bound(x.bound, sizeOf(x.shape)), [context.draw.integer(0, x.shape.length - 1)])
    );
  };

const longEnough = ({ shape }: Known): boolean => shape.length > 0 && shape.length < 3;

export const movements: readonly Maker[] = [
  (scope, context) => {
    const x = choose(scope, context, ({ shape }) => shape.length > 1);
    return x && draft('transpose', [x], [...x.shape].reverse(), x.bound);
  },
  (scope, context) => {
    const x = choose(scope, context);
    return (
      x &&
      draft('reshape', [x], context.draw.boolean() || x.shape.length > 2 ? [sizeOf(x.shape)] : [1, ...x.shape], x.bound)
    );
  },
  (scope, context) => {
    const x = choose(scope, context, ({ shape }) => shape.length < 2);
    return x && draft('broadcastTo', [x], [context.draw.pick(EXTENTS), ...x.shape], x.bound);
  },
  (scope, context) => {
    const x = choose(scope, context, longEnough);
    if (x === null) return null;
    const [extent = 1, ...rest] = x.shape;
    const [from, step] = [context.draw.integer(0, extent - 1), context.draw.integer(1, 2)];
    return draft('slice', [x], [Math.ceil((extent - from) / step), ...rest], x.bound, [from, step]);
  },
  (scope, context) => {
    const x = choose(scope, context, longEnough);
    if (x === null) return null;
    const [before, after] = [context.draw.integer(0, 1), context.draw.integer(0, 1)];
    return draft('embed', [x], [(x.shape[0] as number) + before + after, ...x.shape.slice(1)], x.bound, [before]);
  },
  (scope, context) => {
    const x = choose(scope, context, longEnough);
    const y =
      x &&
      choose(scope, context, ({ shape }) => shape.length === x.shape.length && same(shape.slice(1), x.shape.slice(1)));
    return (
      x &&
      y &&
      draft(
        'concatenate',
        [x, y],
        [(x.shape[0] as number) + (y.shape[0] as number), ...x.shape.slice(1)],
        Math.max(x.bound, y.bound),
      )
    );
  },
  (scope, context) => {
    const x = choose(scope, context, ({ shape }) => shape.length < 2);
    const y = x && choose(scope, context, ({ shape }) => same(shape, x.shape));
    return x && y && draft('stack', [x, y], [2, ...x.shape], Math.max(x.bound, y.bound));
  },
  (scope, context) => {
    const x = choose(scope, context, longEnough);
    if (x === null) return null;
    const indices = Array.from({ length: context.draw.integer(1, 3) }, () =>
      context.draw.integer(0, (x.shape[0] as number) - 1),
    );
    return draft('gather', [x], [indices.length, ...x.shape.slice(1)], x.bound, indices);
  },
  (scope, context) => {
    const x = choose(scope, context, longEnough);
    const y =
      x &&
      choose(scope, context, ({ shape }) => shape.length === x.shape.length && same(shape.slice(1), x.shape.slice(1)));
    if (x === null || y === null) return null;
    const indices = Array.from({ length: y.shape[0] as number }, () =>
      context.draw.integer(0, (x.shape[0] as number) - 1),
    );
    return draft('scatterAdd', [x, y], x.shape, x.bound + y.bound * indices.length, indices);
  },
];

const matmul: Maker = (scope, context) => {
  const fits = ({ shape }: Known): boolean => shape.length === 1 || shape.length === 2;
  const x = choose(scope, context, fits);
  const inner = x?.shape.at(-1);
  const y = x && choose(scope, context, (v) => fits(v) && v.shape[0] === inner);
  return (
    x &&
    y &&
    draft('matmul', [x, y], [...x.shape.slice(0, -1), ...y.shape.slice(1)], x.bound * y.bound * (inner as number))
  );
};

const selection: Maker = (scope, context) => {
  const x = choose(scope, context);
  const alike = (): Known | null => x && choose(scope, context, ({ shape }) => same(shape, x.shape));
  const [y, a, b] = [alike(), alike(), alike()];
  return x && y && a && b && draft('selectGreater', [x, y, a, b], x.shape, Math.max(a.bound, b.bound));
};

const constant: Maker = (_scope, { draw }) => {
  const shape = Array.from({ length: draw.integer(0, 2) }, () => draw.pick(EXTENTS));
  return draft(
    'constant',
    [],
    shape,
    1,
    Array.from({ length: sizeOf(shape) }, () => draw.integer(-8, 8) / 8 + 1 / 16),
  );
};

const one = (): number => 1;
const keep = (bound: number): number => bound;
const larger = (a: number, b: number): number => Math.max(a, b);

export const simple: readonly Maker[] = [
  ...['sin', 'cos', 'tanh', 'erf', 'customSin'].map((name) => unary(name, one)),
  ...['negate', 'absolute'].map((name) => unary(name, keep)),
  ...['exp', 'expm1'].map((name) => unary(name, Math.exp)),
  unary('square', (b) => b * b),
  unary('logOnePlusSquare', (b) => Math.log1p(b * b)),
  unary('rootOnePlusSquare', (b) => 1 + b),
  ...['add', 'subtract'].map((name) => binary(name, (a, b) => a + b)),
  binary('multiply', (a, b) => a * b),
  binary('divideByOnePlusSquare', (a) => a),
  ...['maximum', 'minimum'].map((name) => binary(name, larger)),
  ...['mean', 'max', 'min'].map((name) => reduction(name, keep)),
  reduction('sum', (b, count) => b * count),
  reduction('variance', (b) => b * b),
  reduction('logsumexp', (b, count) => b + Math.log(count)),
  reduction('prod', (b, count) => b ** count),
  oneAxis('cumulativeSum', (b, count) => b * count),
  oneAxis('softmax', one),
  oneAxis('sort', keep),
  oneAxis('reverse', keep),
  matmul,
  matmul,
  selection,
  constant,
];
