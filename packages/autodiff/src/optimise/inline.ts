import type { Primitive } from '../ir/primitive.js';
import type { GraphParams } from '../primitives/_graph-call.js';
import { callPrimitive } from '../primitives/call.js';
import { customJvpPrimitive } from '../primitives/custom-jvp.js';
import { stopGradientPrimitive } from '../primitives/stop-gradient.js';
import type { Pass } from './pass.js';
import { rewrite } from './rewrite.js';

/** Primitives that stand for their graph: what they add is about derivatives, which an optimised program has behind it. */
const transparent: ReadonlySet<unknown> = new Set<Primitive<GraphParams> | typeof customJvpPrimitive>([
  callPrimitive,
  customJvpPrimitive,
]);

/**
 * Calls become the operations of their graphs, so that all later passes see one program; the engine of the outermost call
 * runs it all. Identities of the derivative (`stopGradient`) vanish.
 *
 * `checkpoint` stays a node: were its recomputation in sight, the elimination of common subexpressions would find in it the
 * operations of the forward pass, keep their results, and so undo what the user asked for. `scan`, `while` and `cond` drive
 * their graphs and stay too; an engine optimises those graphs when it compiles them.
 */
export const inline: Pass = {
  name: 'inline',
  run: (graph) =>
    rewrite(graph, ({ primitive, params, inputs }, rebuild) => {
      if ((primitive as unknown) === stopGradientPrimitive) return inputs;
      if (transparent.has(primitive)) return rebuild.inline((params as Pick<GraphParams, 'graph'>).graph, inputs);
      return undefined;
    }),
};
