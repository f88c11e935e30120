import { sizeOf } from '@natgrad/tensor';
import { type Graph, graphAvals, type Node } from '../ir/graph.js';
import { absolutePrimitive } from '../primitives/absolute.js';
import { addPrimitive } from '../primitives/add.js';
import { broadcastToPrimitive } from '../primitives/broadcast-to.js';
import { multiplyPrimitive } from '../primitives/multiply.js';
import { negatePrimitive } from '../primitives/negate.js';
import { squarePrimitive } from '../primitives/square.js';
import { subtractPrimitive } from '../primitives/subtract.js';
import { deadCode } from './dead-code.js';
import type { Pass } from './pass.js';

/** Operations that cost less than writing their result to memory and reading it again. */
const CHEAP: ReadonlySet<unknown> = new Set<unknown>([
  addPrimitive,
  subtractPrimitive,
  multiplyPrimitive,
  negatePrimitive,
  squarePrimitive,
  absolutePrimitive,
]);

/** Most operations that are done again. */
const LONGEST = 3;

const isElementwise = ({ primitive: { lower } }: Node): boolean => lower.kind === 'elementwise';

export interface Chain {
  /** The one value that is read, besides scalars, which cost nothing to keep. */
  readonly root: number;
  readonly scalars: readonly number[];
  /** Nodes to do again, in order. */
  readonly nodes: readonly number[];
}

/** A few cheap operations on one value and scalars, if that is what gives `id`. */
export const chainOf = (graph: Graph, definer: Int32Array, sizes: readonly number[], id: number): Chain | undefined => {
  const nodes = new Set<number>();
  const roots = new Set<number>();
  const scalars = new Set<number>();
  let operations = 0;
  const follow = (value: number): void => {
    if (sizes[value] === 1) {
      scalars.add(value);
      return;
    }
    const at = definer[value] as number;
    const node = graph.nodes[at];
    const cheap = CHEAP.has(node?.primitive);
    const spread = node?.primitive === (broadcastToPrimitive as unknown) && sizes[node?.inputs[0] as number] === 1;
    if (!(cheap || spread)) {
      roots.add(value);
      return;
    }
    if (nodes.has(at)) return;
    nodes.add(at);
    if (cheap) operations += 1;
    if (operations <= LONGEST) node?.inputs.forEach(follow);
  };
  follow(id);
  const [root] = roots;
  return operations === 0 || operations > LONGEST || roots.size !== 1 || root === undefined
    ? undefined
    : { root, scalars: [...scalars], nodes: [...nodes].sort((a, b) => a - b) };
};

/** By value: how many elements it has. */
export const sizesOf = (graph: Graph): readonly number[] => graphAvals(graph).map(({ shape }) => sizeOf(shape));

/** By value: the node that defines it, −1 for inputs and constants. */
export const definersOf = (graph: Graph): Int32Array => {
  const definer = new Int32Array(graphAvals(graph).length).fill(-1);
  graph.nodes.forEach((node, at) => definer.fill(at, node.first, node.first + node.avals.length));
  return definer;
};

const recomputeGraph = (graph: Graph): Graph => {
  const sizes = sizesOf(graph);
  const definer = definersOf(graph);
  /** By node: how many operations before it end a loop. */
  const barriers: number[] = [];
  let ended = 0;
  graph.nodes.forEach((node) => {
    barriers.push(ended);
    if (!isElementwise(node) && node.primitive.lower.kind !== 'movement') ended += 1;
  });
  const nodes: Node[] = [];
  const renumbered = sizes.map((_, id) => id);
  let next = graph.inputs.length + graph.constants.length;
  const copy = ({ primitive, params, inputs, avals }: Node, numbers: (id: number) => number): number => {
    const first = next;
    nodes.push({ primitive, params, inputs: inputs.map(numbers), avals, first });
    next += avals.length;
    return first;
  };
  const isFar = (id: number, at: number): boolean => {
    // Inputs and constants were made by no node: `undefined`, which is not less than anything.
    return (barriers[definer[id] as number] as number) < (barriers[at] as number);
  };
  graph.nodes.forEach((node, at) => {
    const again = new Map<number, number>();
    for (const id of isElementwise(node) ? node.inputs : []) {
      const chain = isFar(id, at) ? chainOf(graph, definer, sizes, id) : undefined;
      for (const step of chain?.nodes ?? []) {
        const source = graph.nodes[step] as Node;
        again.set(
          source.first,
          copy(source, (each) => again.get(each) ?? (renumbered[each] as number)),
        );
      }
    }
    const first = copy(node, (id) => again.get(id) ?? (renumbered[id] as number));
    node.avals.forEach((_, k) => {
      renumbered[node.first + k] = first + k;
    });
  });
  if (nodes.length === graph.nodes.length) return graph;
  return deadCode.run({ ...graph, nodes, outputs: graph.outputs.map((id) => renumbered[id] as number) });
};

/**
 * What is a few cheap operations on one value is computed again where it is read after a product or a reduction, instead of
 * being kept in memory until then: the 1 − y² of a derivative of tanh is made of the y that the next product reads anyway.
 * Memory does not grow, because at most the value lives on in place of what was made of it.
 */
export const recompute: Pass = { name: 'recompute', run: recomputeGraph };
