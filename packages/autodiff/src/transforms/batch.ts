/** Vectorisation: a graph is replayed with a batch axis in front of some of its values. */
import type { Value } from '../ir/aval.js';
import type { Graph } from '../ir/graph.js';
import type { Batched } from '../ir/primitive.js';
import { bind } from '../trace/bind.js';

/** Runs a graph on a batch; work on values without a batch axis is done once. */
export const batchGraph = (
  graph: Graph,
  args: readonly Value[],
  batched: readonly boolean[],
  size: number,
): Batched => {
  const values: Value[] = [...args, ...graph.constants];
  const flags: boolean[] = [...batched, ...graph.constants.map(() => false)];
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((id) => values[id] as Value);
    const marks = node.inputs.map((id) => flags[id] === true);
    const result: Batched = marks.includes(true)
      ? node.primitive.batch(inputs, marks, size, node.params)
      : { outs: bind(node.primitive, inputs, node.params), batched: [] };
    result.outs.forEach((out, k) => {
      values[node.first + k] = out;
      flags[node.first + k] = result.batched[k] ?? false;
    });
  }
  return {
    outs: graph.outputs.map((id) => values[id] as Value),
    batched: graph.outputs.map((id) => flags[id] === true),
  };
};
