import { matrixTranspose as referenceMatrixTranspose, transpose as referenceTranspose } from '@natgrad/tensor';
import { checkPermutation } from '@natgrad/tensor/internal';
import type { Value } from '../ir/aval.js';
import type { Primitive } from '../ir/primitive.js';
import { bind1 } from '../trace/bind.js';
import { movement } from './_movement.js';

interface Params {
  readonly permutation: readonly number[];
}

/** The permutation that undoes `permutation`. */
const inverse = (permutation: readonly number[]): number[] => permutation.map((_, axis) => permutation.indexOf(axis));

export const transposePrimitive: Primitive<Params> = movement<Params>({
  name: 'transpose',
  params: (draw, shape) => {
    const ranked = shape.map((_, axis) => ({ axis, rank: draw.integer(0, 99) }));
    return { permutation: ranked.toSorted((a, b) => a.rank - b.rank).map(({ axis }) => axis) };
  },
  shape: (x, { permutation }) =>
    checkPermutation('transpose', permutation, x.shape).map((axis) => x.shape[axis] as number),
  evaluate: (x, { permutation }) => referenceTranspose(x, permutation),
  transpose: (ct, _x, { permutation }) => transpose(ct, inverse(permutation)),
  batch: ({ permutation }) => ({ permutation: [0, ...permutation.map((axis) => axis + 1)] }),
  print: ({ permutation }) => `[${permutation.join(',')}]`,
});

/** Reorders the axes; without a permutation reverses them (the matrix transpose at rank 2). */
export const transpose = (x: Value, permutation?: readonly number[]): Value => {
  const rank = x.shape.length;
  const axes = checkPermutation('transpose', permutation ?? x.shape.map((_, axis) => rank - 1 - axis), x.shape);
  return axes.every((axis, k) => axis === k) ? x : bind1(transposePrimitive, [x], { permutation: axes });
};

/** Swaps the last two axes. */
export const matrixTranspose = (x: Value): Value => {
  const rank = x.shape.length;
  if (rank < 2) return referenceMatrixTranspose(x);
  const axes = x.shape.map((_, axis) => axis);
  return transpose(x, [...axes.slice(0, -2), rank - 1, rank - 2]);
};
