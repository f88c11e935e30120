import { interpreter } from '../backends/interpreter.js';
import { real } from '../ir/domain.js';
import type { Primitive } from '../ir/primitive.js';
import { traceFlat } from '../trace/trace.js';
import { type GraphParams, graphCall } from './_graph-call.js';
import { exp } from './exp.js';
import { multiply } from './multiply.js';
import { sin } from './sin.js';

/**
 * A call whose inside is forgotten after the forward pass: its derivative recomputes from the arguments, trading time for
 * memory (Griewank & Walther 2000, "Algorithm 799: revolve", for the general scheme). The node is a barrier: optimiser passes
 * do not share what is inside with what is outside, or the recomputation would be undone.
 */
export const checkpointPrimitive: Primitive<GraphParams> = graphCall({
  name: 'checkpoint',
  keepsResiduals: false,
  domain: (draw) => {
    const aval = { dtype: 'f64', shape: draw.shape() } as const;
    const { graph } = traceFlat('example', [aval, aval], (x, y) => [multiply(sin(x), exp(sin(y)))] as const);
    return { args: [real(aval.shape), real(aval.shape)], params: { graph, name: 'example', engine: interpreter } };
  },
});
