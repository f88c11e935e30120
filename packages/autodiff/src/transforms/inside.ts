/** Looking into a program: its calls opened, and its outputs differentiated by values in its middle. */
import { full } from '@natgrad/tensor';
import type { Aval, MaybeZero, Value } from '../ir/aval.js';
import { type Graph, graphAvals } from '../ir/graph.js';
import { rewrite } from '../optimise/rewrite.js';
import type { GraphParams } from '../primitives/_graph-call.js';
import { instantiate } from '../primitives/_zero.js';
import { add } from '../primitives/add.js';
import { callPrimitive } from '../primitives/call.js';
import { checkpointPrimitive } from '../primitives/checkpoint.js';
import { replay } from '../trace/replay.js';
import { traceFlat } from '../trace/trace.js';
import { pick } from './closed.js';
import { linearizeGraph } from './linearize.js';
import { transposeGraph } from './transpose.js';

const calls: ReadonlySet<unknown> = new Set([callPrimitive, checkpointPrimitive]);

/**
 * The same program with the operations of compiled and checkpointed functions in place of their calls. What declares its own
 * derivative (`customJvp`) or drives a graph (`scan`, `while`, `cond`) stays one node.
 */
export const openCalls = (graph: Graph): Graph =>
  rewrite(graph, ({ primitive, params, inputs }, rebuild) =>
    calls.has(primitive) ? rebuild.inline((params as GraphParams).graph, inputs) : undefined,
  );

export interface Inside {
  readonly outs: readonly Value[];
  /** Which outputs depend on the taps. */
  readonly reached: readonly boolean[];
  /** Cotangents of the outputs (`null` for 0) → cotangents of the taps. */
  readonly pull: (cotangents: readonly MaybeZero[]) => readonly Value[];
}

/**
 * Runs a graph and keeps hold of values in its middle, by which the outputs can be differentiated. What reaches the outputs through
 * a later one counts for the earlier one too.
 *
 * @param taps numbers of the values, which are results of nodes
 */
export const lookInside = (graph: Graph, args: readonly Value[], taps: readonly number[]): Inside => {
  const avals = graphAvals(graph);
  const tapAvals = taps.map((id) => avals[id] as Aval);
  // Every tap is moved by an input of its own: the derivative by the input is that by the tap.
  const { graph: moved } = traceFlat('lookInside', [...graph.inputs, ...tapAvals], (...values) =>
    replay(graph, values.slice(0, graph.inputs.length), (id, value) => {
      const tap = taps.indexOf(id);
      return tap < 0 ? value : add(value, values[graph.inputs.length + tap] as Value);
    }),
  );
  // −0 changes nothing, not even the sign of a zero, so that optimised programs have nothing to add.
  const moves = tapAvals.map(({ shape, dtype }) => full(shape, -0, dtype));
  const active = [...graph.inputs.map(() => false), ...taps.map(() => true)];
  const { outs, linear, nonzero } = linearizeGraph(moved, [...args, ...moves], active);
  const unknown = [...taps.map(() => true), ...linear.captures.map(() => false)];
  return {
    outs,
    reached: nonzero,
    pull: (cotangents) => {
      const given = pick(cotangents, nonzero);
      const back = transposeGraph(linear.graph, unknown, [...taps.map(() => null), ...linear.captures], given);
      return tapAvals.map((aval, k) => instantiate(back[k] ?? null, aval));
    },
  };
};
