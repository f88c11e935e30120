/**
 * Building a graph. The builder's list of nodes is the only thing in the package that grows in place; it is sealed when the
 * trace ends.
 */
import { describe, NatgradError, type Tensor } from '@natgrad/tensor';
import { isConcrete } from '@natgrad/tensor/internal';
import type { Aval, Value } from '../ir/aval.js';
import type { Graph, Node } from '../ir/graph.js';
import type { AnyPrimitive } from '../ir/primitive.js';
import { Expr, type Trace } from './expr.js';

/** A closed graph, and the outer values that it uses: its inputs are the arguments followed by the captures. */
export interface Traced {
  readonly graph: Graph;
  readonly captures: readonly Value[];
}

let created = 0;

export class Builder implements Trace {
  /**
   * Creation order. An operation is recorded by the youngest builder among its arguments: never a depth computed from the
   * arguments, which would confuse perturbations when a closure hides an outer value.
   */
  readonly stamp: number;
  readonly name: string;
  readonly #avals: Aval[] = [];
  readonly #nodes: Node[] = [];
  readonly #inputs: number[] = [];
  readonly #captures = new Map<Expr, number>();
  readonly #constants = new Map<Tensor, number>();
  #sealed = false;

  constructor(name: string) {
    created += 1;
    this.stamp = created;
    this.name = name;
  }

  get sealed(): boolean {
    return this.#sealed;
  }

  seal(): void {
    this.#sealed = true;
  }

  #define(aval: Aval): number {
    this.#avals.push(aval);
    return this.#avals.length - 1;
  }

  input(aval: Aval): Expr {
    const id = this.#define(aval);
    this.#inputs.push(id);
    return new Expr(this, id, aval);
  }

  /** The number of a value in this builder; constants and outer values become captures. */
  lift(value: Value): number {
    if (value instanceof Expr) {
      checkLive(value);
      if (value.builder === this) return value.id;
      const known = this.#captures.get(value);
      if (known !== undefined) return known;
      const id = this.#define(value);
      this.#captures.set(value, id);
      return id;
    }
    const known = this.#constants.get(value);
    if (known !== undefined) return known;
    if (!isConcrete(value))
      throw new NatgradError('NotATensor', 'expected a tensor', { operation: this.name, found: typeof value });
    const id = this.#define(value);
    this.#constants.set(value, id);
    return id;
  }

  record(primitive: AnyPrimitive, args: readonly Value[], params: unknown, avals: readonly Aval[]): readonly Expr[] {
    const inputs = args.map((arg) => this.lift(arg));
    const outs = avals.map((aval) => new Expr(this, this.#define(aval), aval));
    this.#nodes.push({ primitive, params, inputs, avals, first: outs[0]?.id ?? this.#avals.length });
    return outs;
  }

  /** The graph that computes `outputs`: dead nodes, constants and captures are dropped, values renumbered. */
  close(outputs: readonly Value[]): Traced {
    const ids = outputs.map((output) => this.lift(output));
    const live = new Uint8Array(this.#avals.length);
    for (const id of ids) live[id] = 1;
    const kept: Node[] = [];
    for (let at = this.#nodes.length - 1; at >= 0; at -= 1) {
      const node = this.#nodes[at] as Node;
      if (!node.avals.some((_, k) => live[node.first + k] === 1)) continue;
      for (const id of node.inputs) live[id] = 1;
      kept.push(node);
    }
    const renumbered = new Int32Array(this.#avals.length).fill(-1);
    let next = 0;
    const assign = (id: number): void => {
      renumbered[id] = next;
      next += 1;
    };
    const captures = [...this.#captures].filter(([, id]) => live[id] === 1);
    const constants = [...this.#constants].filter(([, id]) => live[id] === 1);
    this.#inputs.forEach(assign);
    for (const [, id] of captures) assign(id);
    for (const [, id] of constants) assign(id);
    const nodes = kept.reverse().map((node): Node => {
      const inputs = node.inputs.map((id) => renumbered[id] as number);
      const first = next;
      node.avals.forEach((_, k) => assign(node.first + k));
      return { ...node, inputs, first };
    });
    const inputs = [...this.#inputs, ...captures.map(([, id]) => id)].map((id) => this.#avals[id] as Aval);
    return {
      graph: {
        inputs: inputs.map(({ dtype, shape }) => ({ dtype, shape })),
        constants: constants.map(([value]) => value),
        nodes,
        outputs: ids.map((id) => renumbered[id] as number),
      },
      captures: captures.map(([value]) => value),
    };
  }
}

/** Throws `LeakedTrace` for a traced value whose trace has ended. */
export const checkLive = (value: Expr): void => {
  if (value.builder.sealed)
    throw new NatgradError(
      'LeakedTrace',
      `a traced value ${describe(value)} of \`${value.builder.name}\` was used after its trace had ended`,
      {
        operation: value.builder.name,
        found: describe(value),
        expected:
          'return everything you need from the traced function; do not store traced values in outer variables, and do not use them after an await',
      },
    );
};
