/** Promotion is a join; casts keep what they can. */
import { cast, DTYPES, isFloat, ones, promote, promoteWeak, tensor, toNested, zeros } from '@natgrad/tensor';
import {
  arbitraryDType,
  arbitraryTensor,
  checkLaw,
  elementAt,
  law,
  monoidLaws,
  requireElements,
} from '@natgrad/tensor/laws';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expectError } from '../errors.js';
import { itHolds } from './layouts.js';

describe('promote', () => {
  itHolds(monoidLaws({ name: 'promote', concat: promote, empty: 'bool', values: arbitraryDType, commutative: true }));

  it('is idempotent and takes the wider', () => {
    expect(DTYPES).toEqual(['bool', 'i32', 'f32', 'f64']);
    DTYPES.forEach((a, i) => DTYPES.forEach((b, j) => expect(promote(a, b)).toBe(DTYPES[Math.max(i, j)])));
    expect(DTYPES.map(isFloat)).toEqual([false, false, true, true]);
  });
});

describe('promoteWeak', () => {
  it('never narrows a tensor, and holds the literal up to the precision of the tensor', () => {
    checkLaw(
      law(
        'promoteWeak',
        fc.tuple(
          arbitraryDType,
          fc.oneof(fc.boolean(), fc.integer(), fc.double(), fc.constantFrom(2 ** 31, -(2 ** 31))),
        ),
        ([dtype, literal]) => {
          const met = promoteWeak(dtype, literal);
          expect(promote(met, dtype)).toBe(met);
          // Throws unless the literal fits.
          const stored = toNested(tensor([literal], met));
          if (met === 'i32' || met === 'f64')
            expect(Math.abs(Number((stored as number[])[0]) - Number(literal)) || 0).toBe(0);
          if (isFloat(dtype)) expect(met).toBe(dtype);
        },
      ),
    );
  });

  it.each([
    ['i32', 2 ** 31 - 1, 'i32'],
    ['i32', 2 ** 31, 'f64'],
    ['i32', -(2 ** 31), 'i32'],
    ['i32', -(2 ** 31) - 1, 'f64'],
    ['i32', NaN, 'f64'],
    ['bool', 0.5, 'f64'],
    ['bool', 7, 'i32'],
    ['bool', true, 'bool'],
    ['f32', 1e300, 'f32'],
  ] as const)('%s with %s is %s', (dtype, literal, met) => {
    expect(promoteWeak(dtype, literal)).toBe(met);
  });
});

describe('cast', () => {
  it('rounds to f32, truncates and wraps to i32, and asks x ≠ 0 for bool', () => {
    checkLaw(
      law('cast', fc.tuple(arbitraryTensor(), arbitraryDType), ([x, dtype]) => {
        requireElements(cast(x, dtype), {
          dtype,
          shape: x.shape,
          at: (index) => {
            const value = elementAt(x, index);
            if (dtype === 'bool') return value === 0 ? 0 : 1;
            return dtype === 'f32' ? Math.fround(value) : dtype === 'i32' ? value | 0 : value;
          },
        });
      }),
    );
  });

  it.each([
    [2.9, 2],
    [-2.9, -2],
    [2 ** 31, -(2 ** 31)],
    [2 ** 32 + 5, 5],
    [NaN, 0],
    [Infinity, 0],
    [-0, 0],
  ])('%s to i32 is %s', (from, to) => {
    expect(toNested(cast(tensor([from]), 'i32'))).toEqual([to]);
  });

  it('takes NaN as true', () => {
    expect(toNested(cast(tensor([NaN, -0, 0, 0.1, -Infinity]), 'bool'))).toEqual([true, false, false, true, true]);
  });

  it('goes from a narrower dtype and back without loss, but for i32 through f32', () => {
    checkLaw(
      law('there and back', fc.tuple(arbitraryTensor(), arbitraryDType), ([x, dtype]) => {
        if (promote(x.dtype, dtype) !== dtype || (x.dtype === 'i32' && dtype === 'f32')) return;
        expect(toNested(cast(cast(x, dtype), x.dtype))).toEqual(toNested(x));
      }),
    );
  });
});

it('refuses a dtype that there is not, wherever it is named', () => {
  const wrong = 'float32' as 'f32';
  for (const make of [
    (): unknown => zeros([2], wrong),
    (): unknown => ones([2], wrong),
    (): unknown => cast(tensor([1]), wrong),
    (): unknown => tensor([1], wrong),
  ])
    expectError(make, 'DTypeMismatch', 'float32 is not a dtype');
});
