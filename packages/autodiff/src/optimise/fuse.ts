/**
 * Fusion: elementwise operations, the broadcasts that feed them and the reductions that end them become single nodes, which an
 * engine runs as one loop each. What lies between two operations of a group is never stored.
 */
import type { Tensor } from '@natgrad/tensor';
import type { Aval } from '../ir/aval.js';
import type { Graph, Node } from '../ir/graph.js';
import type { AnyPrimitive } from '../ir/primitive.js';
import { type Group, LoopGroups, type Unit } from './loop-groups.js';
import { fusedPrimitive } from './operations/fused.js';
import type { Pass } from './pass.js';

/** A graph under construction: values of the old graph by their new numbers. */
class Assembly {
  readonly nodes: Node[] = [];
  readonly #renumbered = new Map<number, number>();

  define(id: number): void {
    this.#renumbered.set(id, this.#renumbered.size);
  }

  number(id: number): number {
    return this.#renumbered.get(id) as number;
  }

  add(
    primitive: AnyPrimitive,
    params: unknown,
    inputs: readonly number[],
    outs: readonly number[],
    avals: readonly Aval[],
  ): void {
    const first = this.#renumbered.size;
    this.nodes.push({ primitive, params, inputs: inputs.map((id) => this.number(id)), avals, first });
    for (const id of outs) this.define(id);
  }

  copy({ primitive, params, inputs, avals, first }: Node): void {
    this.add(
      primitive,
      params,
      inputs,
      avals.map((_, k) => first + k),
      avals,
    );
  }
}

interface Needed {
  readonly live: ReadonlySet<Unit>;
  /** Values that are read from outside the unit that defines them. */
  readonly read: ReadonlySet<number>;
}

/** What the outputs need: a broadcast that went into all loops that read it is no longer needed itself. */
const findNeeded = (loops: LoopGroups): Needed => {
  const live = new Set<Unit>();
  const read = new Set<number>();
  const waiting: Unit[] = [];
  const need = (id: number, reader: Unit | undefined): void => {
    const at = loops.definer[id] as number;
    const unit = at < 0 ? undefined : loops.unitOf(at);
    if (unit === undefined || unit === reader) return;
    read.add(id);
    if (live.has(unit)) return;
    live.add(unit);
    waiting.push(unit);
  };
  for (const id of loops.graph.outputs) need(id, undefined);
  for (let unit = waiting.pop(); unit !== undefined; unit = waiting.pop())
    for (const id of loops.reads(unit)) need(id, unit);
  return { live, read };
};

/** A group as a node: its graph, and the values of the whole graph that it reads and that others read of it. */
interface FusedNode {
  readonly graph: Graph;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
}

const constantAt = ({ inputs, constants }: Graph, id: number): Tensor | undefined =>
  id < inputs.length ? undefined : constants[id - inputs.length];

/** Scalar constants go inside the group; everything else that it reads is an input. */
const fusedNode = (loops: LoopGroups, group: Group, read: ReadonlySet<number>): FusedNode => {
  const { graph, avals, definer } = loops;
  const isInside = (id: number): boolean => {
    const at = definer[id] as number;
    return at >= 0 && loops.unitOf(at) === group;
  };
  const isScalar = (id: number): boolean => constantAt(graph, id)?.size === 1;
  const outside = [...new Set(loops.reads(group))].filter((id) => !isInside(id));
  const inputs = outside.filter((id) => !isScalar(id));
  const constants = outside.filter(isScalar);
  const assembly = new Assembly();
  for (const id of [...inputs, ...constants]) assembly.define(id);
  const steps = group.members.flatMap((at) => [...loops.operands(at).flatMap(({ path }) => path), at]);
  for (const at of new Set(steps)) assembly.copy(loops.node(at));
  const outputs = group.members
    .flatMap((at) => loops.node(at).avals.map((_, k) => loops.node(at).first + k))
    .filter((id) => read.has(id));
  return {
    graph: {
      inputs: inputs.map((id) => avals[id] as Aval),
      constants: constants.map((id) => constantAt(graph, id) as Tensor),
      nodes: assembly.nodes,
      outputs: outputs.map((id) => assembly.number(id)),
    },
    inputs,
    outputs,
  };
};

const fuseGraph = (graph: Graph): Graph => {
  const loops = new LoopGroups(graph);
  const { live, read } = findNeeded(loops);
  const groups = new Map<Unit, FusedNode>();
  for (const unit of live) if (typeof unit !== 'number') groups.set(unit, fusedNode(loops, unit, read));
  if (groups.size === 0) return graph;
  const inputsOf = (unit: Unit): readonly number[] => groups.get(unit)?.inputs ?? loops.reads(unit);
  const used = new Set([...graph.outputs, ...[...live].flatMap(inputsOf)]);
  const firstConstant = graph.inputs.length;
  const constants = graph.constants.map((_, k) => firstConstant + k).filter((id) => used.has(id));
  const assembly = new Assembly();
  graph.inputs.forEach((_, id) => {
    assembly.define(id);
  });
  for (const id of constants) assembly.define(id);
  const emitted = new Set<Unit>();
  /** A unit after all that it reads: a group may read what comes later than its first member. */
  const emit = (unit: Unit): void => {
    if (emitted.has(unit) || !live.has(unit)) return;
    emitted.add(unit);
    for (const id of inputsOf(unit)) {
      const at = loops.definer[id] as number;
      if (at >= 0) emit(loops.unitOf(at));
    }
    const fused = groups.get(unit);
    if (fused === undefined) assembly.copy(loops.node(unit as number));
    else {
      const avals = fused.outputs.map((id) => loops.avals[id] as Aval);
      assembly.add(
        fusedPrimitive as unknown as AnyPrimitive,
        { graph: fused.graph },
        fused.inputs,
        fused.outputs,
        avals,
      );
    }
  };
  graph.nodes.forEach((_, at) => {
    emit(loops.unitOf(at));
  });
  return {
    inputs: graph.inputs,
    constants: constants.map((id) => constantAt(graph, id) as Tensor),
    nodes: assembly.nodes,
    outputs: graph.outputs.map((id) => assembly.number(id)),
  };
};

export const fuse: Pass = { name: 'fuse', run: fuseGraph };
