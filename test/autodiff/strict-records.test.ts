/** What the records of primitives refuse, whoever binds them without the operations that promote and broadcast. */
import { bind1, dot, matmul, vmap } from '@natgrad/autodiff';
import { full, isNatgradError, item, ones, type Tensor, tensor, toNested, zeros } from '@natgrad/tensor';
import { describe, expect, test } from 'vitest';
import { matmulPrimitive } from '../../packages/autodiff/src/primitives/matmul.js';
import { selectPrimitive } from '../../packages/autodiff/src/primitives/select.js';
import { errorOf } from '../errors.js';

/** Code, what was found and what was expected of the error that `run` throws. */
const refusal = (run: () => unknown): readonly unknown[] => {
  const { code, found, expected } = errorOf(run);
  return [code, found, expected];
};

describe('matmul', () => {
  test.each<[string, Tensor, Tensor, string]>([
    ['two dtypes', zeros([2, 3], 'f32'), zeros([3, 2]), 'f32[2,3] · f64[3,2]'],
    ['a vector on the left', zeros([3]), zeros([3, 2]), 'f64[3] · f64[3,2]'],
    ['batch axes that differ', zeros([4, 2, 3]), zeros([5, 3, 2]), '[4] and [5]'],
    ['a batch on one side', zeros([4, 2, 3]), zeros([3, 2]), 'f64[4,2,3] · f64[3,2]'],
  ])('%s', (_, a, b, found) => {
    const error = refusal(() => bind1(matmulPrimitive, [a, b], {}));
    expect(error.slice(0, 2)).toEqual(['ShapeMismatch', found]);
  });

  test('a batch of rows against one matrix is one product', () => {
    const rows = tensor([[[1, 2]], [[3, 4]], [[5, 6]]]);
    const weights = tensor([
      [1, 0, 2],
      [0, 1, 1],
    ]);
    expect(toNested(matmul(rows, weights))).toEqual([[[1, 2, 4]], [[3, 4, 10]], [[5, 6, 16]]]);
    expect(toNested(vmap((row: Tensor) => matmul(row, weights))(rows))).toEqual([
      [[1, 2, 4]],
      [[3, 4, 10]],
      [[5, 6, 16]],
    ]);
  });

  test('dot is of vectors', () => {
    expect(item(dot(tensor([1, 2]), tensor([3, 4])))).toBe(11);
    for (const [a, b] of [
      [ones([2, 2]), ones([2])],
      [ones([2]), ones([2, 2])],
    ] as const)
      expect(refusal(() => dot(a, b))[0]).toBe('ShapeMismatch');
  });
});

describe('select', () => {
  test('a condition that is no truth value', () => {
    const error = refusal(() => bind1(selectPrimitive, [ones([2]), ones([2]), ones([2])], {}));
    expect(error).toEqual(['DTypeMismatch', 'f64[2]', expect.stringContaining('a bool tensor')]);
  });

  const yes = full([2], true, 'bool');
  test.each<[string, readonly Tensor[], string]>([
    ['branches of two shapes', [yes, ones([2]), ones([3])], 'bool[2], f64[2], f64[3]'],
    ['branches of two dtypes', [yes, ones([2], 'f32'), ones([2])], 'bool[2], f32[2], f64[2]'],
    ['a condition of another shape', [yes, ones([3]), ones([3])], 'bool[2], f64[3], f64[3]'],
  ])('%s', (_, args, found) => {
    expect(refusal(() => bind1(selectPrimitive, args, {}))).toEqual([
      'ShapeMismatch',
      found,
      'three arguments of one shape',
    ]);
  });
});
