/** What a pass is: a program becomes another one that means the same. */
import type { Graph } from '../ir/graph.js';

/**
 * One step of the optimiser. The result has the same inputs and outputs (dtypes and shapes too), satisfies `checkGraph` and
 * means the same; the graph that came in is not touched. Where nothing is to be done, the very graph comes back.
 */
export interface Pass {
  readonly name: string;
  readonly run: (graph: Graph) => Graph;
}

/** A program after one of the passes, for people who want to see what each did. */
export interface PassResult {
  readonly name: string;
  readonly graph: Graph;
}

/** Runs passes in order, again and again, until none changes anything: at most `limit` times. */
export const fixpoint = (name: string, passes: readonly Pass[], limit: number): Pass => ({
  name,
  run: (graph) => {
    let current = graph;
    for (let turn = 0; turn < limit; turn += 1) {
      const next = passes.reduce((before, pass) => pass.run(before), current);
      if (next === current) return current;
      current = next;
    }
    return current;
  },
});
