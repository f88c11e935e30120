import type { Graph, Node } from '../ir/graph.js';
import { addPrimitive } from '../primitives/add.js';
import { matmulPrimitive } from '../primitives/matmul.js';
import { transposePrimitive } from '../primitives/transpose.js';
import { type GemmParams, gemmPrimitive } from './operations/gemm.js';
import type { Pass } from './pass.js';
import { type Operation, type Rebuild, rewrite } from './rewrite.js';
import { produced } from './rules/rule.js';

/** How many times each value is read, the outputs of the graph included. */
const useCounts = (graph: Graph): ReadonlyMap<number, number> => {
  const counts = new Map<number, number>();
  for (const id of [...graph.nodes.flatMap(({ inputs }) => inputs), ...graph.outputs])
    counts.set(id, (counts.get(id) ?? 0) + 1);
  return counts;
};

/** Whether a permutation swaps the last two axes and leaves the others. */
const swapsLastTwo = (permutation: readonly number[]): boolean => {
  const rank = permutation.length;
  return permutation[rank - 2] === rank - 1 && permutation.slice(0, -2).every((axis, k) => axis === k);
};

/** The value of which `id` is the transpose in the last two axes. */
const transposed = (id: number, rebuild: Rebuild): number | undefined => {
  const found = produced(id, transposePrimitive, rebuild);
  return found !== undefined && swapsLastTwo(found.params.permutation) ? found.inputs[0] : undefined;
};

/** A product, with the transposes of its operands in its flags. */
const product = ({ primitive, params, inputs }: Operation, rebuild: Rebuild): readonly number[] | undefined => {
  const [a, b, ...into] = inputs as readonly [number, number, ...number[]];
  const [left, right] = [transposed(a, rebuild), transposed(b, rebuild)];
  const plain = (primitive as unknown) === matmulPrimitive;
  if (!plain && left === undefined && right === undefined) return undefined;
  const flags = plain ? { transposeLeft: false, transposeRight: false } : (params as GemmParams);
  return rebuild.apply(gemmPrimitive, [left ?? a, right ?? b, ...into], {
    transposeLeft: flags.transposeLeft !== (left !== undefined),
    transposeRight: flags.transposeRight !== (right !== undefined),
  });
};

/** (op(a)·op(b))ᵀ = op(b)ᵀ·op(a)ᵀ, the same sums in the same order, where nothing else reads the product. */
const productTransposed = (id: number, rebuild: Rebuild): readonly number[] | undefined => {
  const found = produced(id, gemmPrimitive, rebuild);
  if (found?.inputs.length !== 2) return undefined;
  const [a, b] = found.inputs as readonly [number, number];
  const { transposeLeft, transposeRight } = found.params;
  return rebuild.apply(gemmPrimitive, [b, a], { transposeLeft: !transposeRight, transposeRight: !transposeLeft });
};

/** op(a)·op(b) + c, where c is a product too: both go into one buffer. Nothing else may read either of them. */
const accumulated = (
  inputs: readonly number[],
  lone: readonly boolean[],
  rebuild: Rebuild,
): readonly number[] | undefined => {
  const products = inputs.map((id) => produced(id, gemmPrimitive, rebuild));
  if (!lone.every(Boolean) || products.includes(undefined)) return undefined;
  // The one that is added to may itself be an accumulation, the one that is added may not. With a choice, the second is added.
  const added = products[1]?.inputs.length === 2 ? 1 : 0;
  const found = products[added];
  if (found?.inputs.length !== 2) return undefined;
  return rebuild.apply(gemmPrimitive, [...found.inputs, inputs[1 - added] as number], found.params);
};

/**
 * Products become `gemm`, whose flags take the transposes of its operands and of its result, and which adds to another
 * product without a buffer between them: dh·W + h·dW of a tangent is two products into one buffer.
 */
export const matmulOperands: Pass = {
  name: 'matmulOperands',
  run: (graph) => {
    const uses = useCounts(graph);
    const readOnce = (source: Node): readonly boolean[] => source.inputs.map((id) => uses.get(id) === 1);
    return rewrite(graph, (operation, rebuild, source) => {
      const primitive: unknown = operation.primitive;
      if (primitive === matmulPrimitive || primitive === gemmPrimitive) return product(operation, rebuild);
      // An operation that is not from the graph has no use counts; there is none, since products are all that is built here.
      if (source === undefined) return undefined;
      if (primitive === addPrimitive) return accumulated(operation.inputs, readOnce(source), rebuild);
      if (primitive !== transposePrimitive) return undefined;
      const { permutation } = operation.params as { readonly permutation: readonly number[] };
      return swapsLastTwo(permutation) && readOnce(source)[0] === true
        ? productTransposed(operation.inputs[0] as number, rebuild)
        : undefined;
    });
  },
};
