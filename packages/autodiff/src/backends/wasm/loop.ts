/** From a fused group to the loop that computes it: operands and results by their layout on an index space of rows × columns. */
import { type DType, NatgradError, sizeOf } from '@natgrad/tensor';
import { elements } from '@natgrad/tensor/internal';
import { type Graph, graphAvals, type Node } from '../../ir/graph.js';
import {
  broadcastPlacement,
  type Layout,
  reductionOf,
  reductionPlacement,
  spaceOf,
  squeezed,
} from '../../optimise/loop-space.js';

export type LoopValue =
  /** Elements of input `input` of the group. */
  | { readonly kind: 'operand'; readonly input: number; readonly dtype: DType; readonly layout: Layout }
  | { readonly kind: 'constant'; readonly value: number; readonly dtype: DType; readonly layout: 'scalar' }
  | {
      readonly kind: 'operation';
      readonly name: string;
      readonly args: readonly number[];
      readonly dtype: DType;
      readonly layout: Layout;
    };

export type LoopOutput =
  | { readonly kind: 'store'; readonly value: number; readonly dtype: DType }
  /** Combines a value over the axes that `layout` no longer has. */
  | {
      readonly kind: 'reduce';
      readonly value: number;
      readonly dtype: DType;
      readonly name: 'sum' | 'max' | 'min';
      readonly layout: 'row' | 'column' | 'scalar';
    };

/** What the loop's code depends on: not the extents. */
export interface LoopProgram {
  readonly values: readonly LoopValue[];
  readonly outputs: readonly LoopOutput[];
}

export interface Loop {
  readonly program: LoopProgram;
  readonly rows: number;
  readonly columns: number;
}

interface Known {
  readonly shape: readonly number[];
  /** Index among the values; undefined for an input whose layout is not known yet. */
  readonly value: number | undefined;
  /** The input that this is a view of, if it is one. */
  readonly input: number | undefined;
}

/** The index space of a group: the shape of what its first computing node computes on. */
const spaceShape = (graph: Graph): readonly number[] => {
  const avals = graphAvals(graph);
  const computing = graph.nodes.find(({ primitive }) => primitive.lower.kind !== 'movement');
  const shape = avals[computing?.inputs[0] ?? -1]?.shape;
  if (shape === undefined) throw invalidGroup('has no operation');
  return shape;
};

const invalidGroup = (message: string): NatgradError =>
  new NatgradError('InvalidGraph', `the fused group ${message}`, { operation: 'fused' });

/** How many of the squeezed axes are rows, where a broadcast or reduction of the group says so. */
const findSplit = (graph: Graph): number | undefined => {
  const avals = graphAvals(graph);
  for (const node of graph.nodes) {
    const args = node.inputs.map((id) => avals[id] as (typeof avals)[number]);
    const from = args[0]?.shape ?? [];
    const reduction = reductionOf(node, args);
    const placement =
      reduction !== null
        ? reductionPlacement(from, reduction.axes)
        : node.primitive.lower.kind === 'movement' && node.primitive.lower.name === 'broadcastTo'
          ? broadcastPlacement(from, node.avals[0]?.shape ?? [])
          : null;
    if (placement?.split !== undefined) return placement.split;
  }
  return undefined;
};

const DEPENDS: { readonly [layout in Layout]: number } = { scalar: 0, row: 1, column: 2, full: 3 };
const LAYOUTS: readonly Layout[] = ['scalar', 'row', 'column', 'full'];

/** A value depends on what any of its arguments depends on. */
const join = (layouts: readonly Layout[]): Layout =>
  LAYOUTS[layouts.reduce((bits, layout) => bits | DEPENDS[layout], 0)] as Layout;

/** Analyses the graph of a `fused` node. */
export const loopOf = (graph: Graph): Loop => {
  const avals = graphAvals(graph);
  const space = spaceShape(graph);
  const split = findSplit(graph);
  const values: LoopValue[] = [];
  const outputsById = new Map<number, LoopOutput>();
  const add = (value: LoopValue): number => values.push(value) - 1;
  const known: Known[] = [
    ...graph.inputs.map(({ shape }, input): Known => ({ shape, value: undefined, input })),
    ...graph.constants.map((constant): Known => {
      const [value = Number.NaN] = elements(constant);
      return {
        shape: constant.shape,
        value: add({ kind: 'constant', value, dtype: constant.dtype, layout: 'scalar' }),
        input: undefined,
      };
    }),
  ];
  const operands = new Map<string, number>();
  const operand = (input: number, layout: Layout): number => {
    const key = `${input} ${layout}`;
    const existing = operands.get(key);
    if (existing !== undefined) return existing;
    const dtype = (graph.inputs[input] as (typeof avals)[number]).dtype;
    const value = add({ kind: 'operand', input, dtype, layout });
    operands.set(key, value);
    return value;
  };
  /** The value of an argument that is used at the whole space. */
  const valueOf = (id: number): number => {
    const { value, input, shape } = known[id] as Known;
    if (value !== undefined) return value;
    if (spaceOf(shape) !== spaceOf(space)) throw invalidGroup(`reads an operand of shape [${shape.join(',')}]`);
    return operand(input as number, 'full');
  };
  const movement = (node: Node): Known => {
    const from = known[node.inputs[0] as number] as Known;
    const shape = node.avals[0]?.shape ?? [];
    if (
      from.value !== undefined ||
      node.primitive.lower.kind !== 'movement' ||
      node.primitive.lower.name !== 'broadcastTo'
    )
      return { ...from, shape };
    const layout = broadcastPlacement(from.shape, shape)?.layout;
    if (layout === undefined) throw invalidGroup('has a broadcast that is neither of rows nor of columns');
    return { shape, value: layout === 'full' ? undefined : operand(from.input as number, layout), input: from.input };
  };
  for (const node of graph.nodes) {
    const args = node.inputs.map((id) => avals[id] as (typeof avals)[number]);
    const { dtype, shape } = node.avals[0] as (typeof avals)[number];
    const reduction = reductionOf(node, args);
    const { lower } = node.primitive;
    if (lower.kind === 'movement') known.push(movement(node));
    else if (reduction !== null) {
      const layout = reductionPlacement(args[0]?.shape ?? [], reduction.axes)?.layout;
      if (layout === undefined || layout === 'full') throw invalidGroup('has a reduction of neither rows nor columns');
      outputsById.set(node.first, {
        kind: 'reduce',
        value: valueOf(node.inputs[0] as number),
        dtype,
        name: reduction.name,
        layout,
      });
      known.push({ shape, value: undefined, input: undefined });
    } else if (lower.kind === 'elementwise') {
      const inputs = node.inputs.map(valueOf);
      const layout = join(inputs.map((at) => (values[at] as LoopValue).layout));
      known.push({
        shape,
        value: add({ kind: 'operation', name: lower.name, args: inputs, dtype, layout }),
        input: undefined,
      });
    } else throw invalidGroup(`has the node ${node.primitive.name}`);
  }
  const outputs = graph.outputs.map(
    (id): LoopOutput =>
      outputsById.get(id) ?? { kind: 'store', value: valueOf(id), dtype: (avals[id] as (typeof avals)[number]).dtype },
  );
  const axes = squeezed(space);
  const rows = split === undefined ? 1 : sizeOf(axes.slice(0, split));
  return {
    program: { values, outputs },
    rows,
    columns: split === undefined ? sizeOf(axes) : sizeOf(axes.slice(split)),
  };
};
