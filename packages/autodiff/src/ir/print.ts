/** Graphs for people. */
import { describe, item } from '@natgrad/tensor';
import { type Graph, graphAvals } from './graph.js';

/**
 * One line for each value: its number, dtype and shape, and how it is computed. Graphs inside structured primitives are
 * summarised by their parameters.
 *
 * @example
 * ```ts
 * const { graph } = traceGraph((x: Tensor) => sin(x), zeros([2]));
 * console.log(printGraph(graph).split('\n')[1]?.trim()); // %1: f64[2] = sin %0
 * ```
 */
export const printGraph = (graph: Graph): string => {
  const avals = graphAvals(graph);
  const name = (id: number): string => `%${id}`;
  const typed = (id: number): string => `${name(id)}: ${describe(avals[id] as (typeof avals)[number])}`;
  const lines = graph.nodes.map((node) => {
    const params = node.primitive.print?.(node.params) ?? '';
    const outs = node.avals.map((_, k) => typed(node.first + k)).join(', ');
    return `  ${outs} = ${node.primitive.name}${params === '' ? '' : `{${params}}`} ${node.inputs.map(name).join(' ')}`;
  });
  const constants = graph.constants.map((value, k) => {
    const id = graph.inputs.length + k;
    return `  ${typed(id)} = constant${value.size === 1 ? ` ${item(value)}` : ''}`;
  });
  return [
    `graph (${graph.inputs.map((_, id) => typed(id)).join(', ')})`,
    ...constants,
    ...lines,
    `  return ${graph.outputs.map(name).join(' ')}`,
  ].join('\n');
};
