/** The specification of every program: each node's reference semantics, in order. */
import type { Tensor } from '@natgrad/tensor';
import { lastUses } from '../ir/graph.js';
import type { Engine } from './engine.js';

/** The engine that evaluates a graph node by node, in double precision where the dtype has it: what other engines are compared with. */
export const interpreter: Engine = {
  name: 'interpreter',
  compile: (graph) => {
    const last = lastUses(graph);
    return {
      run: (args) => {
        const values: (Tensor | undefined)[] = [...args, ...graph.constants];
        graph.nodes.forEach((node, at) => {
          const outs = node.primitive.evaluate(
            node.inputs.map((id) => values[id] as Tensor),
            node.params,
          );
          for (let k = 0; k < outs.length; k += 1) values[node.first + k] = outs[k];
          for (const id of node.inputs) if (last[id] === at) values[id] = undefined;
        });
        return graph.outputs.map((id) => values[id] as Tensor);
      },
    };
  },
};
