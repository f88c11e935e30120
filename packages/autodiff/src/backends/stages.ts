/** What becomes of a program on its way to the engine, as plain data: for pages and tools that draw it. */
import { describe } from '@natgrad/tensor';
import { type Graph, graphAvals } from '../ir/graph.js';
import type { Lowering } from '../ir/lowering.js';
import { printGraph } from '../ir/print.js';
import { explainPasses } from '../optimise/pipeline.js';
import { planOf } from './wasm/plan.js';

/** One value that a program begins with, or one operation of it. */
export interface ProgramNode {
  /** Name of the primitive, or `input`, `constant`. */
  readonly operation: string;
  /** What it is to an engine. Fused operations are `structured`. */
  readonly kind: Lowering<unknown>['kind'] | 'input' | 'constant';
  /** What the parameters say, as the printed graph has it; empty where there are none. */
  readonly detail: string;
  /** The nodes that it reads, by their place in the list. */
  readonly reads: readonly number[];
  /** Dtypes and shapes of what it gives, e.g. `f32[64,2]`. */
  readonly gives: readonly string[];
  /** True for one whose value is a result of the program. */
  readonly returned: boolean;
}

/** A program after a pass of the optimiser. */
export interface ProgramStage {
  /** Name of the pass; `traced` for the program as it came. */
  readonly pass: string;
  /** False where the pass found nothing to do. */
  readonly changed: boolean;
  /** Inputs, constants and operations, each after what it reads. */
  readonly nodes: readonly ProgramNode[];
  /** How many of the nodes are operations. */
  readonly operations: number;
  /** Floating-point operations of a run. */
  readonly flops: number;
  /** Bytes of intermediate values, as the engine would place them. */
  readonly arenaBytes: number;
  /** The program as `printGraph` writes it. */
  readonly text: string;
}

const nodesOf = (graph: Graph): readonly ProgramNode[] => {
  const avals = graphAvals(graph);
  const known = graph.inputs.length + graph.constants.length;
  const returned = new Set(graph.outputs);
  // Which node gives a value: a node may give several.
  const from = [
    ...Array.from({ length: known }, (_, id) => id),
    ...graph.nodes.flatMap((node, at) => node.avals.map(() => known + at)),
  ];
  const given = (operation: 'input' | 'constant', id: number): ProgramNode => ({
    operation,
    kind: operation,
    detail: '',
    reads: [],
    gives: [describe(avals[id] as (typeof avals)[number])],
    returned: returned.has(id),
  });
  return [
    ...graph.inputs.map((_, id) => given('input', id)),
    ...graph.constants.map((_, k) => given('constant', graph.inputs.length + k)),
    ...graph.nodes.map(
      (node): ProgramNode => ({
        operation: node.primitive.name,
        kind: node.primitive.lower.kind,
        detail: node.primitive.print?.(node.params) ?? '',
        reads: [...new Set(node.inputs.map((id) => from[id] as number))],
        gives: node.avals.map(describe),
        returned: node.avals.some((_, k) => returned.has(node.first + k)),
      }),
    ),
  ];
};

/**
 * A program as it was traced and after each pass of the optimiser, in order: how many operations are left, what a run of them costs,
 * and the graph itself. Plain data.
 *
 * @example
 * ```ts
 * const { graph } = traceGraph((x: Tensor, w: Tensor) => tanh(add(matmul(x, w), 1)), zeros([8, 4]), zeros([4, 2]));
 * const stages = programStages(graph);
 * console.log(stages.at(0)?.pass, stages.at(-1)?.pass, stages.at(-1)?.operations); // traced fuse 2
 * ```
 */
export const programStages = (graph: Graph): readonly ProgramStage[] => {
  const results = [{ name: 'traced', graph }, ...explainPasses(graph)];
  return results.map(({ name, graph: after }, k): ProgramStage => {
    const plan = planOf(after);
    return {
      pass: name,
      changed: k === 0 || after !== results[k - 1]?.graph,
      nodes: nodesOf(after),
      operations: after.nodes.length,
      flops: plan.steps.reduce((sum, step) => sum + step.flops, 0),
      arenaBytes: plan.arena.peak,
      text: printGraph(after),
    };
  });
};
