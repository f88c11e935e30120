/** Transposition: a graph that is linear in some inputs is run backward, cotangents in, cotangents out. */
import { NatgradError } from '@natgrad/tensor';
import type { MaybeZero, Value } from '../ir/aval.js';
import { type Graph, graphAvals } from '../ir/graph.js';
import { type TransposeArgument, transposeRule } from '../ir/primitive.js';
import { addMaybe } from '../primitives/_zero.js';
import { bind } from '../trace/bind.js';

/** Which values of a graph depend on the inputs marked `linear`. */
export const dependsOn = (graph: Graph, linear: readonly boolean[]): Uint8Array => {
  const depends = new Uint8Array(graphAvals(graph).length);
  linear.forEach((is, id) => {
    if (is) depends[id] = 1;
  });
  for (const node of graph.nodes)
    if (node.inputs.some((id) => depends[id] === 1)) depends.fill(1, node.first, node.first + node.avals.length);
  return depends;
};

/**
 * Cotangents of the inputs marked `linear` (`null` for the others), given cotangents of the outputs. `known` holds the values
 * of the other inputs; nodes that depend on these alone are computed on the way.
 */
export const transposeGraph = (
  graph: Graph,
  linear: readonly boolean[],
  known: readonly MaybeZero[],
  cotangents: readonly MaybeZero[],
): readonly MaybeZero[] => {
  const avals = graphAvals(graph);
  const depends = dependsOn(graph, linear);
  const values: MaybeZero[] = [...known, ...graph.constants];
  for (const node of graph.nodes) {
    if (depends[node.first] === 1) continue;
    const args = node.inputs.map((id) => values[id] as Value);
    bind(node.primitive, args, node.params).forEach((out, k) => {
      values[node.first + k] = out;
    });
  }
  const incoming = new Array<MaybeZero>(avals.length).fill(null);
  graph.outputs.forEach((id, k) => {
    // A cotangent of a known output goes nowhere.
    if (depends[id] === 1) incoming[id] = addMaybe(incoming[id] ?? null, cotangents[k] ?? null);
  });
  for (let at = graph.nodes.length - 1; at >= 0; at -= 1) {
    const node = graph.nodes[at] as Graph['nodes'][number];
    if (depends[node.first] !== 1) continue;
    const outgoing = node.avals.map((_, k) => incoming[node.first + k] ?? null);
    node.avals.forEach((_, k) => {
      incoming[node.first + k] = null;
    });
    if (outgoing.every((cotangent) => cotangent === null)) continue;
    const args = node.inputs.map((id): TransposeArgument => {
      const aval = avals[id];
      if (aval === undefined) throw invalidGraph(node.primitive.name);
      return depends[id] === 1 ? { ...aval, linear: true } : (values[id] as Value);
    });
    const back = transposeRule(node.primitive)(outgoing, args, node.params);
    node.inputs.forEach((id, i) => {
      if (depends[id] === 1) incoming[id] = addMaybe(incoming[id] ?? null, back[i] ?? null);
    });
  }
  return graph.inputs.map((_, id) => incoming[id] ?? null);
};

const invalidGraph = (operation: string): NatgradError =>
  new NatgradError('InvalidGraph', 'a node reads a value that is not defined', { operation });
