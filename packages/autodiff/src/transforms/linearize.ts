/**
 * Linearisation: the JVP rules run with known primals and traced tangents, so that exactly the linear operations land in the
 * inner graph and everything known stays outside. What the linear graph needs of the outside are its residuals.
 *
 * Radul, Paszke, Frostig, Johnson, Maclaurin: "You Only Linearize Once: Tangents Transpose to Gradients" (2022).
 */
import type { Value } from '../ir/aval.js';
import { avalOf } from '../ir/aval.js';
import type { Graph } from '../ir/graph.js';
import type { Traced } from '../trace/builder.js';
import { traceAside } from '../trace/trace.js';
import { jvpGraphSplit } from './jvp.js';

export interface Linearized {
  readonly outs: readonly Value[];
  /** Tangents of the inputs marked `active` → those output tangents that are not zero. */
  readonly linear: Traced;
  /** Which outputs have a tangent; the k-th such output is the k-th output of `linear`. */
  readonly nonzero: readonly boolean[];
}

/** Linearises a graph at `primals` with respect to the inputs marked `active`. */
export const linearizeGraph = (graph: Graph, primals: readonly Value[], active: readonly boolean[]): Linearized => {
  const avals = primals.filter((_, i) => active[i]).map(avalOf);
  const { aside, ...linear } = traceAside('linearize', avals, (...inputs) => {
    let next = 0;
    const tangents = primals.map((_, i) => {
      if (active[i] !== true) return null;
      next += 1;
      return inputs[next - 1] ?? null;
    });
    const dual = jvpGraphSplit(graph, primals, tangents);
    return {
      outs: dual.tangents.filter((tangent) => tangent !== null),
      aside: { outs: dual.outs, nonzero: dual.tangents.map((tangent) => tangent !== null) },
    };
  });
  return { ...aside, linear };
};
