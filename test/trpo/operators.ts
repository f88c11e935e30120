/** Operators on parameters as numbers and matrices, for tests of what is made of them. */
import { interpreter, linearize, reshape } from '@natgrad/autodiff';
import { gaussNewton, type Model, type Operator, type ParameterTree, type Preconditioner } from '@natgrad/rl-trpo';
import {
  eye,
  full,
  slice,
  type Tensor,
  toTypedArray,
  treeFlatten,
  treeLeaves,
  treeMap,
  treeUnflatten,
  zeros,
} from '@natgrad/tensor';
import { isLeft } from 'fp-ts/lib/Either.js';
import { expect } from 'vitest';

export const at = (
  preconditioner: Preconditioner,
  model: Model,
  theta: ParameterTree,
  observations: Tensor,
  damping: number,
): Operator => {
  const found = preconditioner.prepare(model, interpreter)({ theta, observations: [observations], damping });
  if (isLeft(found)) throw new Error(found.left.message);
  return found.right;
};

export const fisherOf = (model: Model, theta: ParameterTree, observations: Tensor): Operator =>
  gaussNewton(
    model.distribution,
    linearize((each: ParameterTree) => model.policy(each, observations), theta),
  );

export const numbersOf = (tree: unknown): readonly number[] =>
  treeLeaves(tree).flatMap((leaf) => [...toTypedArray(leaf)]);
export const ones = (tree: ParameterTree): ParameterTree => treeMap((leaf) => full(leaf.shape, 1), tree);

/** The matrix of an operator, row by row, from its products with unit vectors. */
export const matrixOf = (operator: Operator, like: ParameterTree): readonly (readonly number[])[] => {
  const { leaves, structure } = treeFlatten(like);
  return leaves.flatMap((leaf, k) =>
    Array.from({ length: leaf.size }, (_, i) => {
      const one = reshape(slice(eye(leaf.size), [i, 0], [i + 1, leaf.size]), leaf.shape);
      const unit = leaves.map((each, j) => (j === k ? one : zeros(each.shape)));
      return numbersOf(operator(treeUnflatten(structure, unit)));
    }),
  );
};

export const close = (found: readonly number[], expected: readonly number[], tolerance: number): void => {
  expect(found).toHaveLength(expected.length);
  const size = Math.hypot(...expected);
  expect(Math.hypot(...found.map((x, i) => x - (expected[i] as number)))).toBeLessThanOrEqual(tolerance * size);
};
