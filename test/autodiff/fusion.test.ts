/** Which operations become one loop, and what is never one: the choices of fusion, on programs small enough to see them. */
import {
  add,
  broadcastTo,
  cast,
  checkGraph,
  cumulativeSum,
  exp,
  type Graph,
  greater,
  interpreter,
  logicalNot,
  matmul,
  max,
  multiply,
  negate,
  power,
  prod,
  reshape,
  select,
  sin,
  sort,
  square,
  subtract,
  sum,
  tanh,
  traceGraph,
  transpose,
} from '@natgrad/autodiff';
import { avalOf } from '@natgrad/autodiff/internal';
import { arange, identical, ones, type Tensor, zeros } from '@natgrad/tensor';
import { describe, expect, test } from 'vitest';
import { fuse } from '../../packages/autodiff/src/optimise/fuse.js';
import {
  broadcastPlacement,
  isElementwise,
  reductionOf,
  reductionPlacement,
  spaceOf,
  squeezed,
} from '../../packages/autodiff/src/optimise/loop-space.js';
import type { FusedParams } from '../../packages/autodiff/src/optimise/operations/fused.js';

const graphOf = (f: (...args: readonly never[]) => unknown, ...args: readonly Tensor[]): Graph =>
  traceGraph(f as (...values: readonly unknown[]) => unknown, ...args).graph;

const inside = ({ primitive, params }: Graph['nodes'][number]): string =>
  primitive.name === 'fused'
    ? `[${(params as FusedParams).graph.nodes.map((node) => node.primitive.name).join(' ')}]`
    : primitive.name;

/** The program after fusion: loops in brackets, which must mean the same as before, to the bit. */
const loops = (f: (...args: readonly never[]) => unknown, ...args: readonly Tensor[]): readonly string[] => {
  const graph = graphOf(f, ...args);
  const fused = fuse.run(graph);
  checkGraph(fused);
  const [expected, actual] = [graph, fused].map((each) => interpreter.compile(each).run(args)) as [Tensor[], Tensor[]];
  expect(actual.every((out, k) => identical(out, expected[k] as Tensor))).toBe(true);
  return fused.nodes.map(inside);
};

const x = reshape(arange(12), [3, 4]);
const [row, column, number] = [ones([4]), ones([3, 1]), ones([])];

describe('one loop', () => {
  test('chains of elementwise operations, and trees of them', () => {
    expect(loops((a: Tensor) => sin(exp(negate(a))), x)).toEqual(['[negate exp sin]']);
    expect(loops((a: Tensor, b: Tensor) => add(sin(a), exp(b)), x, x)).toEqual(['[sin exp add]']);
    expect(loops((a: Tensor) => [sin(a), exp(a)], x)).toEqual(['[sin]', '[exp]']);
    const shared = (a: Tensor): readonly Tensor[] => {
      const s = sin(a);
      return [negate(s), exp(s)];
    };
    expect(loops(shared, x)).toEqual(['[sin negate exp]']);
  });

  test('rows, columns and numbers that are stretched to the space of the loop', () => {
    for (const other of [row, column, number])
      expect(loops((a: Tensor, b: Tensor) => negate(multiply(a, broadcastTo(b, [3, 4]))), x, other)).toEqual([
        '[broadcastTo multiply negate]',
      ]);
    expect(
      loops(
        (a: Tensor, b: Tensor, c: Tensor) => add(multiply(a, broadcastTo(b, [3, 4])), broadcastTo(c, [3, 4])),
        x,
        row,
        column,
      ),
    ).toEqual(['[broadcastTo multiply broadcastTo add]']);
  });

  test('reshapes that only add or drop axes of extent 1', () => {
    expect(loops((a: Tensor) => negate(reshape(sin(a), [3, 1, 4])), x)).toEqual(['[sin reshape negate]']);
    // Another order of rows and columns is another space.
    expect(loops((a: Tensor) => negate(reshape(sin(a), [4, 3])), x)).toEqual(['[sin]', 'reshape', '[negate]']);
  });

  test('reductions to rows, to columns and to a number end it', () => {
    expect(loops((a: Tensor) => sum(square(a), 0), x)).toEqual(['[square sum]']);
    expect(loops((a: Tensor) => sum(square(a), 1), x)).toEqual(['[square sum]']);
    expect(loops((a: Tensor) => sum(square(a)), x)).toEqual(['[square sum]']);
    const both = (a: Tensor): readonly Tensor[] => {
      const s = square(a);
      return [sum(s, 1), max(s, 1)];
    };
    expect(loops(both, x)).toEqual(['[square sum max]']);
    // What reads a reduction has a loop of its own.
    expect(loops((a: Tensor) => multiply(a, broadcastTo(sum(square(a)), [3, 4])), x)).toEqual([
      '[square sum]',
      '[broadcastTo multiply]',
    ]);
    expect(loops((a: Tensor) => exp(sum(square(a))), x)).toEqual(['[square sum]', '[exp]']);
  });

  test('values that others read too are results of it, in order', () => {
    const f = (a: Tensor): readonly Tensor[] => {
      const s = sin(a);
      const n = negate(s);
      return [exp(n), s];
    };
    const graph = fuse.run(graphOf(f, x));
    expect(graph.nodes.map(inside)).toEqual(['[sin negate exp]']);
    expect(graph.nodes[0]?.avals).toHaveLength(2);
    expect(graph.outputs).toEqual([2, 1]);
  });
});

describe('no loop', () => {
  test('matrix products, sorts, cumulative sums, transposes', () => {
    expect(loops((a: Tensor) => matmul(a, transpose(a)), x)).toEqual(['transpose', 'matmul']);
    expect(loops((a: Tensor) => sort(a), x)).toEqual(['sort']);
    expect(loops((a: Tensor) => cumulativeSum(negate(a), 0), x)).toEqual(['[negate]', 'cumulativeSum']);
  });

  test('products of the elements, and sums of whole numbers', () => {
    expect(loops((a: Tensor) => prod(negate(a), 0), x)).toEqual(['[negate]', 'prod']);
    expect(loops((a: Tensor) => sum(a, 0), arange(0, 6, 1, 'i32'))).toEqual(['sum']);
  });

  test('a reduction over axes that are neither all first nor all last', () => {
    expect(loops((a: Tensor) => sum(negate(a), [0, 2]), reshape(arange(24), [2, 3, 4]))).toEqual(['[negate]', 'sum']);
    expect(loops((a: Tensor) => sum(negate(a), [0, 1]), reshape(arange(24), [2, 3, 4]))).toEqual(['[negate sum]']);
    expect(loops((a: Tensor) => sum(negate(a), [1, 2]), reshape(arange(24), [2, 3, 4]))).toEqual(['[negate sum]']);
    // Axes of extent 1 count for nothing.
    expect(loops((a: Tensor) => sum(negate(a), [0, 2]), reshape(arange(12), [3, 1, 4]))).toEqual(['[negate sum]']);
  });

  test('two that read each other through a product', () => {
    const f = (a: Tensor): Tensor => {
      const s = sin(a);
      return add(s, matmul(s, s));
    };
    expect(loops(f, ones([2, 2]))).toEqual(['[sin]', 'matmul', '[add]']);
    // Nor two of which the second needs a product of the first, by way of a third.
    const g = (a: Tensor): Tensor => {
      const s = sin(a);
      const e = exp(matmul(s, s));
      return multiply(s, e);
    };
    expect(loops(g, ones([2, 2]))).toEqual(['[sin]', 'matmul', '[exp multiply]']);
  });

  test('what comes after a product does not move before it', () => {
    const f = (a: Tensor): readonly Tensor[] => {
      const s = sin(a);
      const p = matmul(s, s);
      return [p, negate(s)];
    };
    expect(loops(f, ones([2, 2]))).toEqual(['[sin]', 'matmul', '[negate]']);
    expect(
      loops(
        (a: Tensor) => {
          const s = sin(a);
          const p = matmul(reshape(s, [4, 1]), ones([1, 1]));
          return [p, negate(s)];
        },
        ones([2, 2]),
      ),
    ).toEqual(['[sin]', 'reshape', 'matmul', '[negate]']);
  });

  test('operations in different spaces, or with different splits', () => {
    expect(loops((a: Tensor, b: Tensor) => [negate(a), negate(b)], x, row)).toEqual(['[negate]', '[negate]']);
    const cube = reshape(arange(24), [2, 3, 4]);
    const f = (a: Tensor, b: Tensor, c: Tensor): Tensor =>
      add(multiply(a, broadcastTo(b, [2, 3, 4])), broadcastTo(c, [2, 3, 4]));
    // Rows of [2] and columns of [3, 4], then rows of [2, 3] and columns of [4].
    expect(loops(f, cube, ones([3, 4]), ones([4]))).toEqual(['[broadcastTo multiply]', '[broadcastTo add]']);
  });

  test('more than a hundred operations', () => {
    const chain = (length: number) => (a: Tensor) => Array.from({ length }).reduce<Tensor>((each) => negate(each), a);
    expect(loops(chain(100), x)).toHaveLength(1);
    expect(loops(chain(101), x)).toHaveLength(2);
  });

  test('nothing to fuse: the very graph', () => {
    const graph = graphOf((a: Tensor) => matmul(a, a), ones([2, 2]));
    expect(fuse.run(graph)).toBe(graph);
  });
});

describe('inputs and constants of a loop', () => {
  test('numbers go inside, larger constants stay outside, and are read once', () => {
    const weights = arange(12, 24);
    const graph = graphOf((a: Tensor) => {
      const w = reshape(weights, [3, 4]);
      return add(multiply(a, w), add(w, 2));
    }, x);
    const fused = fuse.run(graph);
    checkGraph(fused);
    for (const node of fused.nodes) {
      expect(new Set(node.inputs).size).toBe(node.inputs.length);
      if (node.primitive.name === 'fused')
        for (const constant of (node.params as FusedParams).graph.constants) expect(constant.size).toBe(1);
    }
  });
});

describe('index spaces', () => {
  test('axes of extent 1 do not count', () => {
    expect([squeezed([1, 3, 1, 4]), spaceOf([3, 1, 4]) === spaceOf([3, 4])]).toEqual([[3, 4], true]);
    expect(spaceOf([3, 4]) === spaceOf([4, 3])).toBe(false);
    expect(spaceOf([1, 1])).toBe(spaceOf([]));
  });

  test.each<[readonly number[], readonly number[], unknown]>([
    [[3, 4], [3, 4], { layout: 'full', split: undefined }],
    [[], [3, 4], { layout: 'scalar', split: undefined }],
    [[1, 1], [3, 4], { layout: 'scalar', split: undefined }],
    [[4], [3, 4], { layout: 'row', split: 1 }],
    [[3, 1], [3, 4], { layout: 'column', split: 1 }],
    [[3, 4], [2, 3, 4], { layout: 'row', split: 1 }],
    [[4], [2, 3, 4], { layout: 'row', split: 2 }],
    [[2, 3, 1], [2, 3, 4], { layout: 'column', split: 2 }],
    [[2, 1, 1], [2, 3, 4], { layout: 'column', split: 1 }],
    [[3, 1], [2, 3, 4], null],
    [[2, 1, 4], [2, 3, 4], null],
    [[2, 1, 4], [2, 1, 4], { layout: 'full', split: undefined }],
    [[1, 4], [2, 1, 4], { layout: 'row', split: 1 }],
  ])('%j broadcast to %j', (from, to, expected) => {
    expect(broadcastPlacement(from, to)).toEqual(expected);
  });

  test.each<[readonly number[], readonly number[], unknown]>([
    [[3, 4], [0], { layout: 'row', split: 1 }],
    [[3, 4], [1], { layout: 'column', split: 1 }],
    [[3, 4], [0, 1], { layout: 'scalar', split: undefined }],
    [[3, 4], [], { layout: 'full', split: undefined }],
    [[2, 3, 4], [0, 2], null],
    [[2, 3, 4], [1], null],
    [[2, 1, 4], [1], { layout: 'full', split: undefined }],
    [[2, 1, 4], [2], { layout: 'column', split: 1 }],
  ])('%j reduced over %j', (from, axes, expected) => {
    expect(reductionPlacement(from, axes)).toEqual(expected);
  });

  const last = (f: (...args: readonly never[]) => unknown, ...args: readonly Tensor[]): boolean => {
    const graph = graphOf(f, ...args);
    const node = graph.nodes.at(-1) as Graph['nodes'][number];
    const avals = [...graph.inputs, ...graph.constants.map(avalOf), ...graph.nodes.flatMap(({ avals: each }) => each)];
    return isElementwise(
      node,
      node.inputs.map((id) => avals[id]!),
    );
  };

  test('operations that loops know, by dtype', () => {
    const [f, i, b] = [zeros([2], 'f32'), zeros([2], 'i32'), zeros([2], 'bool')];
    expect(last((a: Tensor) => exp(a), f)).toBe(true);
    expect(last((a: Tensor) => negate(a), i)).toBe(true);
    expect(last((a: Tensor, c: Tensor) => power(a, c), f, f)).toBe(true);
    expect(last((a: Tensor, c: Tensor) => greater(a, c), i, i)).toBe(true);
    expect(last((a: Tensor) => logicalNot(a), b)).toBe(true);
    expect(last((a: Tensor) => cast(a, 'i32'), f)).toBe(false);
    expect(last((a: Tensor) => cast(a, 'i32'), b)).toBe(true);
    expect(last((a: Tensor) => cast(a, 'f32'), i)).toBe(true);
    expect(last((c: Tensor, a: Tensor) => select(c, a, a), b, f)).toBe(true);
    expect(last((c: Tensor) => select(c, c, c), b)).toBe(false);
    expect(last((a: Tensor) => sum(a), f)).toBe(false);
    expect(last((a: Tensor) => transpose(a), zeros([2, 2]))).toBe(false);
  });

  test('reductions that loops know', () => {
    const kind = (f: (a: Tensor) => Tensor, dtype: 'f64' | 'i32' = 'f64'): unknown => {
      const graph = graphOf(f, zeros([2, 3], dtype));
      const node = graph.nodes.at(-1) as Graph['nodes'][number];
      return reductionOf(node, [{ dtype, shape: [2, 3] }]);
    };
    expect(kind((a) => sum(a, 1))).toEqual({ name: 'sum', axes: [1] });
    expect(kind((a) => max(a, 0))).toEqual({ name: 'max', axes: [0] });
    expect(kind((a) => sum(a, 1), 'i32')).toBeNull();
    expect(kind((a) => prod(a, 1))).toBeNull();
    expect(kind((a) => tanh(a))).toBeNull();
    expect(kind((a) => subtract(a, 1))).toBeNull();
  });
});
