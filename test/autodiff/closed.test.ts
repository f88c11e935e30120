/** Derived graphs: made once, and with exactly the inputs and outputs that they say. */
import {
  add,
  dot,
  type Graph,
  grad,
  interpreter,
  matmul,
  multiply,
  sin,
  traceGraph,
  type Value,
  vmap,
} from '@natgrad/autodiff';
import { traceFlat } from '@natgrad/autodiff/internal';
import { greater, item, type Tensor, tensor, toNested, zeros } from '@natgrad/tensor';
import { describe, expect, test } from 'vitest';
import type { TransposeArgument } from '../../packages/autodiff/src/ir/primitive.js';
import { withBatchAxis } from '../../packages/autodiff/src/primitives/_elementwise.js';
import { matmulPrimitive } from '../../packages/autodiff/src/primitives/matmul.js';
import { selectPrimitive } from '../../packages/autodiff/src/primitives/select.js';
import {
  batchedGraph,
  batchedOutputs,
  dualGraph,
  pick,
  scatter,
  splitGraph,
  transposedGraph,
} from '../../packages/autodiff/src/transforms/closed.js';
import { errorOf } from '../errors.js';

const aval = { dtype: 'f64', shape: [2] } as const;
const trace = (f: (...args: readonly [Value, Value]) => readonly Value[]): Graph =>
  traceFlat('program', [aval, aval], (...args) => f(...(args as [Value, Value]))).graph;
const run = (graph: Graph, ...args: readonly Tensor[]): readonly unknown[] =>
  interpreter.compile(graph).run(args).map(toNested);

/** The second output does not depend on x, the third on nothing that is differentiated. */
const program = trace((x, y) => [multiply(sin(x), y), sin(y), tensor([5, 6])]);
const [x, y, t] = [tensor([1, 2]), tensor([3, 4]), tensor([10, 20])];
const [cos1, cos2] = [Math.cos(1), Math.cos(2)];

describe('forward mode', () => {
  test('outputs, then the tangents that are not zero', () => {
    const { graph, nonzero } = dualGraph(program, [true, false]);
    expect(nonzero).toEqual([true, false, false]);
    expect(run(graph, x, y, t)).toEqual([
      [3 * Math.sin(1), 4 * Math.sin(2)],
      [Math.sin(3), Math.sin(4)],
      [5, 6],
      [10 * cos1 * 3, 20 * cos2 * 4],
    ]);
  });

  test('tangents only, those that are asked for as tensors among them', () => {
    const only = dualGraph(program, [true, false], { tangentsOnly: true });
    expect([only.nonzero, run(only.graph, x, y, t)]).toEqual([[true, false, false], [[10 * cos1 * 3, 20 * cos2 * 4]]]);
    const forced = dualGraph(program, [true, false], { tangentsOnly: true, force: [false, false, true] });
    expect([forced.nonzero, run(forced.graph, x, y, t)[1]]).toEqual([
      [true, false, true],
      [0, 0],
    ]);
    // What is not zero stays what it is.
    const both = dualGraph(program, [true, false], { tangentsOnly: true, force: [true, true, false] });
    expect(run(both.graph, x, y, t)).toEqual([
      [10 * cos1 * 3, 20 * cos2 * 4],
      [0, 0],
    ]);
  });

  test('is derived once for each question', () => {
    const first = dualGraph(program, [true, false]);
    expect(dualGraph(program, [true, false])).toBe(first);
    for (const other of [
      dualGraph(program, [true, true]),
      dualGraph(program, [true, false], { tangentsOnly: true }),
      dualGraph(program, [true, false], { force: [false, true, false] }),
      dualGraph(
        trace((a) => [a]),
        [true, false],
      ),
    ])
      expect(other).not.toBe(first);
    expect(dualGraph(program, [true, false], { force: [true, false] })).not.toBe(
      dualGraph(program, [true, false], { force: [false, true] }),
    );
  });
});

describe('linearisation', () => {
  test('residuals are outputs of the known part and inputs of the linear one', () => {
    const split = splitGraph(program, [true, false]);
    expect(splitGraph(program, [true, false])).toBe(split);
    expect(splitGraph(program, [false, true])).not.toBe(split);
    const { primal, linear, residuals, nonzero } = split;
    expect(nonzero).toEqual([true, false, false]);
    expect(primal.outputs).toHaveLength(3 + residuals.length);
    expect(linear.inputs).toHaveLength(1 + residuals.length);
    const known = interpreter.compile(primal).run([x, y]).slice(3);
    expect(run(linear, t, ...known)).toEqual([[10 * cos1 * 3, 20 * cos2 * 4]]);
  });
});

describe('transposition', () => {
  const linearPart = trace((v, w) => [multiply(v, w), add(v, v)]);

  test('known arguments and cotangents in, cotangents that are not zero out', () => {
    const { graph, nonzero } = transposedGraph(linearPart, [true, false], [true, true]);
    expect([nonzero, graph.inputs.length]).toEqual([[true, false], 3]);
    expect(run(graph, y, x, t)).toEqual([[3 * 1 + 2 * 10, 4 * 2 + 2 * 20]]);
  });

  test('only the cotangents that there are', () => {
    const { graph } = transposedGraph(linearPart, [true, false], [false, true]);
    expect(run(graph, y, t)).toEqual([[20, 40]]);
  });

  test('a cotangent that is zero is no output, unless it is asked for', () => {
    const unused = trace((v) => [add(v, v)]);
    const plain = transposedGraph(unused, [true, true], [true]);
    expect([plain.nonzero, plain.graph.outputs.length]).toEqual([[true, false], 1]);
    const forced = transposedGraph(unused, [true, true], [true], true);
    expect([forced.nonzero, run(forced.graph, t)]).toEqual([
      [true, true],
      [
        [20, 40],
        [0, 0],
      ],
    ]);
    expect(transposedGraph(unused, [true, true], [true])).toBe(plain);
    expect(transposedGraph(unused, [true, true], [true], false)).toBe(plain);
    // Known arguments have none, whatever is asked for.
    expect(transposedGraph(linearPart, [true, false], [true, true], true).nonzero).toEqual([true, false]);
  });
});

describe('vectorisation', () => {
  test('batched outputs, and those that are asked for', () => {
    const plain = batchedGraph(program, [true, false], 3, withBatchAxis);
    expect(plain.batched).toEqual([true, false, false]);
    expect(plain.graph.inputs.map(({ shape }) => shape)).toEqual([[3, 2], [2]]);
    expect(batchedGraph(program, [true, false], 3, withBatchAxis)).toBe(plain);
    expect(batchedGraph(program, [true, false], 4, withBatchAxis)).not.toBe(plain);
    const forced = batchedGraph(program, [true, false], 2, withBatchAxis, [false, false, true]);
    expect(forced.batched).toEqual([true, false, true]);
    expect(
      run(
        forced.graph,
        tensor([
          [1, 2],
          [1, 2],
        ]),
        y,
      )[2],
    ).toEqual([
      [5, 6],
      [5, 6],
    ]);
    expect(batchedOutputs(program, [false, true], 3)).toEqual([true, true, false]);
  });
});

test('scatter and pick are inverse', () => {
  expect(scatter([true, false, true], ['a', 'b'])).toEqual(['a', null, 'b']);
  expect(pick(['a', 'b', 'c'], [true, false, true])).toEqual(['a', 'c']);
});

describe('programs of products', () => {
  const shapes = ({ nodes }: Graph): readonly string[] =>
    nodes.map(({ primitive, avals }) => `${primitive.name} ${avals[0]?.shape.join('×')}`);

  test('a batch of rows against one matrix is one product of two matrices', () => {
    const { graph } = traceGraph((a: Tensor, b: Tensor) => matmul(a, b), zeros([5, 2, 3]), zeros([3, 4]));
    expect(shapes(graph)).toEqual(['reshape 10×3', 'matmul 10×4', 'reshape 5×2×4']);
    const rows = traceGraph(
      (a: Tensor, b: Tensor) => vmap((each: Tensor) => matmul(each, b))(a),
      zeros([5, 2, 3]),
      zeros([3, 4]),
    );
    expect(shapes(rows.graph)).toEqual(['reshape 10×3', 'matmul 10×4', 'reshape 5×2×4']);
    const many = traceGraph((a: Tensor, b: Tensor) => vmap(matmul)(a, b), zeros([5, 2, 3]), zeros([5, 3, 4]));
    expect(shapes(many.graph)).toEqual(['matmul 5×2×4']);
  });

  test('a vector keeps no axis of the product', () => {
    const shape = (a: Tensor, b: Tensor): readonly number[] =>
      traceGraph(matmul, a, b).graph.nodes.at(-1)!.avals[0]!.shape;
    expect(shape(zeros([3]), zeros([3, 4]))).toEqual([4]);
    expect(shape(zeros([2, 3]), zeros([3]))).toEqual([2]);
    expect(shape(zeros([3]), zeros([3]))).toEqual([]);
    expect(shape(zeros([5, 2, 3]), zeros([3]))).toEqual([5, 2]);
    expect(shape(zeros([3]), zeros([5, 3, 4]))).toEqual([5, 4]);
  });

  test('dot is differentiated', () => {
    expect(toNested(grad((a: Tensor) => dot(a, y))(x))).toEqual([3, 4]);
    expect(item(dot(x, y))).toBe(11);
  });

  test('the transpose of a choice gives cotangents to the linear sides only', () => {
    const condition = greater(x, 1);
    const linear = { ...aval, linear: true } as const;
    const back = (...args: readonly TransposeArgument[]): readonly unknown[] => {
      const { transpose: rule } = selectPrimitive;
      return rule === 'nonlinear' ? [] : rule([t], args, {}).map((ct) => (ct === null ? null : toNested(ct)));
    };
    expect(back(condition, linear, y)).toEqual([null, [0, 20], null]);
    expect(back(condition, x, linear)).toEqual([null, null, [10, 0]]);
    expect(back(condition, linear, linear)).toEqual([null, [0, 20], [10, 0]]);
  });

  test('a product is linear in one of its arguments', () => {
    const linear = { dtype: 'f64', shape: [2, 2], linear: true } as const;
    const { transpose: rule } = matmulPrimitive;
    for (const args of [[linear, linear], [linear], []])
      expect(errorOf(() => rule !== 'nonlinear' && rule([zeros([2, 2])], args, {})).code).toBe('NotDifferentiable');
  });
});
