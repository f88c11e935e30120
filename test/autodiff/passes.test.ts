/** What each pass does to the small programs that decide its choices: what is shared, merged, done again, left alone. */
import {
  absolute,
  add,
  broadcastTo,
  checkGraph,
  checkpoint,
  cholesky,
  divide,
  equal,
  exp,
  type Graph,
  greater,
  interpreter,
  jit,
  less,
  logicalAnd,
  logicalOr,
  matmul,
  maximum,
  minimum,
  multiply,
  negate,
  notEqual,
  printGraph,
  reshape,
  sin,
  sort,
  square,
  subtract,
  sum,
  tanh,
  traceGraph,
  transpose,
} from '@natgrad/autodiff';
import { arange, full, identical, ones, type Tensor, tensor, zeros } from '@natgrad/tensor';
import { describe, expect, test } from 'vitest';
import { commonSubexpressions } from '../../packages/autodiff/src/optimise/common-subexpressions.js';
import { deadCode } from '../../packages/autodiff/src/optimise/dead-code.js';
import { fold } from '../../packages/autodiff/src/optimise/fold.js';
import { inline } from '../../packages/autodiff/src/optimise/inline.js';
import { matmulOperands } from '../../packages/autodiff/src/optimise/matmul-operands.js';
import { fixpoint, type Pass } from '../../packages/autodiff/src/optimise/pass.js';
import { chainOf, definersOf, recompute, sizesOf } from '../../packages/autodiff/src/optimise/recompute.js';

const graphOf = (f: (...args: readonly never[]) => unknown, ...args: readonly Tensor[]): Graph =>
  traceGraph(f as (...values: readonly unknown[]) => unknown, ...args).graph;

/** `name inputs` of each node, and the outputs. */
const text = ({ nodes, outputs }: Graph): readonly string[] => [
  ...nodes.map(({ primitive, inputs, first }) => `${first} = ${[primitive.name, ...inputs].join(' ')}`),
  `return ${outputs.join(' ')}`,
];

/** The program after a pass, which must be a sound graph with the same results, to the bit, on the arguments given. */
const after = (pass: Pass, f: (...args: readonly never[]) => unknown, ...args: readonly Tensor[]): Graph => {
  const graph = graphOf(f, ...args);
  const result = pass.run(graph);
  checkGraph(result);
  const [expected, actual] = [graph, result].map((each) => interpreter.compile(each).run(args)) as [Tensor[], Tensor[]];
  expect(actual.every((out, k) => identical(out, expected[k] as Tensor))).toBe(true);
  return result;
};

const x = tensor([
  [1, -2, 3],
  [0.5, 4, -1],
]);
const y = exp(x);
const yes = greater(x, 0);

describe('common subexpressions', () => {
  const shared = (f: (...args: readonly never[]) => unknown, ...args: readonly Tensor[]): number =>
    after(commonSubexpressions, f, ...args).nodes.length;

  test.each([
    ['add', add],
    ['multiply', multiply],
    ['maximum', maximum],
    ['minimum', minimum],
    ['equal', equal],
    ['notEqual', notEqual],
  ] as const)('%s of swapped operands is one operation', (_, f) => {
    expect(shared((a: Tensor, b: Tensor) => [f(a, b), f(b, a)], x, y)).toBe(1);
  });

  test.each([
    ['logicalAnd', logicalAnd],
    ['logicalOr', logicalOr],
  ] as const)('%s of swapped operands is one operation', (_, f) => {
    expect(shared((a: Tensor, b: Tensor) => [f(a, b), f(b, a)], yes, less(y, 1))).toBe(1);
  });

  test.each([
    ['subtract', subtract],
    ['divide', divide],
    ['less', less],
    ['matmul', matmul],
  ] as const)('%s of swapped operands is another operation', (_, f) => {
    const [a, b] = [
      ones([2, 2]),
      tensor([
        [1, 2],
        [3, 4],
      ]),
    ];
    expect(shared((c: Tensor, d: Tensor) => [f(c, d), f(d, c)], a, b)).toBe(2);
    expect(shared((c: Tensor, d: Tensor) => [f(c, d), f(c, d)], a, b)).toBe(1);
  });

  test('operations differ by primitive, by parameters and by operands', () => {
    expect(shared((a: Tensor) => [sum(a, 0), sum(a, 1), sum(a, 0)], x)).toBe(2);
    expect(shared((a: Tensor) => [sin(a), tanh(a), sin(a)], x)).toBe(2);
    expect(shared((a: Tensor, b: Tensor) => [sin(a), sin(b), sin(a)], x, y)).toBe(2);
    // 1 and 12 against 11 and 2: operands are numbers, not their digits.
    const many = Array.from({ length: 13 }, () => ones([]));
    expect(shared((...each: readonly Tensor[]) => [add(each[1]!, each[12]!), add(each[11]!, each[2]!)], ...many)).toBe(
      2,
    );
  });

  test('what follows from shared operations is shared too', () => {
    const graph = after(commonSubexpressions, (a: Tensor) => [tanh(sin(a)), tanh(sin(a)), negate(tanh(sin(a)))], x);
    expect(text(graph)).toEqual(['1 = sin 0', '2 = tanh 1', '3 = negate 2', 'return 2 2 3']);
  });

  test('all results of an operation with several', () => {
    const f = jit((a: Tensor) => [sin(a), exp(a)] as const);
    const graph = after(
      commonSubexpressions,
      (a: Tensor) => {
        const [[s, e], [t, g]] = [f(a), f(a)];
        return [s, e, t, g];
      },
      x,
    );
    expect(text(graph)).toEqual(['1 = call 0', 'return 1 2 1 2']);
  });

  test('checkpoints are not shared', () => {
    const f = checkpoint((a: Tensor) => sin(exp(a)));
    expect(shared((a: Tensor) => [f(a), f(a)], x)).toBe(2);
  });

  describe('constants', () => {
    const constants = (first: Tensor, second: Tensor, at: Tensor): number =>
      after(commonSubexpressions, (a: Tensor) => [add(a, first), multiply(a, second)], at).constants.length;

    test('of 64 elements are one where they are equal, of 65 where they are one tensor', () => {
      const [small, large] = [arange(64), arange(65)];
      expect(constants(small, arange(64), small)).toBe(1);
      expect(constants(large, arange(65), large)).toBe(2);
      expect(constants(large, large, large)).toBe(1);
    });

    test('differ by a sign of zero, by shape and by elements, not by their bits of NaN', () => {
      const at = ones([2]);
      expect(constants(tensor([0, 1]), tensor([-0, 1]), at)).toBe(2);
      expect(constants(tensor([0, 1]), tensor([0, 1]), at)).toBe(1);
      expect(constants(tensor([NaN, 1]), tensor([NaN, 1]), at)).toBe(1);
      expect(constants(tensor([1, 12]), tensor([11, 2]), at)).toBe(2);
      const both = (first: Tensor, second: Tensor): number =>
        after(commonSubexpressions, (a: Tensor, b: Tensor) => [add(a, first), add(b, second)], first, second).constants
          .length;
      expect(both(tensor([1, 2]), tensor([[1, 2]]))).toBe(2);
      expect(both(tensor([1, 2], 'f32'), tensor([1, 2], 'f64'))).toBe(2);
      expect(both(tensor([1, 2], 'f32'), tensor([1, 2], 'f32'))).toBe(1);
    });

    test('operations on equal constants are equal', () => {
      const graph = after(
        commonSubexpressions,
        (a: Tensor) => [add(a, tensor([1, 2])), add(tensor([1, 2]), a)],
        tensor([3, 4]),
      );
      expect(text(graph)).toEqual(['2 = add 0 1', 'return 2 2']);
    });
  });

  test('a program without repetition comes back itself', () => {
    const graph = graphOf((a: Tensor) => sin(exp(a)), x);
    expect(commonSubexpressions.run(graph)).toBe(graph);
  });
});

describe('matmul operands', () => {
  const [a, b] = [reshape(arange(6), [2, 3]), reshape(arange(12), [3, 4])];
  const products = (f: (...args: readonly never[]) => unknown, ...args: readonly Tensor[]): readonly string[] =>
    printGraph(after(matmulOperands, f, ...args))
      .split('\n')
      .slice(1)
      .map((line) => line.trim());

  test('products become gemm', () => {
    expect(products((c: Tensor, d: Tensor) => matmul(c, d), a, b)).toEqual(['%2: f64[2,4] = gemm %0 %1', 'return %2']);
  });

  test.each([
    ['left', (c: Tensor, d: Tensor) => matmul(transpose(c), d), 'gemm{transposeLeft} ', [3, 2], [3, 4]],
    ['right', (c: Tensor, d: Tensor) => matmul(c, transpose(d)), 'gemm{transposeRight} ', [2, 3], [4, 3]],
    [
      'both',
      (c: Tensor, d: Tensor) => matmul(transpose(c), transpose(d)),
      'gemm{transposeLeft transposeRight} ',
      [3, 2],
      [4, 3],
    ],
    ['right, twice', (c: Tensor, d: Tensor) => matmul(c, transpose(transpose(d))), 'gemm ', [2, 3], [3, 4]],
    ['twice', (c: Tensor, d: Tensor) => matmul(transpose(transpose(c)), d), 'gemm ', [2, 3], [3, 4]],
  ] as const)('transposes of operands go into flags: %s', (_, f, flags, left, right) => {
    const args = [reshape(arange(6), left), reshape(arange(12), right)] as const;
    const graph = fixpoint('operands', [matmulOperands], 3).run(graphOf(f, ...args));
    expect(printGraph(graph)).toContain(`= ${flags}%0 %1`);
    expect(graph.nodes).toHaveLength(1);
  });

  test('a transpose of a product is a product in the other order', () => {
    const lines = products((c: Tensor, d: Tensor) => transpose(matmul(c, d)), a, b);
    expect(lines).toEqual(['%2: f64[4,2] = gemm{transposeLeft transposeRight} %1 %0', 'return %2']);
    const mixed = products((c: Tensor, d: Tensor) => transpose(matmul(transpose(c), d)), transpose(a), b);
    expect(mixed).toEqual(['%2: f64[4,2] = gemm{transposeLeft} %1 %0', 'return %2']);
  });

  test('no transpose of an accumulation, whose added matrix would have to be transposed', () => {
    const square2 = reshape(arange(4), [2, 2]);
    const graph = after(
      matmulOperands,
      (c: Tensor, d: Tensor) => transpose(add(matmul(c, d), matmul(d, c))),
      square2,
      ones([2, 2]),
    );
    expect(text(graph)).toEqual(['2 = gemm 0 1', '3 = gemm 1 0 2', '4 = transpose 3', 'return 4']);
  });

  test('only the last two axes, and those of matrices', () => {
    const deep = reshape(arange(24), [2, 3, 2, 2]);
    const count = (permutation: readonly number[], ...shape: readonly number[]): number =>
      after(
        matmulOperands,
        (c: Tensor, d: Tensor) => matmul(transpose(c, permutation), d),
        deep,
        reshape(arange(24), shape),
      ).nodes.length;
    expect(count([0, 1, 3, 2], 2, 3, 2, 2)).toBe(1);
    expect(count([1, 0, 3, 2], 3, 2, 2, 2)).toBe(2);
    expect(count([1, 0, 2, 3], 3, 2, 2, 2)).toBe(2);
    const cube = reshape(arange(8), [2, 2, 2]);
    for (const permutation of [
      [1, 0, 2],
      [1, 2, 0],
      [2, 0, 1],
      [2, 1, 0],
    ])
      expect(after(matmulOperands, (c: Tensor) => matmul(transpose(c, permutation), c), cube).nodes).toHaveLength(2);
    expect(after(matmulOperands, (c: Tensor) => matmul(transpose(c, [0, 2, 1]), c), cube).nodes).toHaveLength(1);
  });

  test('products that are read once are added into one buffer, the second into the first', () => {
    const m = reshape(arange(4), [2, 2]);
    const sums = (f: (...args: readonly never[]) => unknown): readonly string[] =>
      text(after(matmulOperands, f, m, ones([2, 2])));
    expect(sums((c: Tensor, d: Tensor) => add(matmul(c, d), matmul(d, c)))).toEqual([
      '2 = gemm 0 1',
      '3 = gemm 1 0 2',
      'return 3',
    ]);
    // Three in a row; and where the second is an accumulation already, it is the first that is added.
    expect(sums((c: Tensor, d: Tensor) => add(matmul(c, c), add(matmul(c, d), matmul(d, c))))).toEqual([
      '2 = gemm 0 1',
      '3 = gemm 1 0 2',
      '4 = gemm 0 0 3',
      'return 4',
    ]);
    // Two accumulations: there is no third buffer to add.
    expect(
      sums((c: Tensor, d: Tensor) => add(add(matmul(c, c), matmul(d, d)), add(matmul(c, d), matmul(d, c)))),
    ).toContain('6 = add 3 5');
  });

  test('a product is not added into where one of both is read again, is an output, or is no product', () => {
    const m = reshape(arange(4), [2, 2]);
    const kinds = (f: (...args: readonly never[]) => unknown): readonly string[] =>
      after(matmulOperands, f, m, ones([2, 2])).nodes.map(({ primitive }) => primitive.name);
    const plain = ['gemm', 'gemm', 'add'];
    const pair = (use: (p: Tensor, q: Tensor) => readonly Tensor[]) => (c: Tensor, d: Tensor) =>
      use(matmul(c, d), matmul(d, c));
    expect(kinds(pair((p, q) => [add(p, q), p]))).toEqual(plain);
    expect(kinds(pair((p, q) => [add(p, q), q]))).toEqual(plain);
    expect(kinds(pair((p, q) => [add(p, q), sin(q)]))).toEqual([...plain, 'sin']);
    expect(kinds((c: Tensor, d: Tensor) => add(matmul(c, d), d))).toEqual(['gemm', 'add']);
    expect(kinds((c: Tensor, d: Tensor) => add(c, matmul(c, d)))).toEqual(['gemm', 'add']);
    expect(kinds(pair((p) => [add(p, p)]))).toEqual(['gemm', 'add']);
  });

  test('other operations stay', () => {
    const graph = graphOf((c: Tensor) => sin(transpose(c)), a);
    expect(matmulOperands.run(graph)).toBe(graph);
  });
});

describe('recompute', () => {
  const m = reshape(arange(9), [3, 3]);
  /** A chain on `y`, which is read before a product and after it. */
  const far = (chain: (y: Tensor) => Tensor) => (c: Tensor) => {
    const z = tanh(c);
    const w = chain(z);
    return multiply(matmul(sin(w), z), w);
  };
  /** As in the pipeline: numbers that were stretched to a shape are numbers. */
  const folded: Pass = { name: 'folded', run: (graph) => recompute.run(fold.run(graph)) };
  const count = (f: (...args: readonly never[]) => unknown): number =>
    after(folded, f, m).nodes.length - fold.run(graphOf(f, m)).nodes.length;

  test.each<[string, (z: Tensor) => Tensor, number]>([
    ['one operation', (z) => negate(z), 1],
    ['two', (z) => subtract(1, square(z)), 3],
    ['three', (z) => negate(subtract(1, square(z))), 4],
    ['four are too many', (z) => absolute(negate(subtract(1, square(z)))), 0],
    ['add, multiply and absolute too', (z) => absolute(add(multiply(z, z), 2)), 4],
    ['nothing that is dear', (z) => exp(z), 0],
    ['nothing with something dear in it', (z) => negate(exp(z)), 1],
  ])('%s', (_, chain, more) => {
    expect(count(far(chain))).toBe(more);
  });

  test('the program afterwards, where the value is no longer kept', () => {
    // w = −z before the product and after it: the second is another node.
    expect(text(after(recompute, far(negate), m))).toEqual([
      '1 = tanh 0',
      '2 = negate 1',
      '3 = sin 2',
      '4 = matmul 3 1',
      '5 = negate 1',
      '6 = multiply 4 5',
      'return 6',
    ]);
    // Where nothing else reads the first it is gone.
    const late = (c: Tensor): Tensor => {
      const w = negate(c);
      return multiply(matmul(c, c), w);
    };
    expect(text(after(recompute, late, m))).toEqual(['1 = matmul 0 0', '2 = negate 0', '3 = multiply 1 2', 'return 3']);
  });

  test('not within one loop, nor before any product or reduction', () => {
    const graph = graphOf((c: Tensor) => {
      const w = negate(c);
      return multiply(sin(w), transpose(w));
    }, m);
    expect(recompute.run(graph)).toBe(graph);
  });

  test('a movement does not end a loop', () => {
    const graph = graphOf((c: Tensor) => {
      const w = negate(c);
      return multiply(transpose(sin(w)), w);
    }, m);
    expect(recompute.run(graph)).toBe(graph);
  });

  test('a reduction ends a loop', () => {
    const f = (c: Tensor): Tensor => {
      const w = negate(c);
      return multiply(broadcastTo(sum(w, 0), [3, 3]), w);
    };
    expect(count(f)).toBe(1);
  });

  test('inputs are read where they are, and so are values of one element', () => {
    const f = (c: Tensor): Tensor => multiply(matmul(c, c), negate(sum(c)));
    expect(recompute.run(graphOf(f, m))).toEqual(graphOf(f, m));
    const graph = graphOf((c: Tensor) => multiply(matmul(c, c), c), m);
    expect(recompute.run(graph)).toBe(graph);
  });

  test('a chain on two values stays: it would keep two instead of one', () => {
    expect(
      count((c: Tensor) => {
        const [p, q] = [tanh(c), sin(c)];
        const w = add(p, q);
        return multiply(matmul(w, w), w);
      }),
    ).toBe(0);
  });

  describe('chains', () => {
    const chain = (f: (...args: readonly never[]) => unknown, ...args: readonly Tensor[]): unknown => {
      const graph = fold.run(graphOf(f, ...args));
      return chainOf(graph, definersOf(graph), sizesOf(graph), graph.outputs[0] as number);
    };

    test('have one root, and know their scalars and nodes', () => {
      // 1 − z²: the constant is a scalar which is stretched.
      expect(chain((z: Tensor) => subtract(1, square(z)), m)).toEqual({ root: 0, scalars: [1], nodes: [0, 1, 2] });
      expect(chain((z: Tensor, s: Tensor) => multiply(z, broadcastTo(s, [3, 3])), m, ones([]))).toEqual({
        root: 0,
        scalars: [1],
        nodes: [0, 1],
      });
    });

    test('end at a stretch of more than a number', () => {
      expect(chain((z: Tensor) => negate(broadcastTo(z, [3, 3])), ones([3]))).toEqual({
        root: 1,
        scalars: [],
        nodes: [1],
      });
    });

    test('count an operation that is read twice once', () => {
      expect(
        chain((z: Tensor) => {
          const w = square(z);
          return add(multiply(w, w), w);
        }, m),
      ).toEqual({ root: 0, scalars: [], nodes: [0, 1, 2] });
    });

    test('are not inputs, numbers, stretches of more than a number, nor longer than three', () => {
      expect(chain((z: Tensor) => z, m)).toBeUndefined();
      expect(chain((z: Tensor) => sum(z), m)).toBeUndefined();
      expect(chain((z: Tensor) => negate(sum(z)), m)).toBeUndefined();
      expect(chain((z: Tensor) => broadcastTo(z, [3, 3]), ones([3]))).toBeUndefined();
      expect(chain((z: Tensor) => broadcastTo(z, [3, 3]), ones([]))).toBeUndefined();
      expect(chain((z: Tensor) => negate(negate(negate(z))), m)).toMatchObject({ nodes: [0, 1, 2] });
      expect(chain((z: Tensor) => negate(negate(negate(negate(z)))), m)).toBeUndefined();
    });
  });
});

describe('dead code', () => {
  test('drops what no output needs, and keeps inputs', () => {
    const graph = graphOf(
      (a: Tensor, b: Tensor) => {
        exp(add(b, tensor([1, 2, 3])));
        return sin(a);
      },
      x,
      y,
    );
    const result = deadCode.run(graph);
    expect([result.inputs.length, result.constants.length, text(result)]).toEqual([2, 0, ['2 = sin 0', 'return 2']]);
    expect(deadCode.run(result)).toBe(result);
  });
});

describe('inlining', () => {
  test('calls within calls become operations, in order', () => {
    const inner = jit((a: Tensor) => sin(a));
    const outer = jit((a: Tensor) => add(inner(a), inner(negate(a))));
    expect(text(after(inline, (a: Tensor) => outer(a), x))).toEqual([
      '1 = sin 0',
      '2 = negate 0',
      '3 = sin 2',
      '4 = add 1 3',
      'return 4',
    ]);
  });

  test('checkpoints stay', () => {
    const f = checkpoint((a: Tensor) => sin(a));
    expect(text(after(inline, (a: Tensor) => f(a), x))).toEqual(['1 = checkpoint 0', 'return 1']);
  });
});

describe('folding', () => {
  const folded = (f: (a: Tensor, w: Tensor) => Tensor, w: Tensor, at: Tensor): readonly string[] =>
    text(after(fold, (a: Tensor) => jit(f)(a, w), at)).length > 0
      ? text(fold.run(inline.run(graphOf((a: Tensor) => jit(f)(a, w), at))))
      : [];

  test('operations on constants are evaluated, those on inputs stay', () => {
    const at = tensor([1, 2]);
    expect(folded((a, w) => multiply(a, exp(negate(w))), tensor([1, 2]), at)).toEqual(['2 = multiply 0 1', 'return 2']);
    expect(folded((a, w) => multiply(exp(a), w), tensor([1, 2]), at)).toEqual([
      '2 = exp 0',
      '3 = multiply 2 1',
      'return 3',
    ]);
  });

  test('nothing grows, nothing that may fail or take long is evaluated', () => {
    expect(folded((a, w) => add(a, broadcastTo(w, [2, 2])), tensor([1, 2]), ones([2, 2]))).toContain(
      '2 = broadcastTo 1',
    );
    expect(folded((a, w) => add(a, matmul(w, transpose(w))), tensor([[1], [2]]), ones([2, 2])).join()).toContain(
      'matmul',
    );
    expect(folded((a, w) => add(a, matmul(transpose(w), w)), tensor([[1], [2]]), ones([1, 1])).join()).not.toContain(
      'matmul',
    );
    expect(
      folded(
        (a, w) => add(a, cholesky(w)),
        tensor([
          [1, 2],
          [2, 9],
        ]),
        ones([2, 2]),
      ).join(),
    ).toContain('cholesky');
    expect(folded((a, w) => add(a, sort(w)), tensor([2, 1]), ones([2])).join()).toContain('sort');
  });

  test('what is as large as the larger operand is not larger', () => {
    const [tall, small] = [reshape(arange(6), [3, 2]), reshape(arange(4), [2, 2])];
    const f = jit((b: Tensor, v: Tensor, w: Tensor) => add(b, matmul(v, w)));
    const graph = inline.run(graphOf((a: Tensor) => f(a, tall, small), tall));
    expect(text(fold.run(graph))).toEqual(['2 = add 0 1', 'return 2']);
  });

  test('up to 2¹⁴ elements in all', () => {
    const evaluated = (n: number): boolean => {
      const lines = folded((a, w) => add(a, sum(exp(w))), arange(n), ones([]));
      return !lines.join().includes('exp');
    };
    // A reading and a result of n elements each.
    expect([evaluated(2 ** 13), evaluated(2 ** 13 + 1)]).toEqual([true, false]);
  });

  test('a repeated number becomes a number that is stretched', () => {
    expect(folded((a, w) => add(a, w), full([2], 0.5), ones([2]))).toEqual([
      '2 = broadcastTo 1',
      '3 = add 0 2',
      'return 3',
    ]);
    expect(folded((a, w) => add(a, negate(w)), tensor([1, 1]), ones([2]))).toEqual([
      '2 = broadcastTo 1',
      '3 = negate 2',
      '4 = add 0 3',
      'return 4',
    ]);
    expect(folded((a, w) => add(a, w), tensor([0, -0]), ones([2]))).toEqual(['2 = add 0 1', 'return 2']);
    expect(folded((a, w) => add(a, w), zeros([1, 2]), ones([1, 2]))).toHaveLength(3);
  });
});

describe('a fixed point', () => {
  const counting = (changes: number): { readonly pass: Pass; readonly runs: () => number } => {
    let runs = 0;
    return {
      pass: {
        name: 'counting',
        run: (graph) => {
          runs += 1;
          return runs <= changes ? { ...graph } : graph;
        },
      },
      runs: () => runs,
    };
  };
  const graph = graphOf((a: Tensor) => sin(a), x);

  test('ends with the first turn that changes nothing', () => {
    const { pass, runs } = counting(2);
    const result = fixpoint('twice', [pass], 6).run(graph);
    expect([runs(), result === graph]).toEqual([3, false]);
  });

  test('or after the limit, with what it has', () => {
    const { pass, runs } = counting(100);
    const result = fixpoint('limit', [pass], 4).run(graph);
    expect([runs(), result === graph]).toEqual([4, false]);
  });

  test('an unchanged graph comes back itself', () => {
    expect(fixpoint('none', [counting(0).pass], 3).run(graph)).toBe(graph);
  });
});
