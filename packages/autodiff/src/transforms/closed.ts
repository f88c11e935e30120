/**
 * Transforms from closed graph to closed graph, for primitives that hold graphs. Each result is remembered beside its graph,
 * so that differentiating a compiled function twice derives (and compiles) its derivative once.
 */
import type { Aval, MaybeZero, Value } from '../ir/aval.js';
import { type Graph, outputAvals } from '../ir/graph.js';
import { instantiate } from '../primitives/_zero.js';
import { traceAside } from '../trace/trace.js';
import { batchGraph } from './batch.js';
import { jvpGraph, jvpGraphSplit } from './jvp.js';
import { linearizeGraph } from './linearize.js';
import { transposeGraph } from './transpose.js';

const derived = new WeakMap<Graph, Map<string, unknown>>();

/** `make()` once per graph and key. */
const remember = <T>(graph: Graph, key: string, make: () => T): T => {
  const known = derived.get(graph) ?? new Map<string, unknown>();
  derived.set(graph, known);
  if (!known.has(key)) known.set(key, make());
  return known.get(key) as T;
};

const mask = (flags: readonly boolean[]): string => flags.map(Number).join('');

/** Puts `null` where `present` is false and the given values, in order, elsewhere. */
export const scatter = <T>(present: readonly boolean[], values: readonly T[]): (T | null)[] => {
  let next = 0;
  return present.map((is) => {
    if (!is) return null;
    next += 1;
    return values[next - 1] as T;
  });
};

export const isPresent = (value: MaybeZero): value is Value => value !== null;

/** Those of `items` at which `flags` is true. */
export const pick = <T>(items: readonly T[], flags: readonly boolean[]): T[] =>
  items.filter((_, i) => flags[i] === true);

export interface DualGraph {
  /** Inputs: primals, then the active tangents. Outputs: (unless `tangentsOnly`) the outputs, then the nonzero tangents. */
  readonly graph: Graph;
  readonly nonzero: readonly boolean[];
}

/**
 * Forward mode as a graph. `zeroTangents` lists outputs whose tangent is made a tensor even where it is known to be zero;
 * `tangentsOnly` keeps known and linear work apart, so that the result can be transposed.
 */
export const dualGraph = (
  graph: Graph,
  active: readonly boolean[],
  options: { readonly tangentsOnly?: boolean; readonly force?: readonly boolean[] } = {},
): DualGraph =>
  remember(graph, `dual ${mask(active)} ${mask(options.force ?? [])} ${options.tangentsOnly === true}`, () => {
    const avals = [...graph.inputs, ...pick(graph.inputs, active)];
    const { graph: dual, aside: nonzero } = traceAside('jvp', avals, (...values) => {
      const primals = values.slice(0, graph.inputs.length);
      const tangents = scatter(active, values.slice(graph.inputs.length));
      const transform = options.tangentsOnly === true ? jvpGraphSplit : jvpGraph;
      const out = transform(graph, primals, tangents);
      const kept = out.tangents.map((tangent, k) =>
        tangent === null && options.force?.[k] === true ? instantiate(null, out.outs[k] as Value) : tangent,
      );
      return {
        outs: [...(options.tangentsOnly === true ? [] : out.outs), ...kept.filter(isPresent)],
        aside: kept.map(isPresent),
      };
    });
    return { graph: dual, nonzero };
  });

export interface SplitGraph {
  /** Inputs: the graph's. Outputs: the graph's, then the residuals. */
  readonly primal: Graph;
  readonly residuals: readonly Aval[];
  /** Inputs: the active tangents, then the residuals. Outputs: the nonzero tangents. */
  readonly linear: Graph;
  readonly nonzero: readonly boolean[];
}

/** Linearisation as two graphs: what is known, and what is linear in the tangents. */
export const splitGraph = (graph: Graph, active: readonly boolean[]): SplitGraph =>
  remember(graph, `split ${mask(active)}`, () => {
    const { graph: primal, aside } = traceAside('linearize', graph.inputs, (...primals) => {
      const { outs, linear, nonzero } = linearizeGraph(graph, primals, active);
      return { outs: [...outs, ...linear.captures], aside: { linear: linear.graph, nonzero } };
    });
    return { primal, residuals: outputAvals(primal).slice(graph.outputs.length), ...aside };
  });

export interface TransposedGraph {
  /** Inputs: the known arguments, then the present cotangents. Outputs: the nonzero cotangents of the linear arguments. */
  readonly graph: Graph;
  /** Of every argument: whether it has a cotangent among the outputs. */
  readonly nonzero: readonly boolean[];
}

/** Transposition as a graph; `force` makes the cotangents of all linear arguments tensors. */
export const transposedGraph = (
  graph: Graph,
  linear: readonly boolean[],
  present: readonly boolean[],
  force = false,
): TransposedGraph =>
  remember(graph, `transpose ${mask(linear)} ${mask(present)} ${force}`, () => {
    const known = linear.map((is) => !is);
    const knownAvals = pick(graph.inputs, known);
    const avals = [...knownAvals, ...pick(outputAvals(graph), present)];
    const { graph: transposed, aside: nonzero } = traceAside('transpose', avals, (...values) => {
      const args = scatter(known, values.slice(0, knownAvals.length));
      const cotangents = scatter(present, values.slice(knownAvals.length));
      const back = transposeGraph(graph, linear, args, cotangents).map((cotangent, i) =>
        force && linear[i] === true ? instantiate(cotangent, graph.inputs[i] as Aval) : cotangent,
      );
      return { outs: back.filter(isPresent), aside: back.map(isPresent) };
    });
    return { graph: transposed, nonzero };
  });

export interface BatchedGraph {
  /** Inputs and outputs: the graph's, batched ones with a batch axis in front. */
  readonly graph: Graph;
  readonly batched: readonly boolean[];
}

/** The inputs of a graph, batched ones with a batch axis in front. */
export const batchedAvals = (graph: Graph, batched: readonly boolean[], size: number): readonly Aval[] =>
  graph.inputs.map((aval, i) => (batched[i] === true ? { ...aval, shape: [size, ...aval.shape] } : aval));

/** Which outputs of a graph depend on the batch. */
export const batchedOutputs = (graph: Graph, batched: readonly boolean[], size: number): readonly boolean[] =>
  traceAside('vmap', batchedAvals(graph, batched, size), (...values) => {
    const result = batchGraph(graph, values, batched, size);
    return { outs: result.outs, aside: result.batched };
  }).aside;

/** Vectorisation as a graph; `force` lists outputs that get a batch axis even where all copies are equal. */
export const batchedGraph = (
  graph: Graph,
  batched: readonly boolean[],
  size: number,
  stretch: (value: Value, batched: boolean, size: number) => Value,
  force: readonly boolean[] = [],
): BatchedGraph =>
  remember(graph, `batch ${mask(batched)} ${size} ${mask(force)}`, () => {
    const { graph: out, aside } = traceAside('vmap', batchedAvals(graph, batched, size), (...values) => {
      const result = batchGraph(graph, values, batched, size);
      const flags = result.batched.map((is, k) => is || force[k] === true);
      const outs = result.outs.map((value, k) =>
        flags[k] === true ? stretch(value, result.batched[k] === true, size) : value,
      );
      return { outs, aside: flags };
    });
    return { graph: out, batched: aside };
  });
