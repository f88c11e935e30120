/** What a linearisation keeps in memory between its forward pass and its products. */
import type { Value } from '../ir/aval.js';
import type { Graph, Node } from '../ir/graph.js';
import { bind } from '../trace/bind.js';
import { replay } from '../trace/replay.js';
import { traceFlat } from '../trace/trace.js';
import type { SplitGraph } from '../transforms/closed.js';
import { fold } from './fold.js';
import { chainOf, definersOf, sizesOf } from './recompute.js';

const known = new WeakMap<SplitGraph, SplitGraph>();

/**
 * The same linearisation with fewer residuals: what is a few cheap operations on another residual, as 1 − y² is on the y of a
 * tanh, is computed again by the linear part.
 */
export const fewerResiduals = (split: SplitGraph): SplitGraph => {
  const existing = known.get(split);
  if (existing !== undefined) return existing;
  const made = without(split);
  known.set(split, made);
  return made;
};

const without = (split: SplitGraph): SplitGraph => {
  const { linear, residuals } = split;
  // Numbers that were stretched to the shape of a batch become numbers again.
  const primal = fold.run(split.primal);
  const outputs = primal.outputs.length - residuals.length;
  const ids = primal.outputs.slice(outputs);
  const [definer, sizes] = [definersOf(primal), sizesOf(primal)];
  const chains = ids.map((id) => chainOf(primal, definer, sizes, id));
  // The linear part has the residuals and constants of its own; other scalars of the forward pass it does not see.
  const isSeen = (id: number): boolean =>
    ids.includes(id) || (id >= primal.inputs.length && (definer[id] as number) < 0);
  const isKept = chains.map(
    (chain) => chain === undefined || !ids.includes(chain.root) || !chain.scalars.every(isSeen),
  );
  if (isKept.every(Boolean)) return split;
  const kept = ids.filter((_, k) => isKept[k] === true);
  const tangents = linear.inputs.length - residuals.length;
  const avals = [...linear.inputs.slice(0, tangents), ...residuals.filter((_, k) => isKept[k] === true)];
  const { graph } = traceFlat('linearize', avals, (...values) => {
    const given = new Map(kept.map((id, k) => [id, values[tangents + k] as Value]));
    const all = ids.map((id, k) =>
      isKept[k] === true ? (given.get(id) as Value) : again(primal, chains[k]?.nodes ?? [], given, id),
    );
    return replay(linear, [...values.slice(0, tangents), ...all]);
  });
  return {
    ...split,
    primal: { ...primal, outputs: [...primal.outputs.slice(0, outputs), ...kept] },
    residuals: residuals.filter((_, k) => isKept[k] === true),
    linear: fold.run(graph),
  };
};

/** Applies nodes of a graph once more, to values that are given and to its constants. */
const again = (graph: Graph, nodes: readonly number[], given: ReadonlyMap<number, Value>, id: number): Value => {
  const values = new Map(given);
  graph.constants.forEach((constant, k) => values.set(graph.inputs.length + k, constant));
  for (const at of nodes) {
    const { primitive, params, inputs, first } = graph.nodes[at] as Node;
    bind(
      primitive,
      inputs.map((input) => values.get(input) as Value),
      params,
    ).forEach((out, k) => values.set(first + k, out));
  }
  return values.get(id) as Value;
};
