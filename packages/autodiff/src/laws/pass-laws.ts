/** The laws of the optimiser: passes keep the meaning of random programs and of their derivatives. */
import { cast, type DType, describe, isFloat, sizeOf, type Tensor } from '@natgrad/tensor';
import { adopt, allocate, elements } from '@natgrad/tensor/internal';
import { ulpsBetween } from '@natgrad/tensor/laws';
import fc from 'fast-check';
import { interpreter } from '../backends/interpreter.js';
import { type Aval, avalOf } from '../ir/aval.js';
import { checkGraph } from '../ir/check.js';
import type { ArgumentSample, Draw } from '../ir/domain.js';
import { type Graph, graphAvals, type Node, outputAvals } from '../ir/graph.js';
import { printGraph } from '../ir/print.js';
import { sameGraph } from '../ir/same.js';
import { fold } from '../optimise/fold.js';
import type { GemmParams } from '../optimise/operations/gemm.js';
import type { Pass } from '../optimise/pass.js';
import type { Rule } from '../optimise/rules/rule.js';
import { simplifyBy } from '../optimise/simplify.js';
import { withBatchAxis } from '../primitives/_elementwise.js';
import type { GraphParams } from '../primitives/_graph-call.js';
import { callPrimitive } from '../primitives/call.js';
import { customJvpPrimitive } from '../primitives/custom-jvp.js';
import { traceFlat } from '../trace/trace.js';
import { batchedGraph, dualGraph, splitGraph, transposedGraph } from '../transforms/closed.js';
import { drawn, drawTensor } from './draw.js';
import { type Law, lawOf, require } from './law.js';
import { directions, requireClose, requireSame, type Tensors } from './numeric.js';
import { arbitraryProgram, type ProgramCase } from './programs/arbitrary.js';

/** A graph with arguments for it. */
export interface GraphCase {
  readonly what: string;
  readonly graph: Graph;
  readonly args: Tensors;
}

const run = (graph: Graph, args: Tensors): Tensors => interpreter.compile(graph).run(args);

/**
 * The program with a twin beside every elementwise operation of two operands, the operands exchanged, and all twins among the
 * outputs: random programs alone hardly ever hold both x − y and y − x.
 */
const withTwins = (graph: Graph): Graph => {
  const defined = graph.inputs.length + graph.constants.length;
  const values = Array.from({ length: defined }, (_, id) => id);
  const nodes: Node[] = [];
  const twins: number[] = [];
  let next = defined;
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((id) => values[id] as number);
    const twin = node.primitive.lower.kind === 'elementwise' && inputs.length === 2;
    node.avals.forEach((_, k) => values.push(next + k));
    for (const operands of twin ? [inputs, inputs.toReversed()] : [inputs]) {
      nodes.push({ ...node, inputs: operands, first: next });
      next += node.avals.length;
    }
    if (twin) twins.push(next - 1);
  }
  return { ...graph, nodes, outputs: [...graph.outputs.map((id) => values[id] as number), ...twins] };
};

/**
 * The graphs of a program: itself, forward mode, both parts of its linearisation, the transpose, and batches of these; for a
 * program that cannot be transposed only those that come without it.
 */
export const graphsOf = ({ f, args, batches, size, seed }: ProgramCase, reverse = true): readonly GraphCase[] => {
  const { graph } = traceFlat('program', args.map(avalOf), f);
  const all = args.map(() => true);
  const v = directions(seed, 'v', args);
  const forward: readonly GraphCase[] = [
    { what: 'the program', graph, args },
    { what: 'the program with twins', graph: withTwins(graph), args },
    { what: 'its jvp', graph: dualGraph(graph, all).graph, args: [...args, ...v] },
    { what: 'its batch', graph: batchedGraph(graph, all, size, withBatchAxis).graph, args: batches },
  ];
  if (!reverse) return forward;
  const { primal, linear } = splitGraph(graph, all);
  const residuals = run(primal, args).slice(graph.outputs.length);
  const tangents = [...v, ...residuals];
  const cases: readonly GraphCase[] = [
    ...forward,
    { what: 'its known part', graph: primal, args },
    { what: 'its linear part', graph: linear, args: tangents },
  ];
  if (linear.outputs.length === 0) return cases;
  const active = [...v.map(() => true), ...residuals.map(() => false)];
  const present = linear.outputs.map(() => true);
  const { graph: back } = transposedGraph(linear, active, present);
  const cotangents = directions(seed, 'u', outputAvals(linear));
  const rows = directions(
    seed,
    'rows',
    outputAvals(linear).map(({ dtype, shape }) => ({ dtype, shape: [size, ...shape] })),
  );
  const flags = [...residuals.map(() => false), ...present];
  return [
    ...cases,
    { what: 'its transpose', graph: back, args: [...residuals, ...cotangents] },
    {
      what: 'the batch of its transpose',
      graph: batchedGraph(back, flags, size, withBatchAxis).graph,
      args: [...residuals, ...rows],
    },
  ];
};

/** A measure summed over the nodes, and `constant` for each constant, those inside calls included: inlining is no growth. */
const total = (graph: Graph, constant: number, measure: (node: Node, avals: readonly Aval[]) => number): number => {
  const avals = graphAvals(graph);
  return graph.nodes.reduce<number>((sum, node) => {
    const called = ([callPrimitive, customJvpPrimitive] as readonly unknown[]).includes(node.primitive);
    const inner = node.params as Pick<GraphParams, 'graph'>;
    return sum + (called ? total(inner.graph, constant, measure) : measure(node, avals));
  }, constant * graph.constants.length);
};

/** Multiplications in a matrix product; 0 for other operations. */
const multiplications = ({ primitive, params, inputs, avals: outs }: Node, avals: readonly Aval[]): number => {
  if (primitive.lower.kind !== 'matmul') return 0;
  const { transposeLeft = false } = params as Partial<GemmParams>;
  const inner = (avals[inputs[0] as number] as Aval).shape.at(transposeLeft ? -2 : -1) as number;
  return inner * sizeOf((outs[0] as Aval).shape);
};

/** A copy of what can be written to. */
const copyOf = ({ inputs, constants, nodes, outputs }: Graph): Graph => ({
  inputs: inputs.map(avalOf),
  constants: [...constants],
  nodes: nodes.map((node) => ({ ...node, inputs: [...node.inputs], avals: node.avals.map(avalOf) })),
  outputs: [...outputs],
});

export interface PassLawOptions {
  /** How many times as many nodes and constants the result may have; 1 unless told. */
  readonly growth?: number;
  /** How far results may move, relative to the largest; 0, to the bit, unless told. */
  readonly tolerance?: number;
}

/**
 * The laws of a pass, on random programs, their derivatives and batches of these: the result is a valid graph of the same
 * inputs and outputs that means the same, a second run changes nothing, the graph grows no more than stated, no matrix product
 * is done twice that was done once, and what came in is left alone.
 *
 * @example
 * ```ts
 * import { checkLaw, passLaws } from '@natgrad/autodiff/laws';
 *
 * const nothing = { name: 'nothing', run: (graph: Graph) => graph };
 * for (const law of passLaws(nothing)) checkLaw(law, { numRuns: 1 });
 * ```
 */
export const passLaws = (
  { name, run: apply }: Pass,
  { growth = 1, tolerance = 0 }: PassLawOptions = {},
): readonly Law[] => {
  const law = (what: string, holds: (sample: GraphCase) => void): Law =>
    lawOf(`${name}: ${what}`, arbitraryProgram(), (sample) => {
      for (const each of graphsOf(sample)) holds(each);
    });
  return [
    law('the result is valid, with the same inputs and outputs', ({ what, graph }) => {
      const result = apply(graph);
      checkGraph(result);
      const signature = (each: Graph): string =>
        `${each.inputs.map(describe).join(' ')} → ${outputAvals(each).map(describe).join(' ')}`;
      require(signature(result) === signature(graph), () => `${what}: ${signature(graph)} became ${signature(result)}`);
    }),
    law('the result means the same', ({ what, graph, args }) => {
      const [actual, expected] = [run(apply(graph), args), run(graph, args)];
      if (tolerance === 0) requireSame(what, actual, expected);
      else requireClose(what, actual, expected, tolerance);
    }),
    law('a second run changes nothing', ({ what, graph }) => {
      const once = apply(graph);
      const twice = apply(once);
      require(sameGraph(once, twice), () =>
        `${what}: after one run\n${printGraph(once)}\nafter two\n${printGraph(twice)}`);
    }),
    law('the graph grows no more than stated', ({ what, graph }) => {
      const size = (each: Graph): number => total(each, 1, () => 1);
      const [before, after] = [size(graph), size(apply(graph))];
      require(after <= growth * before, () => `${what}: ${before} nodes and constants became ${after}`);
    }),
    law('matrix products multiply no more than before', ({ what, graph }) => {
      const [before, after] = [total(graph, 0, multiplications), total(apply(graph), 0, multiplications)];
      require(after <= before, () => `${what}: ${before} multiplications became ${after}`);
    }),
    law('the graph that came in is left alone', ({ what, graph }) => {
      const [before, printed] = [copyOf(graph), printGraph(graph)];
      apply(graph);
      require(sameGraph(graph, before) && printGraph(graph) === printed, () => `${what}: the argument has changed`);
    }),
  ];
};

/** Numbers at which identities of real numbers break: both zeros, subnormals, the ends of the range, infinities, NaN. */
const SPECIAL = [
  0,
  -0,
  1,
  -1,
  NaN,
  Infinity,
  -Infinity,
  Number.MIN_VALUE,
  -Number.MIN_VALUE,
  2 ** -149,
  -(2 ** -149),
  2 ** -1022,
  2 ** 127,
  Number.MAX_VALUE,
  -Number.MAX_VALUE,
  0.1,
  -3.75,
];

/** Floats as `dtype`, half of them special; everything else as described. */
const drawSpecial = (sample: ArgumentSample, dtype: DType, draw: Draw): Tensor => {
  if (!isFloat(sample.dtype) || sample.elements.kind !== 'intervals') return drawTensor(sample, draw);
  if (dtype === 'i32') return cast(drawTensor(sample, draw), 'i32');
  const plain = elements(drawTensor(sample, draw));
  const data = allocate(dtype, plain.length);
  plain.forEach((x, i) => {
    data[i] = draw.boolean() ? draw.pick(SPECIAL) : x;
  });
  return adopt(data, dtype, sample.shape);
};

const ruleCases = (rule: Rule, example: Rule['example'], dtypes: readonly DType[]): fc.Arbitrary<GraphCase> =>
  drawn((draw) => {
    const { args: described, f } = example(draw);
    const dtype = draw.pick(dtypes);
    const args = described.map((sample) => drawSpecial(sample, dtype, draw));
    const traced = traceFlat('example', args.map(avalOf), (...values) => [f(...values)]);
    // The rules know constants as folding leaves them.
    const graph = fold.run(traced.graph);
    const what = (): string =>
      `${printGraph(graph)}\nat ${args.map((x) => `${describe(x)} ${elements(x).join(' ')}`).join(', ')}`;
    return { what: rule.name, graph, args, [fc.toStringMethod]: what };
  });

/**
 * The laws of an algebraic rule: it fires on its own examples, it alone is a pass that runs to its end, and both sides agree
 * to the bit at zeros of both signs, subnormals, infinities and NaN, in double and single precision and for integers.
 */
export const ruleLaws = (rule: Rule): readonly Law[] => {
  const { run: apply } = simplifyBy([rule]);
  return [
    lawOf(`${rule.name}: fires`, ruleCases(rule, rule.example, ['f64', 'f32']), ({ graph }) => {
      const result = apply(graph);
      require(result !== graph, () => 'the example is left alone');
      checkGraph(result);
      require(apply(result) === result, () => 'a second run changes the result');
    }),
    ...[rule.example, ...(rule.nearMiss === undefined ? [] : [rule.nearMiss])].map((example, k) =>
      lawOf(
        `${rule.name}: ${k === 0 ? 'holds at special values' : 'leaves alone what only looks like it'}`,
        ruleCases(rule, example, ['f64', 'f32', 'i32']),
        ({ what, graph, args }) => {
          const [actual, expected] = [run(apply(graph), args), run(graph, args)];
          if (rule.ulps === undefined) requireSame(what, actual, expected);
          else requireWithin(what, actual, expected, rule.ulps);
        },
      ),
    ),
  ];
};

/** Throws unless elements are the same, or nonzero and at most `ulps` units in the last place apart. */
const requireWithin = (what: string, actual: Tensors, expected: Tensors, ulps: number): void =>
  actual.forEach((x, k) => {
    const wanted = elements(expected[k] as Tensor);
    elements(x).forEach((value, i) => {
      const other = wanted[i] as number;
      const near = Object.is(value, other) || (value !== 0 && ulpsBetween(value, other, x.dtype) <= ulps);
      require(near, () => `${what}: ${value} is more than ${ulps} ulps from ${other}`);
    });
  });
