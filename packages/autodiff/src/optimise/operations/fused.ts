import { executable } from '../../backends/engine.js';
import { interpreter } from '../../backends/interpreter.js';
import { real } from '../../ir/domain.js';
import { type Graph, outputAvals } from '../../ir/graph.js';
import type { Primitive } from '../../ir/primitive.js';
import { checkArguments } from '../../primitives/_graph-call.js';
import { multiply } from '../../primitives/multiply.js';
import { sin } from '../../primitives/sin.js';
import { sum } from '../../primitives/sum.js';
import { traceFlat } from '../../trace/trace.js';
import { engineOperation } from './engine-operation.js';

export interface FusedParams {
  /** Elementwise operations, broadcasts and reductions on one index space; see `fuse`. */
  readonly graph: Graph;
}

/** A group of operations that an engine computes in one loop, element by element, without storing what lies between. */
export const fusedPrimitive: Primitive<FusedParams> = engineOperation<FusedParams>({
  name: 'fused',
  domain: (draw) => {
    const aval = { dtype: 'f64', shape: draw.shape() } as const;
    const { graph } = traceFlat('example', [aval, aval], (x, y) => {
      const product = multiply(sin(x), y);
      return [product, sum(product)];
    });
    return { args: [real(aval.shape), real(aval.shape)], params: { graph } };
  },
  shape: (args, { graph }) => {
    checkArguments('fused', args, graph.inputs);
    return outputAvals(graph);
  },
  evaluate: (args, { graph }) => executable(interpreter, graph).run(args),
  lower: { kind: 'structured', name: 'fused' },
  print: ({ graph }) => graph.nodes.map(({ primitive }) => primitive.name).join(' '),
});
