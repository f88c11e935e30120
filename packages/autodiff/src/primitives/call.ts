import { interpreter } from '../backends/interpreter.js';
import { real } from '../ir/domain.js';
import type { Primitive } from '../ir/primitive.js';
import { traceFlat } from '../trace/trace.js';
import { type GraphParams, graphCall } from './_graph-call.js';
import { multiply } from './multiply.js';
import { sin } from './sin.js';

/** A call of a traced function as one node: what `jit` leaves in an outer trace, and what engines compile as one program. */
export const callPrimitive: Primitive<GraphParams> = graphCall({
  name: 'call',
  keepsResiduals: true,
  domain: (draw) => {
    const aval = { dtype: 'f64', shape: draw.shape() } as const;
    const { graph } = traceFlat('example', [aval, aval], (x, y) => [multiply(sin(x), y), sin(multiply(x, x))] as const);
    return { args: [real(aval.shape), real(aval.shape)], params: { graph, name: 'example', engine: interpreter } };
  },
});
