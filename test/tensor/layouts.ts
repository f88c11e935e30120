/** Tensors for the laws of kernels: every dtype, special values, extents of 0, and storage in any order. */
import { readFileSync } from 'node:fs';
import { type DType, type Nested, type Tensor, toNested } from '@natgrad/tensor';
import { viewOf } from '@natgrad/tensor/internal';
import * as laws from '@natgrad/tensor/laws';
import fc from 'fast-check';
import { expect, it } from 'vitest';

/** Cases per law; the environment variable raises it. */
export const RUNS: number = laws.lawRuns(100);

export const check = <Ts>(arbitrary: fc.Arbitrary<Ts>, law: (value: Ts) => void): void => {
  fc.assert(
    fc.property(arbitrary, (value) => law(value)),
    { numRuns: RUNS },
  );
};

/** A test for each law; `numRuns` cases, or more where the environment says so. */
export const itHolds = (each: readonly laws.Law[], numRuns = 100): void => {
  for (const law of each) it(law.name, () => laws.checkLaw(law, { numRuns }));
};

/** Names of the values that a source file of the tensor package exports: what there is, not what a test remembers. */
export const exportedFrom = (file: string): string[] => {
  const text = readFileSync(new URL(`../../packages/tensor/src/${file}`, import.meta.url), 'utf8');
  return [...text.matchAll(/^export (?:const|let|function) (\w+)/gm)].map((match) => match[1] as string);
};

/** Every multi-index of a shape in row-major order; rank 0 has one, the empty list. */
export const indicesOf = (shape: readonly number[]): number[][] => laws.indicesOf(shape).map((index) => [...index]);

/** An element of nested arrays by its multi-index; booleans count as 0 and 1. */
export const at = (nested: Nested, index: readonly number[]): number =>
  Number(index.reduce<Nested>((level, i) => (level as readonly Nested[])[i] as Nested, nested));

/** The same tensor in other storage: axes in the order `order`, some backwards, strides `gap` times what they need. */
export const relaid = (x: Tensor, order: readonly number[], backwards: readonly boolean[], gap: number): Tensor =>
  laws.relaid(x, { order, backwards, gap });

export const dtypes: fc.Arbitrary<DType> = laws.arbitraryDType;

export const shapes = (minLength: number, maxLength: number): fc.Arbitrary<number[]> =>
  fc.array(fc.integer({ min: 0, max: 3 }), { minLength, maxLength });

/** Tensors of one dtype and shape in any storage; elements from `values`, else anything that the dtype holds. */
export const tensors = (
  dtype: DType,
  shape: readonly number[],
  values: fc.Arbitrary<number> = laws.arbitraryElement(dtype),
): fc.Arbitrary<Tensor> => laws.arbitraryTensor({ dtype, shape, elements: values });

/** dtype, shape and every element (NaN equals NaN, 0 and −0 differ) against a formula over multi-indices. */
export const expectElements = (
  actual: Tensor,
  dtype: DType,
  shape: readonly number[],
  formula: (index: number[]) => number,
): void => {
  expect(actual.dtype).toBe(dtype);
  expect([...actual.shape]).toEqual([...shape]);
  const nested = toNested(actual);
  for (const index of indicesOf(shape)) {
    const expected = formula(index);
    if (!Object.is(at(nested, index), expected))
      expect.fail(`element [${index.join(',')}] is ${at(nested, index)}, expected ${expected}`);
  }
};

/** Runs `f` and fails if the storage of an input is different afterwards. */
export const pure = <T>(inputs: readonly Tensor[], f: () => T): T => {
  const before = inputs.map((x) => [...viewOf(x).data]);
  const result = f();
  inputs.forEach((x, i) => expect([...viewOf(x).data]).toEqual(before[i]));
  return result;
};
