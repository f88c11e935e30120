/** The validator: what every graph must satisfy, checked between passes in tests. */
import { describe, NatgradError } from '@natgrad/tensor';
import { sameAval } from './aval.js';
import { type Graph, graphAvals } from './graph.js';
import { isPrimitive } from './primitive.js';

/**
 * Throws `InvalidGraph` unless values are defined once and before their use, numbers are consecutive, every node's
 * dtypes and shapes are what its primitive's shape rule gives, and the outputs exist.
 */
export const checkGraph = (graph: Graph): void => {
  const avals = graphAvals(graph);
  const fail = (message: string): never => {
    throw new NatgradError('InvalidGraph', message, { operation: 'checkGraph' });
  };
  let defined = graph.inputs.length + graph.constants.length;
  graph.nodes.forEach((node, at) => {
    if (!isPrimitive(node.primitive)) fail(`node ${at} has no primitive`);
    const place = `node ${at} (${node.primitive.name})`;
    if (node.first !== defined) fail(`${place} defines %${node.first}, the next free number is %${defined}`);
    const args = node.inputs.map((id) => {
      const aval = avals[id];
      if (aval === undefined || id < 0 || id >= defined)
        return fail(`${place} reads %${id}, which is not defined before it`);
      return aval;
    });
    const expected = node.primitive.shape(args, node.params);
    if (expected.length !== node.avals.length)
      fail(`${place} has ${node.avals.length} outputs, its shape rule gives ${expected.length}`);
    expected.forEach((aval, k) => {
      const recorded = node.avals[k];
      if (recorded === undefined || !sameAval(aval, recorded))
        fail(
          `${place}: output ${k} is recorded as ${recorded === undefined ? 'nothing' : describe(recorded)}, its shape rule gives ${describe(aval)}`,
        );
    });
    defined += node.avals.length;
  });
  for (const id of graph.outputs)
    if (!Number.isInteger(id) || id < 0 || id >= defined) fail(`the output %${id} is not defined`);
};
