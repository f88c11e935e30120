/**
 * What can be one loop: all values of a loop live on one index space of rows × columns, and each depends on both, on one of them
 * or on neither.
 */
import { type DType, isFloat, type Shape } from '@natgrad/tensor';
import type { Aval } from '../ir/aval.js';
import type { Node } from '../ir/graph.js';

/** Of which axes of the index space a value is a function. */
export type Layout = 'full' | 'row' | 'column' | 'scalar';

/** How a value lies in an index space; `split` is the number of (squeezed) axes that are rows, where the layout fixes it. */
export interface Placement {
  readonly layout: Layout;
  readonly split: number | undefined;
}

/** Axes of extent 1 do not matter to a loop. */
export const squeezed = (shape: Shape): readonly number[] => shape.filter((extent) => extent !== 1);

/** Two shapes with one index space: equal but for axes of extent 1. */
export const spaceOf = (shape: Shape): string => squeezed(shape).join('×');

const place = (depends: readonly boolean[]): Placement | null => {
  const count = depends.filter(Boolean).length;
  if (count === depends.length) return { layout: 'full', split: undefined };
  if (count === 0) return { layout: 'scalar', split: undefined };
  if (depends.slice(0, count).every(Boolean)) return { layout: 'column', split: count };
  const split = depends.length - count;
  return depends.slice(split).every(Boolean) ? { layout: 'row', split } : null;
};

/** How a value of shape `from` lies in the space of `to` when it is broadcast; null where it is neither rows nor columns. */
export const broadcastPlacement = (from: Shape, to: Shape): Placement | null => {
  const added = to.length - from.length;
  return place(
    to.flatMap((extent, axis) => (extent === 1 ? [] : [axis >= added && (from[axis - added] as number) !== 1])),
  );
};

/** How the result of a reduction lies in the space of its argument. */
export const reductionPlacement = (from: Shape, axes: readonly number[]): Placement | null =>
  place(from.flatMap((extent, axis) => (extent === 1 ? [] : [!axes.includes(axis)])));

/** Operations of one result per element that a loop can compute, by the dtypes of their operands. */
const FLOAT_FUNCTIONS = [
  'exp',
  'log',
  'expm1',
  'log1p',
  'tanh',
  'sin',
  'cos',
  'sqrt',
  'erf',
  'divide',
  'power',
  'sign',
  'floor',
];
const ARITHMETIC = ['add', 'subtract', 'multiply', 'maximum', 'minimum', 'negate', 'absolute', 'square'];
const COMPARISONS = ['equal', 'notEqual', 'less', 'lessEqual', 'greater', 'greaterEqual'];
const LOGIC = ['logicalAnd', 'logicalOr', 'logicalNot'];

const fits = (name: string, dtype: DType, result: DType): boolean => {
  if (name === 'cast') return result !== 'i32' || dtype === 'i32' || dtype === 'bool';
  if (dtype === 'bool') return LOGIC.includes(name);
  if (ARITHMETIC.includes(name) || COMPARISONS.includes(name)) return true;
  return isFloat(dtype) && (FLOAT_FUNCTIONS.includes(name) || name === 'isFinite');
};

/** True for nodes that compute each element from the elements at the same place in a way that loops know. */
export const isElementwise = (node: Node, args: readonly Aval[]): boolean => {
  const { lower } = node.primitive;
  if (lower.kind !== 'elementwise') return false;
  const result = (node.avals[0] as Aval).dtype;
  if (lower.name === 'select') return (args[1] as Aval).dtype !== 'bool';
  return fits(lower.name, (args[0] as Aval).dtype, result);
};

/** Reductions that loops know, with the axes; null for other nodes. */
export const reductionOf = (
  node: Node,
  args: readonly Aval[],
): { readonly name: 'sum' | 'max' | 'min'; readonly axes: readonly number[] } | null => {
  const { lower } = node.primitive;
  if (lower.kind !== 'reduction' || !isFloat((args[0] as Aval).dtype)) return null;
  const { name } = lower;
  if (name !== 'sum' && name !== 'max' && name !== 'min') return null;
  return { name, axes: (node.params as { readonly axes: readonly number[] }).axes };
};
