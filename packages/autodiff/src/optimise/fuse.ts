/**
 * Fusion: elementwise operations, the broadcasts that feed them and the reductions that end them become single nodes, which an
 * engine runs as one loop each. What lies between two operations of a group is never stored.
 */
import type { Shape } from '@natgrad/tensor';
import type { Aval } from '../ir/aval.js';
import { type Graph, graphAvals, type Node } from '../ir/graph.js';
import type { AnyPrimitive } from '../ir/primitive.js';
import { broadcastPlacement, isElementwise, reductionOf, reductionPlacement, spaceOf } from './loop-space.js';
import { fusedPrimitive } from './operations/fused.js';
import type { Pass } from './pass.js';

/** More operations than this would not fit in registers, nor in a reader's head. */
const MOST_OPERATIONS = 100;

/** Where an operand of a loop comes from: a value, through nodes that only change how it is looked at. */
interface Source {
  readonly id: number;
  /** Indices of the reshapes and the broadcast between, the first one first. */
  readonly path: readonly number[];
  readonly split: number | undefined;
}

interface Group {
  readonly space: string;
  split: number | undefined;
  /** Indices of nodes, in order. */
  members: readonly number[];
}

/** Tables about a graph that fusion fills and reads. */
interface Work {
  readonly graph: Graph;
  readonly avals: readonly Aval[];
  /** By value: the node that defines it, −1 for inputs and constants. */
  readonly definer: Int32Array;
  /** By node: its group, for nodes that can be part of a loop. */
  readonly groupOf: (Group | undefined)[];
  /** By node: its operands, for nodes that can be part of a loop. */
  readonly operands: (readonly Source[] | undefined)[];
}

const nodeAt = (work: Work, at: number): Node => work.graph.nodes[at] as Node;
const shapeOf = (work: Work, id: number): Shape => (work.avals[id] as Aval).shape;

const changesOnlyShape = (node: Node): boolean =>
  node.primitive.lower.kind === 'movement' && node.primitive.lower.name === 'reshape';
const isBroadcast = (node: Node): boolean =>
  node.primitive.lower.kind === 'movement' && node.primitive.lower.name === 'broadcastTo';

/** Follows an operand back through reshapes within one index space and one broadcast. */
const sourceOf = (work: Work, operand: number): Source => {
  let source: Source = { id: operand, path: [], split: undefined };
  let broadcast = false;
  for (;;) {
    const at = work.definer[source.id] as number;
    if (at < 0) return source;
    const node = nodeAt(work, at);
    const [from] = node.inputs as readonly [number];
    const next = { ...source, id: from, path: [at, ...source.path] };
    if (changesOnlyShape(node) && spaceOf(shapeOf(work, from)) === spaceOf(shapeOf(work, source.id))) source = next;
    else if (isBroadcast(node) && !broadcast) {
      const placement = broadcastPlacement(shapeOf(work, from), shapeOf(work, source.id));
      if (placement === null) return source;
      broadcast = placement.layout !== 'full';
      source = { ...next, split: placement.split ?? source.split };
    } else return source;
  }
};

/** Units of the contracted graph: a group, or a node outside all groups. */
type Unit = Group | number;
const unitOf = (work: Work, at: number): Unit => work.groupOf[at] ?? at;

/** Values that a unit reads: sources for groups. */
const reads = (work: Work, unit: Unit): readonly number[] =>
  typeof unit === 'number'
    ? nodeAt(work, unit).inputs
    : unit.members.flatMap((at) => (work.operands[at] ?? []).map(({ id }) => id));

/** True if `from` depends on `target` through some third unit. */
const dependsThrough = (work: Work, from: Unit, target: Unit): boolean => {
  const seen = new Set<Unit>([from]);
  const waiting: Unit[] = [from];
  for (let unit = waiting.pop(); unit !== undefined; unit = waiting.pop())
    for (const id of reads(work, unit)) {
      const at = work.definer[id] as number;
      if (at < 0) continue;
      const next = unitOf(work, at);
      if (next === target) {
        if (unit !== from) return true;
      } else if (!seen.has(next)) {
        seen.add(next);
        waiting.push(next);
      }
    }
  return false;
};

const isReduction = (work: Work, at: number): boolean => nodeAt(work, at).primitive.lower.kind === 'reduction';

/** A reduction is complete only when its loop has ended, so nothing in that loop may read it. */
const readsReductionOf = (work: Work, reader: Group, group: Group): boolean =>
  reads(work, reader).some((id) => {
    const at = work.definer[id] as number;
    return at >= 0 && work.groupOf[at] === group && isReduction(work, at);
  });

/** Makes two groups one, if that is a loop and no cycle arises. */
const merge = (work: Work, group: Group, other: Group): void => {
  if (group === other || group.space !== other.space) return;
  if (group.split !== undefined && other.split !== undefined && group.split !== other.split) return;
  if (group.members.length + other.members.length > MOST_OPERATIONS) return;
  if (readsReductionOf(work, group, other) || readsReductionOf(work, other, group)) return;
  if (dependsThrough(work, group, other) || dependsThrough(work, other, group)) return;
  group.members = [...group.members, ...other.members].sort((a, b) => a - b);
  group.split ??= other.split;
  for (const at of other.members) work.groupOf[at] = group;
};

/** The group of a single node, with its operands; undefined for a node that no loop computes. */
const single = (
  work: Work,
  at: number,
): { readonly group: Group; readonly operands: readonly Source[] } | undefined => {
  const node = nodeAt(work, at);
  const args = node.inputs.map((id) => work.avals[id] as Aval);
  const shape = args[0]?.shape ?? [];
  const reduction = reductionOf(node, args);
  if (reduction === null && !isElementwise(node, args)) return undefined;
  const placement = reduction === null ? null : reductionPlacement(shape, reduction.axes);
  if (reduction !== null && (placement === null || placement.layout === 'full')) return undefined;
  let split = placement?.split;
  const operands = node.inputs.map((id): Source => {
    const source = sourceOf(work, id);
    if (split !== undefined && source.split !== undefined && source.split !== split)
      return { id, path: [], split: undefined };
    split ??= source.split;
    return source;
  });
  return { group: { space: spaceOf(shape), split, members: [at] }, operands };
};

const findGroups = (work: Work): void => {
  work.graph.nodes.forEach((_, at) => {
    const found = single(work, at);
    if (found === undefined) return;
    work.groupOf[at] = found.group;
    work.operands[at] = found.operands;
    for (const { id, path } of found.operands) {
      const producer = work.definer[id] as number;
      const isView = path.some((step) => isBroadcast(nodeAt(work, step)));
      if (producer >= 0 && !isView && work.groupOf[producer] !== undefined)
        merge(work, work.groupOf[at] as Group, work.groupOf[producer]);
    }
  });
};

/** Which units the outputs need, and which values are read from outside the unit that defines them. */
const findNeeded = (work: Work): { readonly live: ReadonlySet<Unit>; readonly read: ReadonlySet<number> } => {
  const live = new Set<Unit>();
  const read = new Set<number>();
  const waiting: Unit[] = [];
  const need = (id: number, reader: Unit | undefined): void => {
    const at = work.definer[id] as number;
    const unit = at < 0 ? undefined : unitOf(work, at);
    if (unit === undefined || unit === reader) return;
    read.add(id);
    if (live.has(unit)) return;
    live.add(unit);
    waiting.push(unit);
  };
  for (const id of work.graph.outputs) need(id, undefined);
  for (let unit = waiting.pop(); unit !== undefined; unit = waiting.pop())
    for (const id of reads(work, unit)) need(id, unit);
  return { live, read };
};

/** A graph under construction: values of the old graph by their new numbers. */
class Assembly {
  readonly nodes: Node[] = [];
  readonly renumbered = new Map<number, number>();
  #next = 0;

  define(id: number): void {
    this.renumbered.set(id, this.#next);
    this.#next += 1;
  }

  add(
    primitive: AnyPrimitive,
    params: unknown,
    inputs: readonly number[],
    avals: readonly Aval[],
    ids: readonly number[],
  ): void {
    const first = this.#next;
    this.nodes.push({ primitive, params, inputs: inputs.map((id) => this.number(id)), avals, first });
    for (const id of ids) this.define(id);
  }

  number(id: number): number {
    return this.renumbered.get(id) as number;
  }
}

const outputIds = (node: Node): readonly number[] => node.avals.map((_, k) => node.first + k);

/** The group as a graph of its own. Scalar constants go inside; everything else that it reads is an input. */
const groupGraph = (
  work: Work,
  group: Group,
  read: ReadonlySet<number>,
): { readonly graph: Graph; readonly inputs: readonly number[]; readonly outputs: readonly number[] } => {
  const { graph } = work;
  const firstConstant = graph.inputs.length;
  const isInside = (id: number): boolean => {
    const at = work.definer[id] as number;
    return at >= 0 && work.groupOf[at] === group;
  };
  const outside = [...new Set(reads(work, group))].filter((id) => !isInside(id));
  const constantAt = (id: number): Graph['constants'][number] | undefined => {
    const constant = id < firstConstant ? undefined : graph.constants[id - firstConstant];
    return constant?.size === 1 ? constant : undefined;
  };
  const inputs = outside.filter((id) => constantAt(id) === undefined);
  const constants = outside.filter((id) => constantAt(id) !== undefined);
  const assembly = new Assembly();
  for (const id of [...inputs, ...constants]) assembly.define(id);
  const done = new Set<number>();
  for (const at of group.members) {
    for (const { path } of work.operands[at] ?? [])
      for (const step of path) {
        if (done.has(step)) continue;
        done.add(step);
        const { primitive, params, inputs: from, avals, first } = nodeAt(work, step);
        assembly.add(primitive, params, from, avals, [first]);
      }
    const node = nodeAt(work, at);
    assembly.add(node.primitive, node.params, node.inputs, node.avals, outputIds(node));
  }
  const outputs = group.members.flatMap((at) => outputIds(nodeAt(work, at))).filter((id) => read.has(id));
  return {
    graph: {
      inputs: inputs.map((id) => work.avals[id] as Aval),
      constants: constants.map((id) => constantAt(id) as Graph['constants'][number]),
      nodes: assembly.nodes,
      outputs: outputs.map((id) => assembly.number(id)),
    },
    inputs,
    outputs,
  };
};

const fuseGraph = (graph: Graph): Graph => {
  const avals = graphAvals(graph);
  const definer = new Int32Array(avals.length).fill(-1);
  graph.nodes.forEach((node, at) => definer.fill(at, node.first, node.first + node.avals.length));
  const work: Work = { graph, avals, definer, groupOf: [], operands: [] };
  findGroups(work);
  if (!work.groupOf.some((group) => group !== undefined)) return graph;
  const { live, read } = findNeeded(work);
  const used = new Set([...live].flatMap((unit) => [...reads(work, unit)]));
  for (const id of graph.outputs) used.add(id);
  const firstConstant = graph.inputs.length;
  const assembly = new Assembly();
  graph.inputs.forEach((_, id) => assembly.define(id));
  const groups = new Map(
    [...live].flatMap((unit) => (typeof unit === 'number' ? [] : [[unit, groupGraph(work, unit, read)] as const])),
  );
  // A scalar constant that went into every loop that reads it is no longer one of the program's.
  const outerReads = new Set([
    ...graph.outputs,
    ...[...live].flatMap((unit) => (typeof unit === 'number' ? reads(work, unit) : (groups.get(unit)?.inputs ?? []))),
  ]);
  const constants = graph.constants.flatMap((value, k) =>
    outerReads.has(firstConstant + k) ? [{ value, id: firstConstant + k }] : [],
  );
  for (const { id } of constants) assembly.define(id);
  const emitted = new Set<Unit>();
  const emit = (unit: Unit): void => {
    if (emitted.has(unit) || !live.has(unit)) return;
    emitted.add(unit);
    for (const id of reads(work, unit)) if ((definer[id] as number) >= 0) emit(unitOf(work, definer[id] as number));
    if (typeof unit === 'number') {
      const { primitive, params, inputs, avals: outs, first } = nodeAt(work, unit);
      assembly.add(
        primitive,
        params,
        inputs,
        outs,
        outs.map((_, k) => first + k),
      );
      return;
    }
    const made = groups.get(unit) as ReturnType<typeof groupGraph>;
    const outs = made.outputs.map((id) => avals[id] as Aval);
    assembly.add(fusedPrimitive as unknown as AnyPrimitive, { graph: made.graph }, made.inputs, outs, made.outputs);
  };
  graph.nodes.forEach((_, at) => emit(unitOf(work, at)));
  return {
    inputs: graph.inputs,
    constants: constants.map(({ value }) => value),
    nodes: assembly.nodes,
    outputs: graph.outputs.map((id) => assembly.number(id)),
  };
};

export const fuse: Pass = { name: 'fuse', run: fuseGraph };
