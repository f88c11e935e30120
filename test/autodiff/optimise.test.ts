/** What the optimiser makes of programs whose best form is known, above all the Gauss-Newton operator of a policy. */
import {
  type Aval,
  add,
  checkGraph,
  checkpoint,
  divide,
  exp,
  type Graph,
  grad,
  interpreter,
  jit,
  logsumexp,
  matmul,
  mean,
  multiply,
  type Node,
  negate,
  printGraph,
  reshape,
  sin,
  stopGradient,
  subtract,
  sum,
  tanh,
  traceGraph,
  transpose,
  type Value,
  variance,
  vmap,
} from '@natgrad/autodiff';
import { traceFlat } from '@natgrad/autodiff/internal';
import {
  arange,
  describe as describeAval,
  full,
  identical,
  isNatgradError,
  type Tensor,
  tensor,
  zeros,
} from '@natgrad/tensor';
import { elements } from '@natgrad/tensor/internal';
import { describe, expect, test } from 'vitest';
import { sameParams } from '../../packages/autodiff/src/ir/same.js';
import { fuse } from '../../packages/autodiff/src/optimise/fuse.js';
import { gemmPrimitive } from '../../packages/autodiff/src/optimise/operations/gemm.js';
import { explainPasses, optimise, passes } from '../../packages/autodiff/src/optimise/pipeline.js';
import { splitGraph, transposedGraph } from '../../packages/autodiff/src/transforms/closed.js';

/** What the passes make of a graph before its operations disappear into loops. */
const unfused = (graph: Graph): Graph =>
  passes.filter((pass) => pass !== fuse).reduce((before, pass) => pass.run(before), graph);

const avalsOf = (graph: Graph): readonly Aval[] => [
  ...graph.inputs,
  ...graph.constants,
  ...graph.nodes.flatMap(({ avals }) => avals),
];

const names = (graph: Graph): readonly string[] => graph.nodes.map(({ primitive }) => primitive.name);
const count = (graph: Graph, name: string): number => names(graph).filter((each) => each === name).length;

const graphOf = (f: (...args: readonly never[]) => unknown, ...args: readonly Tensor[]): Graph =>
  traceGraph(f as (...values: readonly unknown[]) => unknown, ...args).graph;

const run = (graph: Graph, args: readonly Tensor[]): readonly Tensor[] => interpreter.compile(graph).run(args);

/** 2·rows·inner·columns over the products of a graph; those that are no gemm count too, or they would go unseen. */
const flops = (graph: Graph): number => {
  const avals = avalsOf(graph);
  return graph.nodes.reduce((total, { primitive, params, inputs, avals: [out] }) => {
    if (primitive.lower.kind !== 'matmul') return total;
    const { transposeLeft = false } = params as { readonly transposeLeft?: boolean };
    const a = avals[inputs[0] as number] as Aval;
    const inner = a.shape.at(transposeLeft ? -2 : -1) as number;
    return total + 2 * inner * (out as Aval).shape.reduce((n, extent) => n * extent, 1);
  }, 0);
};

/** Transposes that feed a product, be it through reshapes. */
const transposesBeforeProducts = (graph: Graph): readonly string[] => {
  const first = graph.inputs.length + graph.constants.length;
  const producers = new Map<number, Node>();
  for (const node of graph.nodes) for (let k = 0; k < node.avals.length; k += 1) producers.set(node.first + k, node);
  const isTranspose = (id: number): boolean => {
    const node = id < first ? undefined : producers.get(id);
    if (node?.primitive.name === 'reshape') return isTranspose(node.inputs[0] as number);
    return node?.primitive.name === 'transpose';
  };
  return graph.nodes
    .filter(({ primitive, inputs }) => primitive.lower.kind === 'matmul' && inputs.some(isTranspose))
    .map(({ first: id }) => `%${id}`);
};

const duplicates = (graph: Graph): readonly string[] =>
  graph.nodes
    .filter((node, at) =>
      graph.nodes
        .slice(0, at)
        .some(
          (other) =>
            other.primitive === node.primitive &&
            other.inputs.join() === node.inputs.join() &&
            sameParams(other.params, node.params),
        ),
    )
    .map(({ primitive, first }) => `%${first} = ${primitive.name}`);

interface Widths {
  readonly batch: number;
  readonly observation: number;
  readonly hidden: readonly number[];
  readonly action: number;
}

/** The mean of a policy: layers of tanh, traced at shapes only; parameters first, then the observations. */
const policy = ({
  batch,
  observation,
  hidden,
  action,
}: Widths): { readonly graph: Graph; readonly active: boolean[] } => {
  const sizes = [observation, ...hidden, action];
  const layers = sizes.slice(1).map((width, k) => [sizes[k] as number, width] as const);
  const avals: readonly Aval[] = [
    ...layers.flatMap(([rows, columns]): readonly Aval[] => [
      { dtype: 'f32', shape: [rows, columns] },
      { dtype: 'f32', shape: [columns] },
    ]),
    { dtype: 'f32', shape: [batch, observation] },
  ];
  const { graph } = traceFlat('policy', avals, (...values) => [
    layers.reduce<Value>((h, _, k) => {
      const z = add(matmul(h, values[2 * k] as Value), values[2 * k + 1] as Value);
      return k === layers.length - 1 ? z : tanh(z);
    }, values.at(-1) as Value),
  ]);
  return { graph, active: avals.map((_, k) => k < 2 * layers.length) };
};

/** The optimised programs of v ↦ J·v and u ↦ Jᵀ·u, traced only. */
const operatorOf = (widths: Widths): { readonly apply: Graph; readonly transposed: Graph } => {
  const { graph, active } = policy(widths);
  const { linear } = splitGraph(graph, active);
  const tangents = active.filter(Boolean).length;
  const { graph: back } = transposedGraph(
    linear,
    linear.inputs.map((_, k) => k < tangents),
    [true],
  );
  return { apply: unfused(linear), transposed: unfused(back) };
};

/** Four products for a layer, two for the first, whose input has no tangent and needs no cotangent. */
const fewest = ({ batch, observation, hidden, action }: Widths): number => {
  const sizes = [observation, ...hidden, action];
  return sizes
    .slice(1)
    .reduce((total, width, k) => total + (k === 0 ? 2 : 4) * 2 * batch * (sizes[k] as number) * width, 0);
};

describe('the Gauss-Newton product of a policy', () => {
  const cases = [[], [64], [256, 256], [32, 32, 32]].flatMap((hidden) =>
    [17, 3, 376].map((observation): readonly [string, Widths] => [
      [observation, ...hidden, 6].join('-'),
      { batch: 5000, observation, hidden, action: 6 },
    ]),
  );

  test.each(cases)('%s needs four products for a layer and two for the first', (_, widths) => {
    const { apply, transposed } = operatorOf(widths);
    expect(flops(apply) + flops(transposed)).toBe(fewest(widths));
    for (const graph of [apply, transposed]) {
      checkGraph(graph);
      expect(count(graph, 'matmul')).toBe(0);
      expect(transposesBeforeProducts(graph)).toEqual([]);
      expect(duplicates(graph)).toEqual([]);
    }
    // Of every layer but the first, both products of the tangent go into one buffer.
    const accumulations = apply.nodes.filter(
      ({ inputs, primitive }) => primitive === (gemmPrimitive as unknown) && inputs.length === 3,
    );
    expect(accumulations).toHaveLength(widths.hidden.length);
  });

  test('2.770 GFLOP for 5000 observations and 17-256-256-6', () => {
    const { apply, transposed } = operatorOf({ batch: 5000, observation: 17, hidden: [256, 256], action: 6 });
    expect((flops(apply) + flops(transposed)) / 1e9).toBeCloseTo(2.77, 3);
  });

  test('the tangent of a two-layer policy is four products, one of them into another', () => {
    const { apply } = operatorOf({ batch: 7, observation: 3, hidden: [4], action: 2 });
    expect(names(apply).filter((name) => name === 'gemm')).toHaveLength(3);
    expect(count(apply, 'transpose')).toBe(0);
  });
});

describe('passes', () => {
  const x = tensor([
    [1, -2, 3],
    [0.5, 4, -1],
  ]);

  const agree = (graph: Graph, ...args: readonly Tensor[]): Graph => {
    const result = unfused(graph);
    checkGraph(result);
    expect(run(result, args).every((out, k) => identical(out, run(graph, args)[k] as Tensor))).toBe(true);
    return result;
  };

  test('calls in calls become one program, in which work is shared across them', () => {
    const inner = jit((y: Tensor) => sin(y));
    const outer = jit((y: Tensor) => add(inner(y), inner(y)));
    const graph = agree(
      graphOf((y: Tensor) => multiply(outer(y), sin(y)), x),
      x,
    );
    expect(names(graph)).toEqual(['sin', 'add', 'multiply']);
  });

  test('what is checkpointed is not shared', () => {
    const layer = checkpoint((y: Tensor) => sin(exp(y)));
    const graph = agree(
      graphOf((y: Tensor) => grad((z: Tensor) => sum(layer(z)))(y), x),
      x,
    );
    const forward = graphOf((y: Tensor) => add(layer(y), sin(exp(y))), x);
    expect(count(graph, 'checkpoint')).toBeGreaterThan(0);
    expect(names(agree(forward, x))).toEqual(expect.arrayContaining(['checkpoint', 'exp', 'sin']));
    const twice = graphOf((y: Tensor) => add(layer(y), layer(y)), x);
    expect(count(agree(twice, x), 'checkpoint')).toBe(2);
  });

  test('stopped gradients vanish', () => {
    expect(
      names(
        agree(
          graphOf((y: Tensor) => sin(stopGradient(y)), x),
          x,
        ),
      ),
    ).toEqual(['sin']);
  });

  test('a large constant of one number is a number', () => {
    const graph = unfused(graphOf((y: Tensor) => add(y, full([5000, 256], 0.5)), zeros([5000, 256])));
    expect(graph.constants.map(describeAval)).toEqual(['f64[]']);
    expect(names(graph)).toEqual(['broadcastTo', 'add']);
  });

  test('a product of two constants that is larger than both stays a product', () => {
    const f = jit((y: Tensor, a: Tensor, b: Tensor) => add(y, matmul(a, b)));
    const graph = graphOf((y: Tensor) => f(y, tensor([[1], [2], [3]]), tensor([[1, 2, 4]])), zeros([3, 3]));
    expect(names(agree(graph, zeros([3, 3])))).toEqual(['gemm', 'add']);
    const small = graphOf((y: Tensor) => f(y, tensor([[1, 2, 4]]), tensor([[1], [2], [3]])), zeros([1, 1]));
    expect(names(agree(small, zeros([1, 1])))).not.toContain('gemm');
  });

  test('0 and −0 are not one number, NaN and NaN are', () => {
    const at = tensor([1, 2, -3]);
    const graph = agree(
      graphOf((y: Tensor) => divide(y, tensor([0, -0, 0])), at),
      at,
    );
    expect(graph.constants.map(describeAval)).toEqual(['f64[3]']);
    const undefinedNumbers = unfused(graphOf((y: Tensor) => add(y, full([3], NaN)), at));
    expect(undefinedNumbers.constants.map(describeAval)).toEqual(['f64[]']);
  });

  test('constants are computed once, and never blown up', () => {
    const weights = tensor([1, 2, 3]);
    const f = jit((y: Tensor, w: Tensor) => multiply(y, exp(negate(w))));
    const graph = agree(
      graphOf((y: Tensor) => f(y, weights), x),
      x,
    );
    expect(names(graph)).toEqual(['broadcastTo', 'multiply']);
    expect(graph.constants.map(describeAval)).toEqual(['f64[3]']);
    expect([...elements(graph.constants[0] as Tensor)]).toEqual([-1, -2, -3].map(Math.exp));
  });

  test.each([
    ['mean', mean],
    ['variance', variance],
    ['logsumexp', logsumexp],
  ] as const)('%s is expanded and special values keep their meaning', (name, f) => {
    const graph = graphOf((y: Tensor) => f(y, 1), x);
    const result = unfused(graph);
    expect(count(result, name)).toBe(0);
    const rows = [
      [1, 2, 3],
      [-Infinity, -Infinity, -Infinity],
      [Infinity, 1, 2],
      [Infinity, -Infinity, 0],
      [NaN, 1, 2],
      [-Infinity, 0, 1],
      [1000, 1000, -1000],
      [1.5e308, 1.5e308, -1e308],
    ];
    for (const dtype of ['f64', 'f32'] as const) {
      const at = tensor(rows, dtype);
      const program = graphOf((y: Tensor) => f(y, 1), at);
      const [actual, expected] = [run(unfused(program), [at])[0], run(program, [at])[0]] as [Tensor, Tensor];
      elements(actual).forEach((value, i) => {
        const wanted = elements(expected)[i] as number;
        // A unit in the last place of the largest term, for what the reference rounds once and the expansion twice.
        if (Number.isFinite(wanted))
          expect(Math.abs(value - wanted) / Math.max(1, Math.abs(wanted))).toBeLessThan(3e-7);
        else expect(value).toBe(wanted);
      });
    }
  });

  test('the mean of single precision overflows only where the mean does', () => {
    const at = full([4], 3e38, 'f32');
    const graph = graphOf((y: Tensor) => mean(y), at);
    expect(elements(run(unfused(graph), [at])[0] as Tensor)[0]).toBe(Math.fround(3e38));
  });

  test('a logsumexp of nothing stays, and is −∞', () => {
    const at = zeros([2, 0]);
    expect([
      ...elements(
        run(
          agree(
            graphOf((y: Tensor) => logsumexp(y, 1), at),
            at,
          ),
          [at],
        )[0] as Tensor,
      ),
    ]).toEqual([-Infinity, -Infinity]);
  });

  test('subtraction and division are not commutative', () => {
    const graph = graphOf((y: Tensor, z: Tensor) => [subtract(y, z), subtract(z, y), divide(y, z), divide(z, y)], x, x);
    expect(names(agree(graph, x, exp(x)))).toEqual(['subtract', 'subtract', 'divide', 'divide']);
    const same = graphOf((y: Tensor, z: Tensor) => [add(y, z), add(z, y), multiply(y, z), multiply(z, y)], x, x);
    expect(names(agree(same, x, exp(x)))).toEqual(['add', 'multiply']);
  });

  test('a product that is read twice is not added into', () => {
    const a = tensor([
      [1, 2],
      [3, 4],
    ]);
    const f = (y: Tensor, z: Tensor): readonly Tensor[] => {
      const p = matmul(y, z);
      return [add(p, matmul(z, y)), p];
    };
    expect(names(agree(graphOf(f, a, transpose(a)), a, transpose(a)))).toEqual(['gemm', 'gemm', 'add']);
    const g = (y: Tensor, z: Tensor): Tensor => add(add(matmul(y, z), matmul(z, y)), matmul(y, y));
    const graph = agree(graphOf(g, a, transpose(a)), a, transpose(a));
    expect(names(graph)).toEqual(['gemm', 'gemm', 'gemm']);
    expect(graph.nodes.map(({ inputs }) => inputs.length)).toEqual([2, 3, 3]);
  });

  test('a product that is read twice is not done twice for its transpose', () => {
    const f = (y: Tensor, z: Tensor): readonly Tensor[] => {
      const p = matmul(y, z);
      return [transpose(p), p];
    };
    expect(names(agree(graphOf(f, x, transpose(x)), x, transpose(x)))).toEqual(['gemm', 'transpose']);
  });

  test('a permutation of batch axes is no transpose of matrices', () => {
    const [a, b] = [reshape(arange(12), [2, 3, 1, 2]), reshape(arange(12), [3, 2, 1, 2])];
    const f = (y: Tensor, z: Tensor): Tensor => matmul(transpose(y, [1, 0, 3, 2]), z);
    expect(names(agree(graphOf(f, a, b), a, b))).toContain('transpose');
    const g = (y: Tensor, z: Tensor): Tensor => matmul(transpose(y, [0, 1, 3, 2]), z);
    const wide = reshape(arange(24), [3, 2, 2, 2]);
    expect(names(agree(graphOf(g, wide, wide), wide, wide))).toEqual(['gemm']);
  });

  test('transposes of operands, of results, and under a batch axis go into flags', () => {
    const f = (y: Tensor, z: Tensor): Tensor => transpose(matmul(transpose(y), z));
    const [a, b] = [
      tensor([
        [1, 2, 3],
        [4, 5, 6],
      ]),
      tensor([
        [1, 2, 3, 4],
        [5, 6, 7, 8],
      ]),
    ];
    const graph = agree(graphOf(f, a, b), a, b);
    expect(printGraph(graph)).toContain('gemm{transposeLeft} %1 %0');
    const [rows, columns] = [
      tensor([
        [
          [1, 2],
          [3, 4],
          [5, 6],
        ],
      ]),
      tensor([
        [
          [1, 2],
          [3, 4],
          [5, 6],
        ],
      ]),
    ];
    const batched = agree(
      graphOf(
        vmap((y: Tensor, z: Tensor) => matmul(transpose(y), z)),
        rows,
        columns,
      ),
      rows,
      columns,
    );
    expect(names(batched)).toEqual(['gemm']);
  });
});

describe('gemm', () => {
  const flags = { transposeLeft: false, transposeRight: false };
  const messageOf = (f: () => unknown): string => {
    try {
      f();
      return 'nothing was thrown';
    } catch (error) {
      return isNatgradError(error) ? `${error.code} ${error.message}` : String(error);
    }
  };
  const f64 = (...shape: number[]): Aval => ({ dtype: 'f64', shape });

  test('names both shapes', () => {
    expect(messageOf(() => gemmPrimitive.shape([f64(2, 3), f64(2, 4)], flags))).toContain(
      'f64[2,3] · f64[2,4]: inner dimensions 3 and 2 differ',
    );
    expect(
      messageOf(() => gemmPrimitive.shape([f64(2, 3), f64(4, 3)], { transposeLeft: true, transposeRight: true })),
    ).toContain('f64[2,3]ᵀ · f64[4,3]ᵀ');
    expect(gemmPrimitive.shape([f64(3, 2), f64(3, 4)], { ...flags, transposeLeft: true })).toEqual([f64(2, 4)]);
    expect(messageOf(() => gemmPrimitive.shape([f64(2, 3), f64(3, 4), f64(4, 2)], flags))).toContain(
      'the product is [2,4]',
    );
    expect(messageOf(() => gemmPrimitive.shape([f64(5, 2, 3), f64(3, 4)], flags))).toContain('equal batch axes');
    expect(messageOf(() => gemmPrimitive.shape([f64(2, 3), { dtype: 'f32', shape: [3, 4] }], flags))).toContain(
      'DTypeMismatch',
    );
  });

  test('is run, not transformed', () => {
    expect(messageOf(() => gemmPrimitive.jvp([], [], [], flags))).toContain('NotDifferentiable');
    const { transpose: rule } = gemmPrimitive;
    expect(messageOf(() => rule !== 'nonlinear' && rule([], [], flags))).toContain('NotDifferentiable');
    expect(messageOf(() => gemmPrimitive.batch([], [], 1, flags))).toContain('Unsupported');
  });

  test('is the product of the reference', () => {
    const [a, b] = [
      tensor([
        [1, 2, 3],
        [4, 5, 6],
      ]),
      tensor([
        [1, 0],
        [2, 1],
      ]),
    ];
    const [out] = gemmPrimitive.evaluate([a, b, full([3, 2], 1)], { ...flags, transposeLeft: true });
    expect([...elements(out as Tensor)]).toEqual([10, 5, 13, 6, 16, 7]);
  });
});

describe('the pipeline', () => {
  test('shows the graph after every pass', () => {
    const graph = graphOf((y: Tensor) => mean(exp(y)), zeros([3]));
    const steps = explainPasses(graph);
    expect(steps.map(({ name }) => name)).toEqual(passes.map(({ name }) => name));
    expect(printGraph((steps.at(-1) as (typeof steps)[number]).graph)).toBe(printGraph(optimise(graph)));
  });

  test('takes time in proportion to the program', () => {
    const program = (layers: number): Graph => {
      const f = (y: Tensor): Tensor =>
        Array.from({ length: layers }).reduce<Tensor>((h) => tanh(add(multiply(h, 0.5), matmul(h, transpose(h)))), y);
      const graph = graphOf((y: Tensor) => grad((z: Tensor) => mean(f(z)))(y), zeros([3, 3]));
      expect(graph.nodes.length).toBeGreaterThan(7 * layers);
      return graph;
    };
    // Of the processor, not of the clock, and the best of nine in turns: the machine may be busy.
    const optimising = (graph: Graph, times: number): number => {
      const start = process.cpuUsage();
      for (let i = 0; i < times; i += 1) optimise(graph);
      return process.cpuUsage(start).user;
    };
    const [small, large] = [program(40), program(320)];
    optimise(large);
    // Eight small ones, because the system counts in ticks of up to ten milliseconds.
    const times = Array.from({ length: 9 }, () => [optimising(small, 8), optimising(large, 1)] as const);
    const [less, more] = [0, 1].map((k) => Math.min(...times.map((each) => each[k] as number))) as [number, number];
    // A pass of quadratic cost would take 8 times as long.
    expect(more / less).toBeLessThan(3);
  });
});
