/**
 * Linear algebra on trees of float tensors as vectors. Sums accumulate in double precision whatever the dtype, four at a time,
 * so that conjugate gradient in `f32` loses no more than its products do.
 */

import { type Tensor, treeFlatten, treeMap, treeUnflatten, zeros } from '@natgrad/tensor';
import { adopt, allocate, elements } from '@natgrad/tensor/internal';

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

/** The leaves of trees that must have one structure and the same shapes. */
const pairs = <V>(operation: string, a: V, b: V): readonly (readonly [Tensor, Tensor])[] => {
  const found: (readonly [Tensor, Tensor])[] = [];
  treeMap(
    (x, y) => {
      found.push([x, y]);
      return x;
    },
    a,
    b,
  );
  for (const [x, y] of found)
    if (x.size !== y.size) throw new RangeError(`${operation}: leaves of ${x.size} and ${y.size} elements`);
  return found;
};

/** aᵀb. */
export const inner = <V>(a: V, b: V): number =>
  pairs('inner', a, b).reduce((sum, [x, y]) => sum + innerOf(elements(x), elements(y)), 0);

/** ‖a‖₂. */
export const norm = (a: unknown): number => Math.sqrt(inner(a, a));

/** a + k·b, in the dtypes of a. */
export const addScaled = <V>(a: V, k: number, b: V): V => {
  const sums = pairs('addScaled', a, b).map(([x, y]) => {
    const [xs, ys, out] = [elements(x), elements(y), allocate(x.dtype, x.size)];
    for (let i = 0; i < out.length; i += 1) out[i] = (xs[i] as number) + k * (ys[i] as number);
    return adopt(out, x.dtype, x.shape);
  });
  return treeUnflatten(treeFlatten(a).structure, sums) as V;
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

/** True where every element of every leaf is finite. */
export const isFiniteTree = (tree: unknown): boolean =>
  treeFlatten(tree).leaves.every((leaf) => firstNonFinite(elements(leaf)) < 0);
