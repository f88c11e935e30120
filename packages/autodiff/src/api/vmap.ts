import { describe, isTensor, type MapLeaves, type Tensor, type TreeStructure } from '@natgrad/tensor';
import { flattenWith, invalid, normaliseAxis, shapeError } from '@natgrad/tensor/internal';
import type { Value } from '../ir/aval.js';
import { withBatchAxis } from '../primitives/_elementwise.js';
import { transpose } from '../primitives/transpose.js';
import { traceTree } from '../trace/trace.js';
import { batchGraph } from '../transforms/batch.js';
import { rebuild } from './prepare.js';

export interface VmapOptions {
  /** For each argument the axis of its leaves to map over, or `null` for an argument that every call shares; 0 for all. */
  readonly inAxes?: readonly (number | null)[];
  /** Where the batch axis goes in the results; 0 by default. */
  readonly outAxes?: number;
}

const moveAxis = (x: Value, from: number, to: number): Value => {
  if (from === to) return x;
  const others = x.shape.map((_, axis) => axis).filter((axis) => axis !== from);
  return transpose(x, [...others.slice(0, to), from, ...others.slice(to)]);
};

interface Argument {
  /** With the mapped axis, if there is one, in front. */
  readonly leaves: readonly Value[];
  readonly structure: TreeStructure;
  readonly batched: boolean;
}

const mapArgument = (tree: unknown, k: number, axis: number | null): Argument => {
  const { leaves, structure } = flattenWith(tree, isTensor, 'vmap');
  if (axis === null) return { leaves, structure, batched: false };
  const moved = leaves.map((leaf, i) => {
    if (leaf.shape.length === 0)
      throw shapeError('vmap', `leaf ${i} of argument ${k} is ${describe(leaf)}, which has no axis to map over`, {
        argument: `argument ${k}`,
        found: describe(leaf),
        expected: 'rank 1 or more, or inAxes null for this argument',
      });
    return moveAxis(leaf, normaliseAxis('vmap', axis, leaf.shape), 0);
  });
  return { leaves: moved, structure, batched: true };
};

/** The extent that all mapped leaves share. */
const batchSize = (args: readonly Argument[]): number => {
  const mapped = args.flatMap(({ leaves, batched }, k) => (batched ? leaves.map((leaf, i) => ({ leaf, i, k })) : []));
  const size = mapped[0]?.leaf.shape[0];
  if (size === undefined)
    throw invalid('vmap', 'no argument is mapped over: inAxes is null for all of them', {
      argument: 'inAxes',
      expected: 'at least one axis that is not null',
    });
  mapped.forEach(({ leaf, i, k }) => {
    if (leaf.shape[0] !== size)
      throw shapeError(
        'vmap',
        `leaf ${i} of argument ${k} is ${describe(leaf)} with the mapped axis in front: its extent differs from ${size} of the leaves before`,
        { argument: `argument ${k}`, found: describe(leaf), expected: `extent ${size}` },
      );
  });
  return size;
};

/**
 * Vectorises a function: `vmap(f)(xs)` applies `f` to every slice of its arguments along one axis, as one batched program.
 * Composes with every other transform.
 *
 * @throws `ShapeMismatch` when the mapped extents differ.
 * @example
 * ```ts
 * const norms = vmap((x: Tensor) => sqrt(sum(square(x))))(tensor([[3, 4], [6, 8]]));
 * console.log(toNested(norms)); // [ 5, 10 ]
 * ```
 */
export const vmap =
  <Args extends readonly unknown[], Out>(
    f: (...args: Args) => Out,
    options: VmapOptions = {},
  ): ((
    ...args: MapLeaves<Args, Tensor> extends readonly unknown[] ? MapLeaves<Args, Tensor> : never
  ) => MapLeaves<Out, Tensor>) =>
  (...args) => {
    const { inAxes, outAxes = 0 } = options;
    if (inAxes !== undefined && inAxes.length !== args.length)
      throw invalid('vmap', `inAxes has ${inAxes.length} entries for ${args.length} arguments`, { argument: 'inAxes' });
    const flat = args.map((arg: unknown, k) => mapArgument(arg, k, inAxes === undefined ? 0 : (inAxes[k] ?? null)));
    const size = batchSize(flat);
    const structures = flat.map(({ structure }) => structure);
    const avals = flat.map(({ leaves, batched }) =>
      leaves.map(({ dtype, shape }) => ({ dtype, shape: batched ? shape.slice(1) : shape })),
    );
    const traced = traceTree('vmap', structures, avals, f);
    const flags = [
      ...flat.flatMap(({ leaves, batched }) => leaves.map(() => batched)),
      ...traced.captures.map(() => false),
    ];
    const { outs, batched } = batchGraph(
      traced.graph,
      [...flat.flatMap(({ leaves }) => leaves), ...traced.captures],
      flags,
      size,
    );
    const placed = outs.map((out, k) => {
      const front = withBatchAxis(out, batched[k] === true, size);
      return moveAxis(front, 0, normaliseAxis('vmap', outAxes, front.shape));
    });
    return rebuild<MapLeaves<Out, Tensor>>(traced.structure, placed);
  };
