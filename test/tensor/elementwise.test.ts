/** Every elementwise function against a loop over its elements, for every dtype, layout and broadcast. */
import { readFileSync } from 'node:fs';
import * as api from '@natgrad/tensor';
import {
  absolute,
  add,
  cast,
  type DType,
  equal,
  erf,
  expm1,
  fromTypedArray,
  isFloat,
  item,
  log1p,
  multiply,
  promote,
  promoteOperands,
  promoteWeak,
  scalar,
  select,
  sign,
  square,
  tensor,
  toNested,
} from '@natgrad/tensor';
import {
  arbitraryTensor,
  checkLaw,
  type ElementwiseSubject,
  elementwiseLaws,
  law,
  ulpsBetween,
} from '@natgrad/tensor/laws';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expectError } from '../errors.js';
import { exportedFrom, itHolds } from './layouts.js';

type Rule = Pick<ElementwiseSubject, 'reference' | 'dtypes' | 'result' | 'arity'>;

const ALL: readonly DType[] = ['bool', 'i32', 'f32', 'f64'];
const float = (met: DType): DType => (isFloat(met) ? met : 'f64');
const numeric = (met: DType): DType => (met === 'bool' ? 'i32' : met);
const bool = (): DType => 'bool';

const floating = (reference: Rule['reference']): readonly Rule[] => [{ reference, dtypes: ALL, result: float }];
const comparison = (reference: Rule['reference']): readonly Rule[] => [{ reference, dtypes: ALL, result: bool }];
/** `exact` is the same function of integers, of which the lowest 32 bits are kept. */
const arithmetic = (reference: Rule['reference'], exact: (...operands: bigint[]) => bigint): readonly Rule[] => [
  { reference, dtypes: ['f32', 'f64'] },
  {
    reference: (...xs) => Number(BigInt.asIntN(32, exact(...xs.map(BigInt)))),
    arity: reference.length,
    dtypes: ['bool', 'i32'],
    result: numeric,
  },
];

/** No elementwise function may be missing here: see the first test. */
const RULES: Readonly<Record<string, readonly Rule[]>> = {
  add: arithmetic(
    (x, y) => x + y,
    (x, y) => x + y,
  ),
  subtract: arithmetic(
    (x, y) => x - y,
    (x, y) => x - y,
  ),
  multiply: arithmetic(
    (x, y) => x * y,
    (x, y) => x * y,
  ),
  maximum: arithmetic(
    (x, y) => (Number.isNaN(x) || x > y || (x === y && Object.is(y, -0)) ? x : y),
    (x, y) => (x > y ? x : y),
  ),
  minimum: arithmetic(
    (x, y) => (Number.isNaN(x) || x < y || (x === y && Object.is(x, -0)) ? x : y),
    (x, y) => (x < y ? x : y),
  ),
  negate: arithmetic(
    (x) => -x,
    (x) => -x,
  ),
  absolute: arithmetic(
    (x) => (x < 0 || Object.is(x, -0) ? -x : x),
    (x) => (x < 0n ? -x : x),
  ),
  sign: arithmetic(
    (x) => (x > 0 ? 1 : x < 0 ? -1 : x),
    (x) => (x > 0n ? 1n : x < 0n ? -1n : 0n),
  ),
  floor: arithmetic(
    (x) => Math.floor(x),
    (x) => x,
  ),
  square: arithmetic(
    (x) => x * x,
    (x) => x * x,
  ),
  divide: floating((x, y) => x / y),
  power: floating((x, y) => x ** y),
  exp: floating((x) => Math.exp(x)),
  log: floating((x) => Math.log(x)),
  expm1: floating((x) => Math.expm1(x)),
  log1p: floating((x) => Math.log1p(x)),
  tanh: floating((x) => Math.tanh(x)),
  sin: floating((x) => Math.sin(x)),
  cos: floating((x) => Math.cos(x)),
  sqrt: floating((x) => Math.sqrt(x)),
  // Odd, bounded and monotone is tested below, and its values against 40 digits; here that it goes element by element.
  erf: floating((x) => item(erf(x))),
  equal: comparison((x, y) => Number(x === y)),
  notEqual: comparison((x, y) => Number(x !== y)),
  less: comparison((x, y) => Number(x < y)),
  lessEqual: comparison((x, y) => Number(x <= y)),
  greater: comparison((x, y) => Number(x > y)),
  greaterEqual: comparison((x, y) => Number(x >= y)),
  logicalAnd: [{ reference: (x, y) => Number(x === 1 && y === 1), dtypes: ['bool'] }],
  logicalOr: [{ reference: (x, y) => Number(x === 1 || y === 1), dtypes: ['bool'] }],
  logicalNot: [{ reference: (x) => Number(x === 0), dtypes: ['bool'] }],
  isFinite: [{ reference: (x) => Number(Number.isFinite(x)), dtypes: ALL, result: bool }],
  select: [
    // The condition is bool; the law of three operands of any dtype is below.
    { reference: (condition, x, y) => (condition === 1 ? x : y), dtypes: ['bool'] },
  ],
};

it('has a rule for every elementwise function', () => {
  const notOnElements = ['promoteOperands'];
  expect(Object.keys(RULES).sort()).toEqual(
    exportedFrom('elementwise.ts')
      .filter((name) => !notOnElements.includes(name))
      .sort(),
  );
});

for (const [name, rules] of Object.entries(RULES))
  describe(name, () => {
    const apply = (api as unknown as Readonly<Record<string, (...operands: never[]) => unknown>>)[name]!;
    itHolds(rules.flatMap((rule) => elementwiseLaws({ name: `${name} of ${rule.dtypes!.join()}`, apply, ...rule })));
  });

describe('select', () => {
  it('takes the chosen side, which the other one cannot poison, in the dtype in which both meet', () => {
    const operands = fc.tuple(
      arbitraryTensor({ dtype: 'bool', shape: [2, 1] }),
      arbitraryTensor({ shape: [1, 3] }),
      arbitraryTensor({ shape: [] }),
    );
    checkLaw(
      law('select', operands, ([condition, x, y]) => {
        const dtype = promote(x.dtype, y.dtype);
        const [c, p, q] = [toNested(condition), toNested(cast(x, dtype)), toNested(cast(y, dtype))] as [
          boolean[][],
          number[][],
          number,
        ];
        const result = select(condition, x, y);
        expect(result.dtype).toBe(dtype);
        expect(toNested(result)).toEqual(c.map(([row]) => p[0]!.map((each) => (row === true ? each : q))));
      }),
    );
  });
});

describe('integers wrap modulo 2³²', () => {
  const [largest, smallest] = [2 ** 31 - 1, -(2 ** 31)];
  const i32 = (x: number): api.Tensor => scalar(x, 'i32');
  it.each([
    ['add', item(add(i32(largest), 1)), smallest],
    ['subtract', item(api.subtract(i32(smallest), 1)), largest],
    ['multiply', item(multiply(i32(largest), largest)), 1],
    // 123456789² > 2⁵³: as a double it has lost its lowest bits.
    ['multiply', item(multiply(i32(123456789), 123456789)), Number(BigInt.asIntN(32, 123456789n ** 2n))],
    ['square', item(square(i32(123456789))), Number(BigInt.asIntN(32, 123456789n ** 2n))],
    ['negate', item(api.negate(i32(smallest))), smallest],
    ['absolute', item(absolute(i32(smallest))), smallest],
  ])('%s', (_, found, expected) => {
    expect(found).toBe(expected);
  });
});

describe('f32', () => {
  it('rounds each result once, to nearest', () => {
    const third = api.divide(scalar(1, 'f32'), scalar(3, 'f32'));
    expect(third.dtype).toBe('f32');
    expect(item(third)).toBe(Math.fround(1 / 3));
    expect(item(add(scalar(2 ** 24, 'f32'), 1))).toBe(2 ** 24);
    expect(item(multiply(scalar(2e38, 'f32'), 2))).toBe(Infinity);
    expect(item(multiply(scalar(2 ** -149, 'f32'), 0.5))).toBe(0);
  });
});

describe('literals', () => {
  it('take the dtype of the tensor where it can hold them', () => {
    expect(add(tensor([1], 'f32'), 0.1).dtype).toBe('f32');
    expect(add(tensor([1], 'i32'), 2).dtype).toBe('i32');
    expect(add(tensor([1], 'i32'), -(2 ** 31)).dtype).toBe('i32');
    expect(add(2 ** 31, tensor([1], 'i32')).dtype).toBe('f64');
    expect(add(0.5, tensor([1], 'i32')).dtype).toBe('f64');
    expect(add(tensor([true]), true).dtype).toBe('i32');
    expect(select(tensor([true]), tensor([false]), true).dtype).toBe('bool');
    expect(add(1, 2).dtype).toBe('f64');
    expect(add(true, true).dtype).toBe('i32');
  });

  it('meet a tensor as promoteWeak says', () => {
    checkLaw(
      law(
        'promoteOperands',
        fc.tuple(arbitraryTensor(), fc.oneof(fc.boolean(), fc.integer(), fc.double())),
        ([x, literal]) => {
          const dtype = promoteWeak(x.dtype, literal);
          const expected = typeof literal === 'number' && dtype === 'f32' ? Math.fround(literal) : Number(literal);
          for (const [a, b] of [promoteOperands(x, literal), [...promoteOperands(literal, x)].reverse()] as const) {
            expect([a.dtype, b.dtype]).toEqual([dtype, dtype]);
            expect(Object.is(item(b), dtype === 'i32' && expected === 0 ? 0 : expected)).toBe(true);
            expect(api.identical(a, cast(x, dtype))).toBe(true);
          }
        },
      ),
    );
  });
});

describe('erf', () => {
  const table = JSON.parse(
    readFileSync(new URL('../fixtures/erf/erf.json', import.meta.url), 'utf8'),
  ) as readonly (readonly [number, string])[];

  it('is as close to values computed to 40 digits as its documentation says', () => {
    expect(table.length).toBeGreaterThan(100);
    for (const [x, digits] of table) {
      expect(ulpsBetween(item(erf(x)), Number(digits)), `erf(${x})`).toBeLessThanOrEqual(x < 0.5 ? 4 : x < 2 ? 2 : 1);
      expect(item(erf(-x))).toBe(-item(erf(x)));
    }
  });

  it('is exact at the ends, and keeps the sign of zero', () => {
    expect(toNested(erf(tensor([0, -0, Infinity, -Infinity, NaN, 1e300])))).toEqual([0, -0, 1, -1, NaN, 1]);
    expect(item(erf(Number.MIN_VALUE))).toBe(Number.MIN_VALUE);
  });

  it('is monotone and bounded', () => {
    const ascending = Array.from({ length: 1401 }, (_, i) => item(erf(i / 200 - 3.5)));
    ascending.reduce((before, value) => {
      expect(value).toBeGreaterThan(before);
      expect(Math.abs(value)).toBeLessThan(1);
      return value;
    }, -1);
  });
});

describe('expm1 and log1p', () => {
  it('do not cancel near zero', () => {
    // eˣ − 1 = x + x²/2 + x³/6 and log(1 + x) = x − x²/2 + x³/3: the third term, 3e-25, is what is tolerated.
    expect(item(expm1(1e-8))).toBeCloseTo(1.000000005e-8, 23);
    expect(item(log1p(1e-8))).toBeCloseTo(9.99999995e-9, 23);
    expect(item(log1p(-1))).toBe(-Infinity);
  });
});

describe('errors', () => {
  it('name the operation, both shapes and the remedy', () => {
    expectError(
      () => add(tensor([1, 2]), tensor([1, 2, 3])),
      'ShapeMismatch',
      'add: [2] and [3]',
      'extents 2 and 3 differ',
    );
    expectError(() => api.logicalAnd(tensor([1]), tensor([true])), 'DTypeMismatch', 'logicalAnd: f64[1] and f64[1]');
    expectError(() => api.logicalNot(tensor([1], 'i32')), 'DTypeMismatch', 'logicalNot: i32[1] is not bool');
    expectError(() => select(tensor([1]), 1, 2), 'DTypeMismatch', 'select: the condition f64[1] is not bool');
    expectError(() => select(tensor([true, false]), tensor([1, 2, 3]), 0), 'ShapeMismatch', 'select: [2] and [3]');
  });
});

it('agrees with itself through any path of dtypes', () => {
  // i32 is exact in f64: the same function of the same numbers.
  checkLaw(
    law('sign', arbitraryTensor({ dtype: 'i32' }), (x) =>
      api.identical(cast(sign(x), 'f64'), add(sign(cast(x, 'f64')), 0)),
    ),
  );
  expect(toNested(equal(fromTypedArray(new Float64Array([NaN])), NaN))).toEqual([false]);
});
