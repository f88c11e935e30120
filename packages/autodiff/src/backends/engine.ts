/** What an engine is: it turns a graph into something that runs. */
import type { Tensor } from '@natgrad/tensor';
import type { Graph } from '../ir/graph.js';

/** A compiled program. Pure: the same tensors give the same tensors. */
export interface Executable {
  readonly run: (args: readonly Tensor[]) => readonly Tensor[];
}

/** What runs graphs. */
export interface Engine {
  readonly name: string;
  readonly compile: (graph: Graph) => Executable;
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
