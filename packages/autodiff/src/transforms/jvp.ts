/** Forward mode: a graph is replayed with a tangent beside every value. */
import type { MaybeZero, Value } from '../ir/aval.js';
import type { Graph } from '../ir/graph.js';
import { bind } from '../trace/bind.js';

export interface Dual {
  readonly outs: readonly Value[];
  readonly tangents: readonly MaybeZero[];
}

/** How one node turns known arguments and tangents into outputs and theirs. */
type Rule = (node: Graph['nodes'][number], args: readonly Value[], tangents: readonly MaybeZero[]) => Dual;

const plainRule: Rule = ({ primitive, params }, args, tangents) => {
  const outs = bind(primitive, args, params);
  return { outs, tangents: primitive.jvp(args, outs, tangents, params) };
};

const jvpRule: Rule = (node, args, tangents) =>
  node.primitive.dual?.(args, tangents, node.params) ?? plainRule(node, args, tangents);

/** A structured primitive may split itself into a known and a linear part. */
const linearizeRule: Rule = (node, args, tangents) =>
  node.primitive.linearize?.(args, tangents, node.params) ?? plainRule(node, args, tangents);

const replayDual = (graph: Graph, primals: readonly Value[], tangents: readonly MaybeZero[], rule: Rule): Dual => {
  const values: Value[] = [...primals, ...graph.constants];
  const duals: MaybeZero[] = [...tangents, ...graph.constants.map(() => null)];
  for (const node of graph.nodes) {
    const args = node.inputs.map((id) => values[id] as Value);
    const incoming = node.inputs.map((id) => duals[id] ?? null);
    const { outs, tangents: outgoing } = incoming.every((tangent) => tangent === null)
      ? { outs: bind(node.primitive, args, node.params), tangents: [] }
      : rule(node, args, incoming);
    for (let k = 0; k < outs.length; k += 1) {
      values[node.first + k] = outs[k] as Value;
      duals[node.first + k] = outgoing[k] ?? null;
    }
  }
  return {
    outs: graph.outputs.map((id) => values[id] as Value),
    tangents: graph.outputs.map((id) => duals[id] ?? null),
  };
};

/** Outputs and output tangents; symbolic zeros go in and come out as `null`. */
export const jvpGraph = (graph: Graph, primals: readonly Value[], tangents: readonly MaybeZero[]): Dual =>
  replayDual(graph, primals, tangents, jvpRule);

/** As `jvpGraph`, with known work kept apart from linear work in structured primitives too. */
export const jvpGraphSplit = (graph: Graph, primals: readonly Value[], tangents: readonly MaybeZero[]): Dual =>
  replayDual(graph, primals, tangents, linearizeRule);
