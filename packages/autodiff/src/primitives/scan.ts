import {
  describe,
  type MapLeaves,
  slice as referenceSlice,
  squeeze,
  stack,
  type Tensor,
  treeFlatten,
  treeUnflatten,
} from '@natgrad/tensor';
import { checkSameStructure, invalid, shapeError } from '@natgrad/tensor/internal';
import { executable } from '../backends/engine.js';
import { interpreter } from '../backends/interpreter.js';
import { type Aval, avalOf, type MaybeZero, type Value } from '../ir/aval.js';
import { real } from '../ir/domain.js';
import { type Graph, outputAvals, withInputs } from '../ir/graph.js';
import { definePrimitive, type Primitive } from '../ir/primitive.js';
import { bind } from '../trace/bind.js';
import { traceFlat, traceTree } from '../trace/trace.js';
import { batchGraph } from '../transforms/batch.js';
import { batchedAvals, batchedOutputs, dualGraph, isPresent, scatter } from '../transforms/closed.js';
import { withBatchAxis } from './_elementwise.js';
import { carryFixpoint, forceCarry } from './_loops.js';
import { linearizeScan, transposeScan } from './_scan-reverse.js';
import { instantiate } from './_zero.js';
import { add } from './add.js';
import { multiply } from './multiply.js';
import { sin } from './sin.js';
import { transpose } from './transpose.js';
import { checkCarry } from './while.js';

/** Inputs of the body: constants, carry, one slice of each sequence. Outputs: carry, one slice of each result sequence. */
export interface ScanParams {
  readonly body: Graph;
  readonly constants: number;
  readonly carries: number;
  readonly length: number;
  /** Runs from the last slice to the first; results keep their places. */
  readonly reverse: boolean;
}

/** The three parts of a scan's arguments or of its body's inputs. */
export function parts<T>(
  items: readonly T[],
  { constants, carries }: Pick<ScanParams, 'constants' | 'carries'>,
): readonly [readonly T[], readonly T[], readonly T[]] {
  return [items.slice(0, constants), items.slice(constants, constants + carries), items.slice(constants + carries)];
}

/** Whole numbers `from`, `from + 1`, …, `count` of them. */
export function range(from: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => from + i);
}

/** A sequence's aval from that of one slice. */
const sequence = (slice: Aval, length: number): Aval => ({ dtype: slice.dtype, shape: [length, ...slice.shape] });
const sliceAval = (whole: Aval): Aval => ({ dtype: whole.dtype, shape: whole.shape.slice(1) });

/** One loop that carries primals and tangents together. */
function dualScan(
  args: readonly Value[],
  tangents: readonly MaybeZero[],
  params: ScanParams,
): { readonly outs: readonly Value[]; readonly tangents: readonly MaybeZero[] } {
  const { body, constants, carries } = params;
  const active = tangents.map(isPresent);
  const carried = carryFixpoint(active, constants, (flags) => dualGraph(body, flags).nonzero, carries);
  const flags = [...active.slice(0, constants), ...carried, ...active.slice(constants + carries)];
  const ys = body.outputs.length - carries;
  const dual = dualGraph(body, flags, { force: [...carried, ...range(0, ys).map(() => false)] });
  const directions = args.map((arg, i) => (flags[i] === true ? instantiate(tangents[i] ?? null, arg) : null));
  const [c, s, x] = parts(args, params);
  const [dc, ds, dx] = parts(directions, params).map((part) => part.filter(isPresent)) as [Value[], Value[], Value[]];
  // The dual graph takes primals then tangents; the loop wants constants, carry and slices of both.
  const at = [
    0,
    c.length,
    c.length + dc.length,
    c.length + dc.length + s.length,
    c.length + dc.length + s.length + ds.length,
  ];
  const xAt = (at[4] as number) + x.length;
  const places = [
    ...range(0, c.length),
    ...range(at[2] as number, s.length),
    ...range(at[4] as number, x.length),
    ...range(at[1] as number, dc.length),
    ...range(at[3] as number, ds.length),
    ...range(xAt, dx.length),
  ];
  const all = [...c, ...dc, ...s, ...ds, ...x, ...dx];
  const avals = all.map((value, i) => (i < (at[4] as number) ? avalOf(value) : sliceAval(value)));
  const moved = withInputs(dual.graph, avals, places);
  // Likewise its outputs: carry, results, their tangents → carry, its tangents, results, their tangents.
  const tangentOuts = moved.outputs.slice(body.outputs.length);
  const graph: Graph = {
    ...moved,
    outputs: [
      ...moved.outputs.slice(0, carries),
      ...tangentOuts.slice(0, ds.length),
      ...moved.outputs.slice(carries, body.outputs.length),
      ...tangentOuts.slice(ds.length),
    ],
  };
  const out = bind(scanPrimitive, all, {
    ...params,
    body: graph,
    constants: c.length + dc.length,
    carries: carries + ds.length,
  });
  const [carry, dCarry, result, dResult] = [
    out.slice(0, carries),
    out.slice(carries, carries + ds.length),
    out.slice(carries + ds.length, carries + ds.length + ys),
    out.slice(carries + ds.length + ys),
  ];
  return { outs: [...carry, ...result], tangents: scatter(dual.nonzero, [...dCarry, ...dResult]) };
}

export const scanPrimitive: Primitive<ScanParams> = definePrimitive<ScanParams>({
  name: 'scan',
  domain: (draw) => {
    const shape = draw.shape({ maxRank: 1 });
    const length = draw.integer(0, 3);
    const aval = { dtype: 'f64', shape } as const;
    const body = traceFlat('body', [aval, aval, aval], (c, carry, x) => {
      const next = add(multiply(sin(carry), c), x);
      return [next, multiply(next, carry)];
    }).graph;
    return {
      args: [real(shape), real(shape), real([length, ...shape])],
      params: { body, constants: 1, carries: 1, length, reverse: draw.boolean() },
    };
  },
  shape: (args, params) => {
    const outs = outputAvals(params.body);
    const [, carry] = parts(args, params);
    checkCarry('scan', carry, outs);
    return [...carry.map(avalOf), ...outs.slice(params.carries).map((aval) => sequence(aval, params.length))];
  },
  evaluate: (args, params, engine = interpreter) => {
    const { body, carries, length, reverse } = params;
    const [fixed, initial, sequences] = parts(args, params);
    const program = executable(engine, body);
    let carry = initial;
    const slices = new Array<readonly Tensor[]>(length);
    for (let turn = 0; turn < length; turn += 1) {
      const i = reverse ? length - 1 - turn : turn;
      const out = program.run([...fixed, ...carry, ...sequences.map((x) => row(x, i))]);
      carry = out.slice(0, carries);
      slices[i] = out.slice(carries);
    }
    const results = outputAvals(body).slice(carries);
    return [
      ...carry,
      ...results.map((aval, k) =>
        length === 0 ? instantiate(null, sequence(aval, 0)) : stack(slices.map((slice) => slice[k] as Tensor)),
      ),
    ];
  },
  jvp: (args, _outs, tangents, params) => dualScan(args, tangents, params).tangents,
  dual: dualScan,
  linearize: (args, tangents, params) => linearizeScan(scanPrimitive, args, tangents, params),
  transpose: (cotangents, args, params) => transposeScan(scanPrimitive, cotangents, args, params),
  batch: (args, batched, size, params) => {
    const { body, constants, carries } = params;
    const probe = (flags: readonly boolean[]): readonly boolean[] => batchedOutputs(body, flags, size);
    const carried = carryFixpoint(batched, constants, probe, carries);
    const flags = [...batched.slice(0, constants), ...carried, ...batched.slice(constants + carries)];
    const out = probe(flags);
    const graph = traceFlat('vmap', batchedAvals(body, flags, size), (...values) => {
      const result = batchGraph(body, values, flags, size);
      return [...forceCarry(result, carried, size).slice(0, carries), ...result.outs.slice(carries)];
    }).graph;
    const inputs = args.map((arg, i) => {
      if (i < constants) return arg;
      if (i < constants + carries) return flags[i] === true ? withBatchAxis(arg, batched[i] === true, size) : arg;
      return batched[i] === true ? swapFront(arg) : arg;
    });
    const outs = bind(scanPrimitive, inputs, { ...params, body: graph });
    const marks = [...carried, ...out.slice(carries)];
    return {
      outs: outs.map((value, k) => (k >= carries && marks[k] === true ? swapFront(value) : value)),
      batched: marks,
    };
  },
  lower: { kind: 'structured', name: 'scan' },
  print: ({ body, length, reverse }) => `${length} × ${body.nodes.length} nodes${reverse ? ', reverse' : ''}`,
});

/** Swaps the first two axes: a batch of sequences and a sequence of batches. */
function swapFront(x: Value): Value {
  return transpose(x, [1, 0, ...range(2, x.shape.length - 2)]);
}

/** Slice `i` of a sequence, without its axis. */
function row(x: Tensor, i: number): Tensor {
  const rest = x.shape.slice(1);
  return squeeze(referenceSlice(x, [i, ...rest.map(() => 0)], [i + 1, ...rest]), 0);
}

/**
 * A loop of fixed length as one operation: `body(carry, x)` is run for each slice `x` along the first axis of the leaves of
 * `sequences`, hands its carry on and gives a slice of the results. Differentiable in both modes at any order.
 *
 * @param sequences - A tree of tensors of one first extent; `null` with `options.length` for a loop without input.
 * @returns The last carry, and the results stacked along a new first axis.
 * @throws `ShapeMismatch` when first extents differ or the carry changes its dtype or shape.
 * @example
 * ```ts
 * const { carry, results } = scan((total: Scalar, x: Tensor) => [add(total, x) as Scalar, multiply(total, x)], scalar(0), tensor([1, 2, 3]));
 * console.log(item(carry), toNested(results)); // 6 [ 0, 2, 9 ]
 * ```
 */
export const scan = <Carry, Sequences, Results>(
  body: (carry: Carry, slice: MapLeaves<Sequences, Tensor>) => readonly [Carry, Results],
  initial: Carry,
  sequences: Sequences,
  options: { readonly length?: number; readonly reverse?: boolean } = {},
): { readonly carry: Carry; readonly results: MapLeaves<Results, Tensor> } => {
  const start = treeFlatten(initial, 'scan');
  const input = treeFlatten(sequences, 'scan');
  const length = commonLength(input.leaves, options.length);
  const traced = traceTree(
    'scan',
    [start.structure, input.structure],
    [start.leaves.map(avalOf), input.leaves.map(sliceAval)],
    (carry: never, x: never) => {
      const out: unknown = body(carry, x);
      if (!Array.isArray(out) || out.length !== 2)
        throw invalid('scan', 'the body must return [carry, results]', {
          argument: 'body',
          expected: 'an array of two trees',
        });
      return out as unknown;
    },
  );
  const [carryStructure, resultStructure] = traced.structure.kind === 'array' ? traced.structure.children : [];
  checkSameStructure('scan', 'the carry that the body returns', carryStructure ?? { kind: 'null' }, start.structure);
  const captures = traced.captures;
  const [s, x, c] = [start.leaves.length, input.leaves.length, captures.length];
  const avals = [...captures.map(avalOf), ...start.leaves.map(avalOf), ...input.leaves.map(sliceAval)];
  const graph = withInputs(traced.graph, avals, [...range(c, s), ...range(c + s, x), ...range(0, c)]);
  const outs = bind(scanPrimitive, [...captures, ...start.leaves, ...input.leaves], {
    body: graph,
    constants: c,
    carries: s,
    length,
    reverse: options.reverse === true,
  });
  return {
    carry: treeUnflatten(start.structure, outs.slice(0, s)) as Carry,
    results: treeUnflatten(resultStructure ?? { kind: 'null' }, outs.slice(s)) as MapLeaves<Results, Tensor>,
  };
};

const commonLength = (leaves: readonly Tensor[], given: number | undefined): number => {
  const length = given ?? leaves[0]?.shape[0];
  if (length === undefined || !Number.isInteger(length) || length < 0)
    throw invalid('scan', `the length is ${String(length)}`, {
      argument: 'length',
      expected: 'sequences with a first axis, or options.length ≥ 0',
    });
  leaves.forEach((leaf, k) => {
    if (leaf.shape[0] !== length)
      throw shapeError(
        'scan',
        `leaf ${k} of the sequences is ${describe(leaf)}; its first extent should be ${length}`,
        {
          argument: `sequences leaf ${k}`,
          found: describe(leaf),
          expected: `first extent ${length}`,
        },
      );
  });
  return length;
};
