/** What the trace of a policy says about the use of its parameters: which are weights of dense layers, which are copied to rows. */
import {
  addPrimitive,
  bind1,
  broadcastToPrimitive,
  type Graph,
  linearTranspose,
  matmulPrimitive,
  type Node,
  reshape,
  reshapePrimitive,
  transposePrimitive,
} from '@natgrad/autodiff';
import { dependsOn, graphAvals, openCalls } from '@natgrad/autodiff/internal';
import { sizeOf, type Tensor, type TreeStructure } from '@natgrad/tensor';

/** A parameter's elements in another order, or under another shape: the leaf, and the operations from it to where it is used. */
export interface View {
  /** Place among the leaves of the parameters. */
  readonly leaf: number;
  readonly moves: readonly Node[];
}

/** h·W, or h·W + b, of activations with a parameter that has no other use. */
export interface DenseLayer {
  /** Seen as `[inputs, outputs]`. */
  readonly weight: View;
  /** Seen as one row of `[outputs]` elements. */
  readonly bias: View | null;
  /** Number of h, `[N, inputs]`, in the graph. */
  readonly input: number;
  /** Number of h·W, `[N, outputs]`. */
  readonly product: number;
}

/** A parameter of which every row gets a copy, e.g. log σ, the gain of a normalisation, or one number for all. */
export interface RowCopies {
  readonly view: View;
  /** Number of the copies, `[N, …]`. */
  readonly copies: number;
}

export interface PolicyStructure {
  /** Inputs: the leaves of the parameters, the observations, and what the policy captured. */
  readonly graph: Graph;
  readonly leafCount: number;
  /** Of the policy's result. */
  readonly outputs: TreeStructure;
  readonly layers: readonly DenseLayer[];
  readonly copied: readonly RowCopies[];
  /** Leaves that are used in another way: more than once, in a loop, or not at all. */
  readonly rest: readonly number[];
  /** Products and copies, in groups that the same outputs depend on. */
  readonly groups: readonly TapGroup[];
}

/** Values that the same outputs depend on. */
export interface TapGroup {
  /** Numbers of the values. */
  readonly taps: readonly number[];
  /** So many parameters of one row's distribution are among the outputs. */
  readonly columns: number;
}

const moves: ReadonlySet<unknown> = new Set([reshapePrimitive, transposePrimitive]);

/** A parameter as it is used. */
export const seen = ({ moves: path }: View, leaf: Tensor): Tensor =>
  path.reduce((value, { primitive, params }) => bind1(primitive, [value], params), leaf);

/**
 * The other way: numbers for each element of a used parameter, in the shape of the leaf. Moves keep every element, so that their
 * transpose undoes them.
 */
export const unseen = (view: View, leaf: Tensor, value: Tensor): Tensor =>
  linearTranspose((x: Tensor) => reshape(seen(view, x), value.shape), leaf)(value);

/** What is known about each value of a graph. */
interface Values {
  readonly producer: ReadonlyMap<number, Node>;
  /** How many operations and outputs read it. */
  readonly uses: Int32Array;
  readonly shape: (id: number) => readonly number[];
}

const valuesOf = (graph: Graph): Values => {
  const avals = graphAvals(graph);
  const read = [...graph.nodes.flatMap(({ inputs }) => inputs), ...graph.outputs];
  const uses = new Int32Array(avals.length);
  for (const id of read) uses[id] = (uses[id] as number) + 1;
  return {
    producer: new Map(graph.nodes.flatMap((node) => node.avals.map((_, k) => [node.first + k, node] as const))),
    uses,
    shape: (id) => avals[id]?.shape ?? [],
  };
};

/** The view of a leaf that a value is, if nothing else reads it on the way. */
const viewOf = (values: Values, leafCount: number, id: number): View | null => {
  if (values.uses[id] !== 1) return null;
  if (id < leafCount) return { leaf: id, moves: [] };
  const node = values.producer.get(id);
  if (node === undefined || !moves.has(node.primitive)) return null;
  const before = viewOf(values, leafCount, node.inputs[0] as number);
  return before === null ? null : { ...before, moves: [...before.moves, node] };
};

/** The parameter of which a node makes a copy for each row. */
const copiesOf = (values: Values, leafCount: number, rows: number, node: Node): RowCopies | null => {
  if ((node.primitive as unknown) !== broadcastToPrimitive) return null;
  const [from, to] = [values.shape(node.inputs[0] as number), values.shape(node.first)];
  const [size, row] = [sizeOf(from), sizeOf(to.slice(1))];
  // Rows are copies if the parameter has no axis there; and in a row each element stands once, or there is only one.
  const perRow = to[0] === rows && (from.length < to.length || from[0] === 1) && (size === row || size === 1);
  const view = perRow ? viewOf(values, leafCount, node.inputs[0] as number) : null;
  return view === null ? null : { view, copies: node.first };
};

/**
 * Finds the dense layers of a traced policy, whatever it is called and however it stores its weights. Compiled and checkpointed
 * functions are looked into; what is inside a loop (`scan`) stays in there.
 *
 * @param traced inputs: the leaves of the parameters, then observations `[N, width]`
 */
export const structureOf = (traced: Graph, leafCount: number, outputs: TreeStructure): PolicyStructure => {
  const graph = openCalls(traced);
  const values = valuesOf(graph);
  const rows = values.shape(leafCount)[0] as number;
  const ofObservations = dependsOn(
    graph,
    graph.inputs.map((_, id) => id === leafCount),
  );
  const copies = graph.nodes.flatMap((node) => copiesOf(values, leafCount, rows, node) ?? []);

  /** The copies that are added to a product which nothing else reads. */
  const biasOf = (product: number): RowCopies | null => {
    const [reader] = graph.nodes.filter(({ inputs }) => inputs.includes(product));
    if (values.uses[product] !== 1 || (reader?.primitive as unknown) !== addPrimitive) return null;
    const added = copies.find(({ copies: id }) => id !== product && reader?.inputs.includes(id) === true);
    // One number for all outputs is no bias: it would be an element that every column of the weights shares.
    return added !== undefined &&
      values.uses[added.copies] === 1 &&
      sizeOf(values.shape(product)) === rows * elementsOf(added)
      ? added
      : null;
  };
  const elementsOf = ({ view }: RowCopies): number => sizeOf(values.shape(view.leaf));

  const layers = graph.nodes.flatMap((node): readonly DenseLayer[] => {
    const [input, weight] = node.inputs as readonly [number, number];
    if ((node.primitive as unknown) !== matmulPrimitive || ofObservations[input] !== 1) return [];
    const [left, right] = [values.shape(input), values.shape(weight)];
    const view = left.length === 2 && right.length === 2 && left[0] === rows ? viewOf(values, leafCount, weight) : null;
    if (view === null) return [];
    return [{ weight: view, bias: biasOf(node.first)?.view ?? null, input, product: node.first }];
  });
  const inLayers = new Set(layers.flatMap(({ weight, bias }) => [weight.leaf, ...(bias === null ? [] : [bias.leaf])]));
  const copied = copies.filter(({ view }) => !inLayers.has(view.leaf));
  const found = new Set([...inLayers, ...copied.map(({ view }) => view.leaf)]);
  const rest = Array.from({ length: leafCount }, (_, leaf) => leaf).filter((leaf) => !found.has(leaf));
  const taps = [...layers.map(({ product }) => product), ...copied.map(({ copies: id }) => id)];
  return { graph, leafCount, outputs, layers, copied, rest, groups: groupsOf(graph, values, taps) };
};

/** Of each output, whether it depends on a value. */
const reachOf = (graph: Graph, from: number): readonly boolean[] => {
  const reached = new Set([from]);
  for (const { inputs, first, avals } of graph.nodes)
    if (inputs.some((id) => reached.has(id))) avals.forEach((_, k) => reached.add(first + k));
  return graph.outputs.map((id) => reached.has(id));
};

const groupsOf = (graph: Graph, values: Values, taps: readonly number[]): readonly TapGroup[] => {
  const reach = taps.map((id) => ({ id, outputs: reachOf(graph, id) }));
  return [...new Set(reach.map(({ outputs }) => outputs.join()))].map((which) => {
    const members = reach.filter(({ outputs }) => outputs.join() === which);
    const reached = graph.outputs.filter((_, k) => members[0]?.outputs[k] === true);
    return {
      taps: members.map(({ id }) => id),
      columns: reached.reduce((sum, id) => sum + sizeOf(values.shape(id).slice(1)), 0),
    };
  });
};
