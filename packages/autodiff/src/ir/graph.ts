/** Programs as data: an immutable graph in static single assignment form. */
import type { Tensor } from '@natgrad/tensor';
import { type Aval, avalOf } from './aval.js';
import type { AnyPrimitive } from './primitive.js';

/** One application of a primitive. Values are numbered; see `Graph`. */
export interface Node {
  readonly primitive: AnyPrimitive;
  readonly params: unknown;
  readonly inputs: readonly number[];
  /** Dtypes and shapes of the outputs. */
  readonly avals: readonly Aval[];
  /** Number of the first output; the others follow. */
  readonly first: number;
}

/**
 * Values are numbered in the order of their definition: the inputs, the constants, then the outputs of each node in turn.
 * Every node comes after the nodes it uses.
 */
export interface Graph {
  readonly inputs: readonly Aval[];
  readonly constants: readonly Tensor[];
  readonly nodes: readonly Node[];
  readonly outputs: readonly number[];
}

const known = new WeakMap<Graph, { readonly values: readonly Aval[]; readonly outputs: readonly Aval[] }>();

/** Found once for each graph: every call of a compiled function asks. */
const avalsOf = (graph: Graph): { readonly values: readonly Aval[]; readonly outputs: readonly Aval[] } => {
  const existing = known.get(graph);
  if (existing !== undefined) return existing;
  const values = [...graph.inputs, ...graph.constants.map(avalOf), ...graph.nodes.flatMap((node) => node.avals)];
  const made = { values, outputs: graph.outputs.map((id) => values[id] as Aval) };
  known.set(graph, made);
  return made;
};

/** Dtype and shape of every value of a graph, by number. */
export const graphAvals = (graph: Graph): readonly Aval[] => avalsOf(graph).values;

/** Dtypes and shapes of the outputs. */
export const outputAvals = (graph: Graph): readonly Aval[] => avalsOf(graph).outputs;

/** For each value, the index of the last node that reads it; the outputs of the graph are read at `nodes.length`. */
export const lastUses = (graph: Graph): Int32Array => {
  const last = new Int32Array(
    graph.inputs.length + graph.constants.length + graph.nodes.reduce((n, node) => n + node.avals.length, 0),
  ).fill(-1);
  graph.nodes.forEach((node, at) => {
    for (const id of node.inputs) last[id] = at;
  });
  for (const id of graph.outputs) last[id] = graph.nodes.length;
  return last;
};

/** The same program with inputs `avals`, where what was input `i` is now input `places[i]`. */
export const withInputs = (graph: Graph, avals: readonly Aval[], places: readonly number[]): Graph => {
  const shift = avals.length - graph.inputs.length;
  const move = (id: number): number => (id < places.length ? (places[id] as number) : id + shift);
  return {
    inputs: avals,
    constants: graph.constants,
    nodes: graph.nodes.map((node) => ({ ...node, inputs: node.inputs.map(move), first: node.first + shift })),
    outputs: graph.outputs.map(move),
  };
};
