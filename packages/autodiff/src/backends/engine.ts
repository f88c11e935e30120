/** What an engine is: it turns a graph into something that runs. */
import type { Tensor, TypedArray } from '@natgrad/tensor';
import type { Graph } from '../ir/graph.js';

/** A compiled program. Pure: the same tensors give the same tensors. */
export interface Executable {
  readonly run: (args: readonly Tensor[]) => readonly Tensor[];
}

/**
 * A program for calls of a few microseconds. The arguments that are given stay the same for many calls; for each null among them a
 * call brings an array of as many elements. Results are fresh arrays.
 */
export type Prepared = (
  given: readonly (Tensor | null)[],
) => (rest: readonly ArrayLike<number>[]) => readonly TypedArray[];

/** What runs graphs. */
export interface Engine {
  readonly name: string;
  readonly compile: (graph: Graph) => Executable;
  /** A program for many quick calls on the caller's thread, by engines that call one more quickly than `run` does. */
  readonly prepare?: (graph: Graph) => Prepared;
  /** The same engine for programs that must run on the caller's thread alone, where it has others. */
  readonly onOneThread?: Engine;
}

const compiled = new WeakMap<Engine, WeakMap<Graph, Executable>>();

/** Compiles a graph once per engine; the result lives as long as the graph. */
export const executable = (engine: Engine, graph: Graph): Executable => {
  const known = compiled.get(engine) ?? new WeakMap<Graph, Executable>();
  compiled.set(engine, known);
  const existing = known.get(graph);
  if (existing !== undefined) return existing;
  const made = engine.compile(graph);
  known.set(graph, made);
  return made;
};
