import type { Value } from '../ir/aval.js';
import { type Graph, lastUses } from '../ir/graph.js';
import { bind } from './bind.js';

/**
 * Runs a graph through `bind`: on tensors it computes, on traced values it records the program again (inlining). Values are
 * dropped after their last use.
 *
 * @param change what stands for the result of a node, by its number, in all that comes after; by default the result itself
 */
export const replay = (
  graph: Graph,
  args: readonly Value[],
  change?: (id: number, value: Value) => Value,
): readonly Value[] => {
  const values: (Value | undefined)[] = [...args, ...graph.constants];
  const last = lastUses(graph);
  graph.nodes.forEach((node, at) => {
    const outs = bind(
      node.primitive,
      node.inputs.map((id) => values[id] as Value),
      node.params,
    );
    for (let k = 0; k < outs.length; k += 1)
      values[node.first + k] = change === undefined ? outs[k] : change(node.first + k, outs[k] as Value);
    for (const id of node.inputs) if (last[id] === at) values[id] = undefined;
  });
  return graph.outputs.map((id) => values[id] as Value);
};
