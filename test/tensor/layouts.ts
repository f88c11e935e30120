/** Tensors for the laws of kernels: every dtype, special values, extents of 0, and storage in any order. */
import {
  DTYPES,
  type DType,
  isNatgradError,
  type NatgradError,
  type Nested,
  sizeOf,
  type Tensor,
  toNested,
} from '@natgrad/tensor';
import { adopt, allocate, elements, fromView, makeView, viewOf } from '@natgrad/tensor/internal';
import fc from 'fast-check';
import { expect } from 'vitest';

/** Cases per law; the environment variable raises it. */
export const RUNS: number = Math.max(100, Number(process.env['NATGRAD_LAW_RUNS'] ?? 0));

export const check = <Ts>(arbitrary: fc.Arbitrary<Ts>, law: (value: Ts) => void): void => {
  fc.assert(
    fc.property(arbitrary, (value) => law(value)),
    { numRuns: RUNS },
  );
};

/** Every multi-index of a shape in row-major order; rank 0 has one, the empty list. */
export const indicesOf = (shape: readonly number[]): number[][] =>
  shape.reduce<number[][]>(
    (before, extent) => before.flatMap((index) => Array.from({ length: extent }, (_, i) => [...index, i])),
    [[]],
  );

/** An element of nested arrays by its multi-index; booleans count as 0 and 1. */
export const at = (nested: Nested, index: readonly number[]): number =>
  Number(index.reduce<Nested>((level, i) => (level as readonly Nested[])[i] as Nested, nested));

/** The same tensor in other storage: axes in the order `order`, some backwards, strides `gap` times what they need. */
export const relaid = (x: Tensor, order: readonly number[], backwards: readonly boolean[], gap: number): Tensor => {
  const stride = new Array<number>(x.rank).fill(0);
  let next = gap;
  for (const axis of [...order].reverse()) {
    stride[axis] = next;
    next *= x.shape[axis] as number;
  }
  const data = allocate(x.dtype, next + gap).fill(x.dtype === 'bool' ? 1 : 12345);
  let offset = gap;
  backwards.forEach((flip, axis) => {
    if (!flip) return;
    offset += Math.max(0, (x.shape[axis] as number) - 1) * (stride[axis] as number);
    stride[axis] = -(stride[axis] as number);
  });
  const flat = elements(x);
  indicesOf(x.shape).forEach((index, k) => {
    data[index.reduce((sum, i, axis) => sum + i * (stride[axis] as number), offset)] = flat[k] as number;
  });
  return fromView(makeView(data, x.shape, stride, offset), x.dtype);
};

export const dtypes: fc.Arbitrary<DType> = fc.constantFrom(...DTYPES);

export const shapes = (minLength: number, maxLength: number): fc.Arbitrary<number[]> =>
  fc.array(fc.integer({ min: 0, max: 3 }), { minLength, maxLength });

const element = (dtype: DType): fc.Arbitrary<number> => {
  if (dtype === 'bool') return fc.integer({ min: 0, max: 1 });
  const small = fc.integer({ min: -2, max: 2 });
  if (dtype === 'i32') return fc.oneof(small, fc.integer());
  return fc.oneof(small, fc.constantFrom(NaN, Infinity, -Infinity, 0, -0), dtype === 'f32' ? fc.float() : fc.double());
};

/** Tensors of one dtype and shape in any storage; elements from `values`, else anything that the dtype holds. */
export const tensors = (
  dtype: DType,
  shape: readonly number[],
  values: fc.Arbitrary<number> = element(dtype),
): fc.Arbitrary<Tensor> => {
  const size = sizeOf(shape);
  const axes = shape.map((_, axis) => axis);
  return fc
    .record({
      flat: fc.array(values, { minLength: size, maxLength: size }),
      order: fc.shuffledSubarray(axes, { minLength: axes.length, maxLength: axes.length }),
      backwards: fc.array(fc.boolean(), { minLength: axes.length, maxLength: axes.length }),
      gap: fc.constantFrom(1, 1, 2),
      rowMajor: fc.boolean(),
    })
    .map(({ flat, order, backwards, gap, rowMajor }) => {
      const data = allocate(dtype, size);
      data.set(flat);
      const x = adopt(data, dtype, shape);
      return rowMajor ? x : relaid(x, order, backwards, gap);
    });
};

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

/** The error that `f` throws; fails when it throws none or another kind. */
export const errorOf = (f: () => unknown): NatgradError => {
  try {
    f();
  } catch (error) {
    if (isNatgradError(error)) return error;
    throw error;
  }
  return expect.fail('expected an error');
};

export const expectError = (f: () => unknown, code: NatgradError['code'], ...parts: readonly string[]): void => {
  const error = errorOf(f);
  expect(error.code).toBe(code);
  for (const part of parts) expect(error.message).toContain(part);
};
