/** What the records of primitives refuse, whoever binds them without the operations that promote and broadcast. */
import { bind1, dot, matmul, vmap } from '@natgrad/autodiff';
import { avalOf, traceFlat } from '@natgrad/autodiff/internal';
import { full, item, ones, type Tensor, tensor, toNested, zeros } from '@natgrad/tensor';
import { describe, expect, test } from 'vitest';
import type { Primitive } from '../../packages/autodiff/src/ir/primitive.js';
import { matmulPrimitive } from '../../packages/autodiff/src/primitives/matmul.js';
import { maxPrimitive } from '../../packages/autodiff/src/primitives/max.js';
import { meanPrimitive } from '../../packages/autodiff/src/primitives/mean.js';
import { prodPrimitive } from '../../packages/autodiff/src/primitives/prod.js';
import { selectPrimitive } from '../../packages/autodiff/src/primitives/select.js';
import { sumPrimitive } from '../../packages/autodiff/src/primitives/sum.js';
import { variancePrimitive } from '../../packages/autodiff/src/primitives/variance.js';
import { errorOf } from '../errors.js';

/** Code, what was found and what was expected of the error that `run` throws. */
const refusal = (run: () => unknown): readonly unknown[] => {
  const { code, found, expected } = errorOf(run);
  return [code, found, expected];
};

/** Where nothing is computed, only the record itself can refuse. */
const traced = <P>(primitive: Primitive<P>, args: readonly Tensor[], params: P): unknown =>
  traceFlat('program', args.map(avalOf), (...values) => [bind1(primitive, values, params)]);

describe('reductions', () => {
  const dtypes = ['f32', 'f64', 'i32', 'bool'] as const;

  test.each([
    ['sum', sumPrimitive, ['f32', 'f64', 'i32']],
    ['prod', prodPrimitive, ['f32', 'f64', 'i32']],
    ['mean', meanPrimitive, ['f32', 'f64']],
    ['variance', variancePrimitive, ['f32', 'f64']],
    ['max', maxPrimitive, ['f32', 'f64', 'i32', 'bool']],
  ] as const)('%s takes its dtypes, and no other', (_, primitive, taken) => {
    const program = (dtype: (typeof dtypes)[number]): unknown => traced(primitive, [zeros([2], dtype)], { axes: [0] });
    for (const dtype of dtypes)
      if ((taken as readonly string[]).includes(dtype)) expect(() => program(dtype)).not.toThrow();
      else expect(refusal(() => program(dtype)).slice(0, 2)).toEqual(['DTypeMismatch', `${dtype}[2]`]);
  });
});

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
    expect(refusal(() => traced(selectPrimitive, [ones([2]), ones([2]), ones([2])], {}))).toEqual(error);
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
