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
  const axes = x.shape.map((_, axis) => axis).filter((axis) => axis !== from);
  axes.splice(to, 0, from);
  return transpose(x, axes);
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
  ): ((...args: MapLeaves<Args, Tensor> extends readonly unknown[] ? MapLeaves<Args, Tensor> : never) => MapLeaves<Out, Tensor>) =>
  (...args) => {
    const { inAxes, outAxes = 0 } = options;
    if (inAxes !== undefined && inAxes.length !== args.length)
      throw invalid('vmap', `inAxes has ${inAxes.length} entries for ${args.length} arguments`, { argument: 'inAxes' });
    let size: number | undefined;
    const flat = args.map((arg: unknown, k) => {
      const { leaves, structure } = flattenWith(arg, isTensor, 'vmap');
      const axis = inAxes === undefined ? 0 : (inAxes[k] ?? null);
      if (axis === null) return { leaves, structure, batched: false };
      const moved = leaves.map((leaf, i) => {
        if (leaf.shape.length === 0)
          throw shapeError('vmap', `leaf ${i} of argument ${k} is ${describe(leaf)}, which has no axis to map over`, {
            argument: `argument ${k}`,
            found: describe(leaf),
            expected: 'rank 1 or more, or inAxes null for this argument',
          });
        const from = normaliseAxis('vmap', axis, leaf.shape);
        const extent = leaf.shape[from] as number;
        if (size !== undefined && size !== extent)
          throw shapeError('vmap', `leaf ${i} of argument ${k} is ${describe(leaf)}: extent ${extent} of axis ${axis} differs from ${size} of the arguments before`, {
            argument: `argument ${k}`,
            found: describe(leaf),
            expected: `extent ${size}`,
          });
        size = extent;
        return moveAxis(leaf, from, 0);
      });
      return { leaves: moved, structure, batched: true };
    });
    if (size === undefined)
      throw invalid('vmap', 'no argument is mapped over: inAxes is null for all of them', { argument: 'inAxes', expected: 'at least one axis that is not null' });
    const count = size;
    const slice = (leaf: Value, batched: boolean): { dtype: Value['dtype']; shape: readonly number[] } => ({
      dtype: leaf.dtype,
      shape: batched ? leaf.shape.slice(1) : leaf.shape,
    });
    const structures: TreeStructure[] = flat.map(({ structure }) => structure);
    const avals = flat.map(({ leaves, batched }) => leaves.map((leaf) => slice(leaf, batched)));
    const traced = traceTree('vmap', structures, avals, f as (...args: readonly never[]) => unknown);
    const flags = [...flat.flatMap(({ leaves, batched }) => leaves.map(() => batched)), ...traced.captures.map(() => false)];
    const { outs, batched } = batchGraph(traced.graph, [...flat.flatMap(({ leaves }) => leaves), ...traced.captures], flags, count);
    const placed = outs.map((out, k) => {
      const front = withBatchAxis(out, batched[k] === true, count);
      return moveAxis(front, 0, normaliseAxis('vmap', outAxes, front.shape));
    });
    return rebuild<MapLeaves<Out, Tensor>>(traced.structure, placed);
  };

