/** Floating-point operations of a program, counted from its nodes. */
import type { Graph } from '@natgrad/autodiff';
import { sizeOf } from '@natgrad/tensor';

const innerGraphs = (params: unknown): readonly Graph[] => {
  const { graph } = params as { readonly graph?: Graph };
  return graph === undefined ? [] : [graph];
};

/** 2·m·k·n for every matrix product, those in compiled functions too; nothing else is counted. */
export const matmulFlops = (graph: Graph): number => {
  const shapes = [
    ...graph.inputs.map(({ shape }) => shape),
    ...graph.constants.map(({ shape }) => shape),
    ...graph.nodes.flatMap(({ avals }) => avals.map(({ shape }) => shape)),
  ];
  return graph.nodes
    .map(({ primitive, params, inputs, avals }) => {
      if (primitive.name !== 'matmul')
        return innerGraphs(params).reduce((total, inner) => total + matmulFlops(inner), 0);
      const inner = shapes[inputs[0] as number]?.at(-1) ?? 0;
      return 2 * inner * sizeOf(avals[0]?.shape ?? []);
    })
    .reduce((total, each) => total + each, 0);
};
