import type { Value } from '../ir/aval.js';
import { type Graph, lastUses } from '../ir/graph.js';
import { bind } from './bind.js';

/**
 * Runs a graph through `bind`: on tensors it computes, on traced values it records the program again (inlining). Values are
 * dropped after their last use.
 */
export const replay = (graph: Graph, args: readonly Value[]): readonly Value[] => {
  const values: (Value | undefined)[] = [...args, ...graph.constants];
  const last = lastUses(graph);
  graph.nodes.forEach((node, at) => {
    const outs = bind(
      node.primitive,
      node.inputs.map((id) => values[id] as Value),
      node.params,
    );
    for (let k = 0; k < outs.length; k += 1) values[node.first + k] = outs[k];
    for (const id of node.inputs) if (last[id] === at) values[id] = undefined;
  });
  return graph.outputs.map((id) => values[id] as Value);
};
