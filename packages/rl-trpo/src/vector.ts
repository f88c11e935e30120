/**
 * Linear algebra on trees of float tensors as vectors. Sums accumulate in double precision whatever the dtype, four at a time,
 * so that conjugate gradient in `f32` loses no more than its products do.
 */

import { type Tensor, type TypedArray, treeFlatten, treeMap, treeUnflatten, zeros } from '@natgrad/tensor';
import { adopt, allocate, checkSameStructure, elements } from '@natgrad/tensor/internal';

const innerOf = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  const whole = a.length - (a.length % 4);
  for (let i = 0; i < whole; i += 4) {
    s0 += (a[i] as number) * (b[i] as number);
    s1 += (a[i + 1] as number) * (b[i + 1] as number);
    s2 += (a[i + 2] as number) * (b[i + 2] as number);
    s3 += (a[i + 3] as number) * (b[i + 3] as number);
  }
  for (let i = whole; i < a.length; i += 1) s0 += (a[i] as number) * (b[i] as number);
  return s0 + s1 + (s2 + s3);
};

/** A vector in pieces: the elements of a tree's leaves, in order. */
export type Pieces = readonly TypedArray[];

/** aᵀb. */
export const innerOfPieces = (a: Pieces, b: Pieces): number =>
  a.reduce((sum, x, k) => sum + innerOf(x, b[k] as TypedArray), 0);

/** Writes a + k·b. */
export const addScaledInto = (out: Pieces, a: Pieces, k: number, b: Pieces): void => {
  for (let at = 0; at < out.length; at += 1)
    addInto(out[at] as TypedArray, a[at] as TypedArray, k, b[at] as TypedArray);
};

const addInto = (out: TypedArray, a: ArrayLike<number>, k: number, b: ArrayLike<number>): void => {
  for (let i = 0; i < out.length; i += 1) out[i] = (a[i] as number) + k * (b[i] as number);
};

/** Trees of one structure and the same shapes as pieces, and back. */
export interface Cutting<V> {
  /**
   * The elements as they lie in the tensors: not to be written.
   *
   * @throws `TreeMismatch` for a tree of another structure, `RangeError` for leaves of another size
   */
  readonly piecesOf: (tree: V) => Pieces;
  /** Fresh pieces, in the dtypes of the tree. */
  readonly fresh: () => Pieces;
  /** Pieces that nobody writes any more, as a tree. */
  readonly treeOf: (pieces: Pieces) => V;
}

/** How trees like this one are cut: whoever computes with many does so once for each, not once for each operation. */
export const cuttingOf = <V>(like: V, operation = 'cuttingOf'): Cutting<V> => {
  const { structure, leaves } = treeFlatten(like);
  return {
    piecesOf: (tree) => {
      const flat = treeFlatten(tree);
      checkSameStructure(operation, 'a tree', flat.structure, structure);
      return flat.leaves.map((leaf, k) => {
        const { size } = leaves[k] as Tensor;
        if (leaf.size !== size) throw new RangeError(`${operation}: leaves of ${size} and ${leaf.size} elements`);
        return elements(leaf);
      });
    },
    fresh: () => leaves.map(({ dtype, size }) => allocate(dtype, size)),
    treeOf: (pieces) =>
      treeUnflatten(
        structure,
        leaves.map(({ dtype, shape }, k) => adopt(pieces[k] as TypedArray, dtype, shape)),
      ) as V,
  };
};

/** aᵀb. */
export const inner = <V>(a: V, b: V): number => {
  const { piecesOf } = cuttingOf(a, 'inner');
  return innerOfPieces(piecesOf(a), piecesOf(b));
};

/** ‖a‖₂. */
export const norm = (a: unknown): number => Math.sqrt(inner(a, a));

/** a + k·b, in the dtypes of a. */
export const addScaled = <V>(a: V, k: number, b: V): V => {
  const { piecesOf, fresh, treeOf } = cuttingOf(a, 'addScaled');
  const sum = fresh();
  addScaledInto(sum, piecesOf(a), k, piecesOf(b));
  return treeOf(sum);
};

/** k·a. */
export const scaled = <V>(k: number, a: V): V =>
  treeMap((x) => {
    const [xs, out] = [elements(x), allocate(x.dtype, x.size)];
    for (let i = 0; i < out.length; i += 1) out[i] = k * (xs[i] as number);
    return adopt(out, x.dtype, x.shape);
  }, a);

/** A tree of zeros with the shapes and dtypes of another. */
export const zerosLike = <V>(a: V): V => treeMap((x) => zeros(x.shape, x.dtype), a);

/** Index of the first element that is not finite, or −1. */
export const firstNonFinite = (x: ArrayLike<number>): number => {
  for (let i = 0; i < x.length; i += 1) if (!Number.isFinite(x[i])) return i;
  return -1;
};

/** True where every element is finite. */
export const areFinite = (pieces: Pieces): boolean => pieces.every((piece) => firstNonFinite(piece) < 0);

/** The same of every leaf of a tree. */
export const isFiniteTree = (tree: unknown): boolean =>
  areFinite(treeFlatten(tree).leaves.map((leaf) => elements(leaf)));
