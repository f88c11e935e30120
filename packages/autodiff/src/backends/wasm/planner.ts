/** Tables that planning fills: which buffer holds which value, and from when to when. */
import { sizeOf } from '@natgrad/tensor';
import { bytesPerElement } from '@natgrad/tensor/internal';
import type { Aval } from '../../ir/aval.js';
import { type Graph, graphAvals, type Node } from '../../ir/graph.js';
import type { Grain } from './threads/cut.js';

export const bytesOfAval = ({ dtype, shape }: Aval): number => sizeOf(shape) * bytesPerElement(dtype);

/** A reshape is another way to look at the same buffer. */
export const isAlias = ({ primitive: { lower } }: Node): boolean =>
  lower.kind === 'movement' && (lower.name === 'reshape' || lower.name === 'stopGradient');

/** A buffer that is not placed yet; times are numbers of nodes. */
export interface Draft {
  bytes: number;
  readonly external?: { readonly kind: 'argument' | 'constant'; readonly index: number };
  readonly from: number;
  to: number;
  isResult: boolean;
}

export class Planner {
  readonly graph: Graph;
  readonly grain: Grain;
  readonly avals: readonly Aval[];
  readonly drafts: Draft[] = [];
  /** By value. */
  readonly bufferOf: number[] = [];
  /** By value: the value whose elements it shows. */
  readonly #root: number[];
  /** By root value: the last node that reads it. */
  readonly #lastUse: number[];

  constructor(graph: Graph, grain: Grain) {
    this.graph = graph;
    this.grain = grain;
    this.avals = graphAvals(graph);
    this.#root = this.avals.map((_, id) => id);
    for (const node of graph.nodes)
      if (isAlias(node)) this.#root[node.first] = this.#root[node.inputs[0] as number] as number;
    this.#lastUse = this.avals.map(() => -1);
    graph.nodes.forEach((node, at) => {
      for (const id of node.inputs) this.#lastUse[this.#root[id] as number] = at;
    });
    for (const id of graph.outputs) this.#lastUse[this.#root[id] as number] = graph.nodes.length;
    const external = graph.inputs.length + graph.constants.length;
    for (let id = 0; id < external; id += 1) {
      const isInput = id < graph.inputs.length;
      this.bufferOf.push(this.drafts.length);
      this.drafts.push({
        bytes: bytesOfAval(this.avals[id] as Aval),
        external: isInput ? { kind: 'argument', index: id } : { kind: 'constant', index: id - graph.inputs.length },
        from: -1,
        to: this.#lastUse[id] as number,
        isResult: false,
      });
    }
  }

  root(id: number): number {
    return this.#root[id] as number;
  }

  /** A value that ends at node `at` and whose buffer may hold something else from then on. */
  isFree(id: number, at: number): boolean {
    const draft = this.drafts[this.bufferOf[id] as number] as Draft;
    return draft.external === undefined && draft.to === at;
  }

  define(id: number, at: number, reused?: number): number {
    const to = Math.max(at, this.#lastUse[id] as number);
    if (reused !== undefined) {
      (this.drafts[reused] as Draft).to = to;
      this.bufferOf[id] = reused;
      return reused;
    }
    this.drafts.push({ bytes: bytesOfAval(this.avals[id] as Aval), from: at, to, isResult: false });
    this.bufferOf[id] = this.drafts.length - 1;
    return this.drafts.length - 1;
  }

  scratch(bytes: number, at: number): number {
    this.drafts.push({ bytes, from: at, to: at, isResult: false });
    return this.drafts.length - 1;
  }
}
