/**
 * The walk that every pass is: node by node, a graph is built again, and a visitor may say for each operation which values
 * stand for its results instead.
 */
import type { Tensor } from '@natgrad/tensor';
import { type Aval, avalOf } from '../ir/aval.js';
import type { Graph, Node } from '../ir/graph.js';
import type { AnyPrimitive, Primitive } from '../ir/primitive.js';

/** An application of a primitive to values of the graph that is being built. */
export interface Operation {
  readonly primitive: AnyPrimitive;
  readonly params: unknown;
  readonly inputs: readonly number[];
  readonly avals: readonly Aval[];
}

/** The graph that is being built. Its values have numbers of their own, which end with the walk. */
export interface Rebuild {
  readonly aval: (id: number) => Aval;
  /** The value of a constant: one for each tensor. */
  readonly constant: (value: Tensor) => number;
  /** The tensor, where the value is a constant. */
  readonly constantOf: (id: number) => Tensor | undefined;
  /** The operation that gives a value; nothing for inputs and constants. */
  readonly producer: (id: number) => Operation | undefined;
  /** Applies a primitive. The visitor sees this operation too, so that all that is built is in its normal form. */
  readonly apply: <P>(primitive: Primitive<P>, inputs: readonly number[], params: P) => readonly number[];
  /** `apply` for a primitive with one output. */
  readonly apply1: <P>(primitive: Primitive<P>, inputs: readonly number[], params: P) => number;
  /** Adds the operation as it is, for a visitor that wants to know the numbers of its results. */
  readonly keep: (operation: Operation, source?: Node) => readonly number[];
  /** Applies all operations of a graph. */
  readonly inline: (graph: Graph, inputs: readonly number[]) => readonly number[];
}

/**
 * The values that stand for the outputs of an operation, or nothing to keep it. `source` is the node that it comes from, in
 * the graph that is being rewritten; an operation that the visitor itself applied has none.
 */
export type Visit = (operation: Operation, rebuild: Rebuild, source: Node | undefined) => readonly number[] | undefined;

/** What becomes of a constant; without one it stays. */
export type VisitConstant = (value: Tensor, rebuild: Rebuild) => number;

interface Made extends Operation {
  readonly first: number;
  readonly source: Node | undefined;
}

const sameNumbers = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((id, k) => id === b[k]);

class Rebuilder implements Rebuild {
  readonly #visit: Visit;
  readonly #avals: Aval[] = [];
  readonly #made: Made[] = [];
  /** By value: what gives it. */
  readonly #origins: (Made | Tensor | undefined)[] = [];
  readonly #constants = new Map<Tensor, number>();

  constructor(inputs: readonly Aval[], visit: Visit) {
    this.#visit = visit;
    for (const aval of inputs) this.#define(aval, undefined);
  }

  #define(aval: Aval, origin: Made | Tensor | undefined): number {
    this.#origins.push(origin);
    return this.#avals.push(aval) - 1;
  }

  aval(id: number): Aval {
    return this.#avals[id] as Aval;
  }

  constant(value: Tensor): number {
    const known = this.#constants.get(value);
    if (known !== undefined) return known;
    const id = this.#define(avalOf(value), value);
    this.#constants.set(value, id);
    return id;
  }

  constantOf(id: number): Tensor | undefined {
    const origin = this.#origins[id];
    return origin !== undefined && !('primitive' in origin) ? origin : undefined;
  }

  producer(id: number): Operation | undefined {
    const origin = this.#origins[id];
    return origin !== undefined && 'primitive' in origin ? origin : undefined;
  }

  apply<P>(primitive: Primitive<P>, inputs: readonly number[], params: P): readonly number[] {
    const args = inputs.map((id) => this.aval(id));
    return this.submit({ primitive: primitive as AnyPrimitive, params, inputs, avals: primitive.shape(args, params) });
  }

  apply1<P>(primitive: Primitive<P>, inputs: readonly number[], params: P): number {
    return this.apply(primitive, inputs, params)[0] as number;
  }

  inline(graph: Graph, inputs: readonly number[]): readonly number[] {
    const values: number[] = [...inputs, ...graph.constants.map((value) => this.constant(value))];
    for (const { primitive, params, inputs: ids, avals } of graph.nodes)
      values.push(...this.submit({ primitive, params, inputs: ids.map((id) => values[id] as number), avals }));
    return graph.outputs.map((id) => values[id] as number);
  }

  submit(operation: Operation, source?: Node): readonly number[] {
    return this.#visit(operation, this, source) ?? this.keep(operation, source);
  }

  keep({ primitive, params, inputs, avals }: Operation, source?: Node): readonly number[] {
    const made: Made = { primitive, params, inputs, avals, first: this.#avals.length, source };
    this.#made.push(made);
    return avals.map((aval) => this.#define(aval, made));
  }

  /** What the outputs need, inputs excepted. */
  #live(outputs: readonly number[]): { readonly live: Uint8Array; readonly kept: readonly Made[] } {
    const live = new Uint8Array(this.#avals.length);
    for (const id of outputs) live[id] = 1;
    const kept: Made[] = [];
    for (let at = this.#made.length - 1; at >= 0; at -= 1) {
      const made = this.#made[at] as Made;
      if (!made.avals.some((_, k) => live[made.first + k] === 1)) continue;
      for (const id of made.inputs) live[id] = 1;
      kept.push(made);
    }
    return { live, kept: kept.reverse() };
  }

  /** The graph: what no output needs is left out, and values get the numbers that `Graph` asks for. */
  close(original: Graph, outputs: readonly number[]): Graph {
    const { inputs } = original;
    const { live, kept } = this.#live(outputs);
    const constants = [...this.#constants].filter(([, id]) => live[id] === 1);
    // Where nothing changed, the numbers are those of the original already.
    const same =
      kept.length === original.nodes.length &&
      constants.length === original.constants.length &&
      sameNumbers(outputs, original.outputs) &&
      constants.every(([value], k) => value === original.constants[k]) &&
      kept.every(({ source, first, inputs: ids }, at) => {
        const node = original.nodes[at] as Node;
        return source === node && first === node.first && sameNumbers(ids, node.inputs);
      });
    if (same) return original;
    const numbers = new Int32Array(this.#avals.length);
    for (let id = 0; id < inputs.length; id += 1) numbers[id] = id;
    let next = inputs.length;
    for (const [, id] of constants) {
      numbers[id] = next;
      next += 1;
    }
    const nodes = kept.map(({ primitive, params, inputs: ids, avals, first: old }): Node => {
      const first = next;
      for (let k = 0; k < avals.length; k += 1) numbers[old + k] = first + k;
      next += avals.length;
      return { primitive, params, inputs: ids.map((id) => numbers[id] as number), avals, first };
    });
    return {
      inputs,
      constants: constants.map(([value]) => value),
      nodes,
      outputs: outputs.map((id) => numbers[id] as number),
    };
  }
}

/**
 * Builds a graph again through `visit`, without what no output needs. Values keep their order. Where nothing changes the
 * result is `graph` itself.
 */
export const rewrite = (graph: Graph, visit: Visit, visitConstant?: VisitConstant): Graph => {
  const rebuild = new Rebuilder(graph.inputs, visit);
  const values = graph.inputs.map((_, id) => id);
  for (const value of graph.constants) values.push(visitConstant?.(value, rebuild) ?? rebuild.constant(value));
  for (const node of graph.nodes) {
    const { primitive, params, avals } = node;
    const inputs = node.inputs.map((id) => values[id] as number);
    values.push(...rebuild.submit({ primitive, params, inputs, avals }, node));
  }
  return rebuild.close(
    graph,
    graph.outputs.map((id) => values[id] as number),
  );
};
