/** Which nodes become one loop: groups grow from the inputs on, as long as they are a loop and no cycle arises. */
import type { Shape } from '@natgrad/tensor';
import type { Aval } from '../ir/aval.js';
import { type Graph, graphAvals, type Node } from '../ir/graph.js';
import { broadcastPlacement, isElementwise, reductionOf, reductionPlacement, spaceOf } from './loop-space.js';

/** More operations than this would not fit in registers, nor in a reader's head. */
const MOST_OPERATIONS = 100;

/** Where an operand of a loop comes from: a value, through nodes that only change how it is looked at. */
export interface Source {
  readonly id: number;
  /** Indices of the reshapes and the broadcast between, the first one first. */
  readonly path: readonly number[];
  /** How many axes of the index space are rows, where the broadcast says so. */
  readonly split: number | undefined;
}

export interface Group {
  readonly space: string;
  readonly split: number | undefined;
  /** Indices of nodes, in order. */
  readonly members: readonly number[];
}

/** A node of the contracted graph: a group, or a node outside all groups. */
export type Unit = Group | number;

const isMovement = ({ primitive: { lower } }: Node, name: string): boolean =>
  lower.kind === 'movement' && lower.name === name;

/** Operations that loops can take in, or look through. */
const isFree = ({ primitive: { lower } }: Node): boolean =>
  lower.kind === 'elementwise' || lower.kind === 'movement' || lower.kind === 'reduction';

/** The loops of a graph. The tables fill while it is made. */
export class LoopGroups {
  readonly graph: Graph;
  readonly avals: readonly Aval[];
  /** By value: the node that defines it, −1 for inputs and constants. */
  readonly definer: Int32Array;
  /** By node: its group, for nodes that are part of a loop. */
  readonly #groupOf: (Group | undefined)[] = [];
  /** By node: its operands, for nodes that are part of a loop. */
  readonly #operands: (readonly Source[] | undefined)[] = [];
  /**
   * All units so that each comes after those that it reads (Pearce and Kelly 2006, "A dynamic topological sort algorithm for
   * directed acyclic graphs"), with gaps where two became one. Whether a merger would be a cycle is a question about the units
   * between two: the whole is not searched.
   */
  readonly #order: (Unit | undefined)[] = [];
  readonly #rank = new Map<Unit, number>();
  /** By node that defines it: the first node outside all loops, such as a product, that reads the value. */
  readonly #read: number[] = [];

  constructor(graph: Graph) {
    this.graph = graph;
    this.avals = graphAvals(graph);
    this.definer = new Int32Array(this.avals.length).fill(-1);
    graph.nodes.forEach((node, at) => this.definer.fill(at, node.first, node.first + node.avals.length));
    graph.nodes.forEach((node, at) => {
      if (!isFree(node)) for (const id of node.inputs) this.#noteReader(id, at);
    });
    for (let at = 0; at < graph.nodes.length; at += 1) {
      this.#seat(at, at);
      this.#place(at);
    }
  }

  /** A product reads a value also through a reshape. */
  #noteReader(id: number, reader: number): void {
    const at = this.#definerOf(id);
    if (at < 0) return;
    this.#read[at] = Math.min(reader, this.#read[at] ?? reader);
    const node = this.node(at);
    if (node.primitive.lower.kind === 'movement') for (const from of node.inputs) this.#noteReader(from, reader);
  }

  node(at: number): Node {
    return this.graph.nodes[at] as Node;
  }

  operands(at: number): readonly Source[] {
    return this.#operands[at] ?? [];
  }

  unitOf(at: number): Unit {
    return this.#groupOf[at] ?? at;
  }

  /** Values that a unit reads: sources for groups, its own values among them. */
  reads(unit: Unit): readonly number[] {
    return typeof unit === 'number'
      ? this.node(unit).inputs
      : unit.members.flatMap((at) => this.operands(at).map(({ id }) => id));
  }

  #definerOf(id: number): number {
    return this.definer[id] as number;
  }

  #shape(id: number): Shape {
    return (this.avals[id] as Aval).shape;
  }

  /** Follows an operand back through reshapes within one index space and one broadcast. */
  #source(operand: number): Source {
    let source: Source = { id: operand, path: [], split: undefined };
    let broadcast = false;
    for (;;) {
      const at = this.#definerOf(source.id);
      if (at < 0) return source;
      const node = this.node(at);
      const [from] = node.inputs as readonly [number];
      const next = { ...source, id: from, path: [at, ...source.path] };
      if (isMovement(node, 'reshape') && spaceOf(this.#shape(from)) === spaceOf(this.#shape(source.id))) source = next;
      else if (isMovement(node, 'broadcastTo') && !broadcast) {
        const placement = broadcastPlacement(this.#shape(from), this.#shape(source.id));
        if (placement === null) return source;
        broadcast = placement.layout !== 'full';
        source = { ...next, split: placement.split ?? source.split };
      } else return source;
    }
  }

  /** Gives a node that a loop can compute a group: that of what it reads, where that is possible. */
  #place(at: number): void {
    const node = this.node(at);
    const args = node.inputs.map((id) => this.avals[id] as Aval);
    const shape = args[0]?.shape ?? [];
    const reduction = reductionOf(node, args);
    if (reduction === null && !isElementwise(node, args)) return;
    const placement = reduction === null ? null : reductionPlacement(shape, reduction.axes);
    if (reduction !== null && (placement === null || placement.layout === 'full')) return;
    let split = placement?.split;
    const operands = node.inputs.map((id): Source => {
      const source = this.#source(id);
      // A broadcast along other axes than the loop's is computed apart.
      if (split !== undefined && source.split !== undefined && source.split !== split)
        return { id, path: [], split: undefined };
      split ??= source.split;
      return source;
    });
    this.#operands[at] = operands;
    const own: Group = { space: spaceOf(shape), split, members: [at] };
    this.#groupOf[at] = own;
    this.#seat(own, at);
    for (const { id, path } of operands) {
      const producer = this.#groupOf[this.#definerOf(id)];
      const isView = path.some((step) => isMovement(this.node(step), 'broadcastTo'));
      // What comes after a product of a group's values has a loop of its own: in that group it would be computed early, and its
      // result kept in memory until it is needed.
      const isLate = producer?.members.some((member) => (this.#read[member] ?? at) < at) ?? false;
      if (producer !== undefined && !isView && !isLate) this.#merge(this.#groupOf[at], producer);
    }
  }

  /** Makes two groups one, if that is a loop and no cycle arises. */
  #merge(group: Group, other: Group): void {
    if (group === other || group.space !== other.space) return;
    if (group.split !== undefined && other.split !== undefined && group.split !== other.split) return;
    if (group.members.length + other.members.length > MOST_OPERATIONS) return;
    if (this.#readsReductionOf(group, other) || this.#readsReductionOf(other, group)) return;
    const [first, second] = this.#rankOf(group) < this.#rankOf(other) ? [group, other] : [other, group];
    const before = this.#between(first, second);
    if (before === null) return;
    const members = [...group.members, ...other.members].sort((a, b) => a - b);
    const merged: Group = { space: group.space, split: group.split ?? other.split, members };
    for (const at of members) this.#groupOf[at] = merged;
    // Of what lay between both, that which the second needs goes before, the rest, which may need the first, after them.
    const [from, to] = [this.#rankOf(first), this.#rankOf(second)];
    const between = this.#order.slice(from + 1, to).filter((unit) => unit !== undefined);
    const [early, late] = [between.filter((unit) => before.has(unit)), between.filter((unit) => !before.has(unit))];
    this.#order.fill(undefined, from, to + 1);
    [...early, merged, ...late].forEach((unit, k) => {
      this.#seat(unit, from + k);
    });
  }

  /** A reduction is complete only when its loop has ended, so nothing in that loop may read it. */
  #readsReductionOf(reader: Group, group: Group): boolean {
    return this.reads(reader).some((id) => {
      const at = this.#definerOf(id);
      return at >= 0 && this.#groupOf[at] === group && this.node(at).primitive.lower.kind === 'reduction';
    });
  }

  #seat(unit: Unit, rank: number): void {
    this.#order[rank] = unit;
    this.#rank.set(unit, rank);
  }

  #rankOf(unit: Unit): number {
    return this.#rank.get(unit) as number;
  }

  /**
   * The units between two, in the order of the units, that the second depends on; null if the second depends on the first
   * through one of them. What comes before the first in that order cannot depend on it.
   */
  #between(first: Unit, second: Unit): ReadonlySet<Unit> | null {
    const found = new Set<Unit>();
    const waiting: Unit[] = [second];
    for (let unit = waiting.pop(); unit !== undefined; unit = waiting.pop())
      for (const id of this.reads(unit)) {
        const at = this.#definerOf(id);
        const next: Unit = at < 0 ? unit : this.unitOf(at);
        if (next === first && unit !== second) return null;
        if (next === unit || found.has(next) || this.#rankOf(next) <= this.#rankOf(first)) continue;
        found.add(next);
        waiting.push(next);
      }
    return found;
  }
}
