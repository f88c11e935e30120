/** Reductions against loops over the elements, with exact sums as the judge of rounding. */
import {
  argmax,
  argmin,
  broadcastTo,
  cast,
  cumulativeSum,
  type DType,
  fromTypedArray,
  full,
  identical,
  isFloat,
  item,
  logsumexp,
  max,
  mean,
  min,
  prod,
  scalar,
  sum,
  type Tensor,
  tensor,
  toNested,
  variance,
  zeros,
} from '@natgrad/tensor';
import {
  arbitraryElement,
  arbitraryShape,
  arbitraryTensor,
  checkLaw,
  elementAt,
  law,
  type ReductionSubject,
  reductionLaws,
  requireElements,
  ulpsBetween,
} from '@natgrad/tensor/laws';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expectError } from '../errors.js';
import { check, exportedFrom, itHolds } from './layouts.js';

type Agreement = NonNullable<ReductionSubject['agrees']>;

const FLOATS: readonly DType[] = ['f32', 'f64'];
const INTEGERS: readonly DType[] = ['bool', 'i32'];
const numeric = (from: DType): DType => (from === 'bool' ? 'i32' : from);
const float = (from: DType): DType => (isFloat(from) ? from : 'f64');

/** A double as an exact fraction over 2¹⁰⁷⁴, of which every finite one is a multiple. */
const exact = (x: number): bigint => {
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, x);
  const word = bits.getBigUint64(0);
  const exponent = Number((word >> 52n) & 0x7ffn);
  const fraction = word & 0xfffffffffffffn;
  const magnitude = exponent === 0 ? fraction : (fraction | 0x10000000000000n) << BigInt(exponent - 1);
  return word >> 63n === 1n ? -magnitude : magnitude;
};

/** The double next to a fraction over 2¹⁰⁷⁴, within one unit in the last place. */
const nearest = (value: bigint): number => {
  const magnitude = value < 0n ? -value : value;
  const shift = Math.max(0, magnitude.toString(2).length - 53);
  // Two steps, or else 2^(shift − 1074) could underflow by itself.
  return (
    Number(magnitude >> BigInt(shift)) *
    2 ** Math.floor((shift - 1074) / 2) *
    2 ** Math.ceil((shift - 1074) / 2) *
    (value < 0n ? -1 : 1)
  );
};

/** Σ of finite numbers, rounded once. */
const exactSum = (xs: readonly number[]): number => nearest(xs.reduce((total, x) => total + exact(x), 0n));
const magnitudeSum = (xs: readonly number[]): number => exactSum(xs.map(Math.abs));
const isTame = (xs: readonly number[]): boolean => xs.every(Number.isFinite) && magnitudeSum(xs) < Number.MAX_VALUE;

/** The unit roundoff of a dtype. */
const unit = (dtype: DType): number => (dtype === 'f32' ? 2 ** -24 : 2 ** -53);

/**
 * A sum of n doubles in any order differs from the exact one by at most (n − 1)·2⁻⁵³·Σ|x| to first order (Higham 1993);
 * a result in f32 is rounded once more.
 */
const sumAgrees: Agreement = (found, wanted, xs, dtype) => {
  if (!isTame(xs)) return Object.is(found, wanted) || Number.isNaN(found) || Math.abs(found) === Infinity;
  const value = exactSum(xs);
  if (dtype === 'f32' && Math.abs(value) > 3.4e38) return true;
  const bound =
    1.01 * xs.length * 2 ** -53 * magnitudeSum(xs) + (dtype === 'f32' ? unit('f32') * Math.abs(value) + 2 ** -149 : 0);
  return Math.abs(found - value) <= bound;
};

const naiveSum = (xs: readonly number[]): number => xs.reduce((total, x) => total + x, 0);
const bigSum = (xs: readonly number[]): number =>
  Number(
    BigInt.asIntN(
      32,
      xs.reduce((total, x) => total + BigInt(x), 0n),
    ),
  );

/** Numbers whose sums and products of a few stay finite. */
const moderate = fc.oneof(fc.integer({ min: -4, max: 4 }), fc.double({ min: -1e3, max: 1e3, noNaN: true }));
const special = fc.constantFrom(NaN, Infinity, -Infinity, 0, -0, 1, -2);

const order = (xs: readonly number[], sense: 1 | -1): number => {
  if (xs.some(Number.isNaN)) return NaN;
  const sorted = [...xs].sort(
    (p, q) => sense * (q - p) || sense * (Number(Object.is(p, -0)) - Number(Object.is(q, -0))),
  );
  return sorted[0] as number;
};

/** Relative distance in units of roundoff, or the same special value. */
const within =
  (units: (count: number) => number): Agreement =>
  (found, wanted, xs, dtype) =>
    Object.is(found, wanted) ||
    (Number.isNaN(found) && Number.isNaN(wanted)) ||
    Math.abs(found - wanted) <= units(xs.length) * unit(dtype) * Math.abs(wanted) + Number.MIN_VALUE;

const naiveVariance = (xs: readonly number[]): number => {
  const centre = naiveSum(xs) / xs.length;
  return naiveSum(xs.map((x) => (x - centre) ** 2)) / xs.length;
};

const naiveLogSumExp = (xs: readonly number[]): number => {
  const top = order([-Infinity, ...xs], 1);
  return Number.isFinite(top) ? top + Math.log(naiveSum(xs.map((x) => Math.exp(x - top)))) : top;
};

/** No reduction may be missing here: see the first test. */
const SUBJECTS: Readonly<Record<string, readonly Omit<ReductionSubject, 'name' | 'apply'>[]>> = {
  sum: [
    { reference: naiveSum, dtypes: FLOATS, agrees: sumAgrees },
    { reference: naiveSum, dtypes: FLOATS, elements: special },
    { reference: bigSum, dtypes: INTEGERS, result: numeric },
  ],
  prod: [
    { reference: (xs) => xs.reduce((product, x) => product * x, 1), dtypes: FLOATS, elements: special },
    // Each product rounds once, in double precision.
    {
      reference: (xs) => xs.reduce((product, x) => product * x, 1),
      dtypes: ['f64'],
      elements: moderate,
      agrees: within((n) => 2 * n),
    },
    {
      reference: (xs) =>
        Number(
          BigInt.asIntN(
            32,
            xs.reduce((product, x) => product * BigInt(x), 1n),
          ),
        ),
      dtypes: INTEGERS,
      result: numeric,
    },
  ],
  max: [{ reference: (xs) => order(xs, 1), dtypes: [...INTEGERS, ...FLOATS], empty: false, agrees: Object.is }],
  min: [{ reference: (xs) => order(xs, -1), dtypes: [...INTEGERS, ...FLOATS], empty: false, agrees: Object.is }],
  mean: [
    {
      reference: (xs) => naiveSum(xs) / xs.length,
      dtypes: [...INTEGERS, ...FLOATS],
      result: float,
      empty: false,
      agrees: (found, wanted, xs, dtype) =>
        isTame(xs)
          ? Math.abs(found - exactSum(xs) / xs.length) <=
            (1.01 * (xs.length + 1) * 2 ** -53 * magnitudeSum(xs)) / xs.length +
              (dtype === 'f32' ? 2 * unit('f32') * Math.abs(wanted) : 0) +
              2 ** -149
          : Object.is(found, wanted) || Number.isNaN(found) || Math.abs(found) === Infinity,
    },
  ],
  variance: [
    // The squares of deviations are relative to the deviations, which are relative to the numbers: hence 1e3² here.
    {
      reference: naiveVariance,
      dtypes: ['f64'],
      elements: moderate,
      empty: false,
      agrees: (found, wanted, xs) =>
        Math.abs(found - wanted) <= 8 * xs.length * 2 ** -53 * (Math.max(...xs.map(Math.abs)) ** 2 + wanted),
    },
    { reference: naiveVariance, dtypes: ['f64'], elements: special, empty: false, agrees: within((n) => 4 * n) },
    {
      reference: naiveVariance,
      dtypes: INTEGERS,
      elements: fc.integer({ min: 0, max: 1 }),
      result: float,
      empty: false,
      agrees: within((n) => 4 * n),
    },
  ],
  logsumexp: [
    {
      reference: naiveLogSumExp,
      dtypes: FLOATS,
      elements: fc.oneof(special, moderate),
      agrees: within((n) => 4 * n + 4),
    },
    {
      reference: naiveLogSumExp,
      dtypes: INTEGERS,
      result: float,
      elements: fc.integer({ min: 0, max: 1 }),
      agrees: within((n) => 4 * n + 4),
    },
  ],
};

const REDUCTIONS: Readonly<Record<string, ReductionSubject['apply']>> = {
  sum,
  prod,
  max,
  min,
  mean,
  variance,
  logsumexp,
};

it('has a subject for every reduction', () => {
  const others = ['argmax', 'argmin', 'cumulativeSum', 'checkNotEmpty'];
  const expected = exportedFrom('reduce.ts').filter((name) => !others.includes(name));
  expect(Object.keys(SUBJECTS).sort()).toEqual(expected.sort());
  expect(Object.keys(REDUCTIONS).sort()).toEqual(expected.sort());
});

for (const [name, subjects] of Object.entries(SUBJECTS))
  describe(name, () => {
    subjects.forEach((subject, i) =>
      itHolds(reductionLaws({ name: `${name} (${i + 1})`, apply: REDUCTIONS[name]!, ...subject }), 150),
    );
  });

describe('pairwise summation', () => {
  it('keeps the bound of Higham 1993: (128 + log₂(n/128))·2⁻⁵³·Σ|x|, far below n·2⁻⁵³·Σ|x|', () => {
    const sizes = fc.integer({ min: 1, max: 5000 });
    checkLaw(
      law(
        'the bound',
        sizes.chain((n) => fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: n, maxLength: n })),
        (xs) => {
          const depth = 128 + Math.max(0, Math.ceil(Math.log2(xs.length / 128)));
          const bound = depth * 2 ** -53 * magnitudeSum(xs);
          expect(Math.abs(item(sum(tensor(xs))) - exactSum(xs))).toBeLessThanOrEqual(1.001 * bound);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('sums a million tenths to the last digits, where a loop loses four', () => {
    const n = 2 ** 20;
    const truth = nearest(exact(0.1) * BigInt(n));
    const pairwise = Math.abs(item(sum(full([n], 0.1))) - truth);
    let loop = 0;
    for (let i = 0; i < n; i += 1) loop += 0.1;
    // (128 + 13) roundings at worst, each at most half a unit of the partial sum.
    expect(pairwise).toBeLessThanOrEqual(141 * 2 ** -53 * truth);
    expect(Math.abs(loop - truth)).toBeGreaterThan(1e3 * pairwise);
  });

  it('accumulates f32 in double precision', () => {
    const n = 2 ** 20;
    expect(item(sum(full([n], 0.1, 'f32')))).toBe(Math.fround(n * Math.fround(0.1)));
    expect(item(sum(tensor([2 ** 24, 1, 1], 'f32')))).toBe(2 ** 24 + 2);
  });

  it('has bits that depend on the numbers only: rows of a matrix sum like vectors', () => {
    const rows = fc
      .integer({ min: 1, max: 400 })
      .chain((n) =>
        arbitraryTensor({ dtype: 'f64', shape: [3, n], elements: fc.double({ noNaN: true, min: -1, max: 1 }) }),
      );
    checkLaw(
      law('rows', rows, (x) => {
        const columns = toNested(x) as number[][];
        expect(toNested(sum(x, 1))).toEqual(columns.map((row) => item(sum(tensor(row)))));
      }),
      { numRuns: 30 },
    );
  });
});

describe('i32', () => {
  it('wraps exactly, also past 2⁵³', () => {
    const n = 2 ** 22 + 3;
    const many = broadcastTo(scalar(2 ** 31 - 1, 'i32'), [n]);
    const total = Number(BigInt.asIntN(32, BigInt(n) * BigInt(2 ** 31 - 1)));
    expect(item(sum(many))).toBe(total);
    const running = cumulativeSum(many);
    expect(elementAt(running, [n - 1])).toBe(total);
    expect(item(sum(tensor([2 ** 31 - 1, 1], 'i32')))).toBe(-(2 ** 31));
    expect(item(prod(tensor([123456789, 987654321], 'i32')))).toBe(Number(BigInt.asIntN(32, 123456789n * 987654321n)));
    expect(item(mean(tensor([2 ** 31 - 1, 2 ** 31 - 1], 'i32')))).toBe(2 ** 31 - 1);
  });
});

describe('logsumexp', () => {
  it.each<[readonly number[], number]>([
    [[], -Infinity],
    [[-Infinity], -Infinity],
    [[-Infinity, -Infinity], -Infinity],
    [[-Infinity, 3], 3],
    [[Infinity, 0], Infinity],
    [[Infinity, -Infinity], Infinity],
    [[Infinity, NaN], NaN],
    [[1e308, 1e308], 1e308],
    [[1000, 1000], 1000 + Math.LN2],
    [[-1000, -1000], -1000 + Math.LN2],
    [[-1e308, -1e308], -1e308],
    [[0, -745], 0],
  ])('of %j is %s', (xs, expected) => {
    expect(item(logsumexp(tensor(xs)))).toBe(expected);
  });

  it('shifts with its argument and lies between max and max + log n', () => {
    const vectors = fc
      .integer({ min: 1, max: 20 })
      .chain((n) =>
        arbitraryTensor({ dtype: 'f64', shape: [n], elements: fc.double({ min: -1e3, max: 1e3, noNaN: true }) }),
      );
    check(vectors, (x) => {
      const value = item(logsumexp(x));
      const top = item(max(x));
      // One rounding of the sum each, at numbers below 1010.
      expect(value).toBeGreaterThanOrEqual(top);
      expect(value).toBeLessThanOrEqual(top + Math.log(x.size) + 1e-12);
    });
  });
});

describe('variance', () => {
  it('does not cancel beside a large mean', () => {
    const x = tensor([1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16]);
    expect(item(variance(x))).toBe(22.5);
    expect(item(variance(tensor([1e15, 1e15 + 1, 1e15 + 2])))).toBeCloseTo(2 / 3, 12);
    expect(item(variance(full([1000], 1e15 + 0.125)))).toBe(0);
  });

  it('is never negative, and 0 for one number', () => {
    check(
      arbitraryTensor({
        dtype: 'f64',
        shape: arbitraryShape({ minExtent: 1 }),
        elements: fc.double({ noNaN: true, min: -1e150, max: 1e150 }),
      }),
      (x) => {
        expect(item(variance(x))).toBeGreaterThanOrEqual(0);
      },
    );
    expect(item(variance(scalar(7)))).toBe(0);
  });
});

describe('argmax and argmin', () => {
  it('give the first of the best, NaN being best of all', () => {
    const cases = arbitraryTensor({ shape: arbitraryShape({ minRank: 1 }) }).chain((x) =>
      fc.tuple(fc.constant(x), fc.integer({ min: -x.rank, max: x.rank - 1 })),
    );
    checkLaw(
      law('arg', cases, ([x, axis]) => {
        const along = axis < 0 ? axis + x.rank : axis;
        for (const [arg, sense, name] of [
          [argmax, 1, 'argmax'],
          [argmin, -1, 'argmin'],
        ] as const) {
          if (x.shape[along] === 0) {
            expectError(() => arg(x, axis), 'ShapeMismatch', name);
            continue;
          }
          requireElements(arg(x, axis), {
            dtype: 'i32',
            shape: x.shape.filter((_, k) => k !== along),
            at: (index) => {
              const values = Array.from({ length: x.shape[along] as number }, (_, i) =>
                elementAt(x, [...index.slice(0, along), i, ...index.slice(along)]),
              );
              const nan = values.findIndex(Number.isNaN);
              return nan >= 0 ? nan : values.findIndex((v) => values.every((other) => sense * v >= sense * other));
            },
          });
        }
      }),
    );
    expect(toNested(argmax(tensor([1, 3, 3, 2])))).toBe(1);
    expect(toNested(argmin(tensor([0, -0, 1])))).toBe(0);
    expect(toNested(argmax(tensor([1, NaN, NaN, 9])))).toBe(1);
    expect(toNested(argmax(tensor([-Infinity, -Infinity])))).toBe(0);
  });
});

describe('cumulativeSum', () => {
  it('adds in order along the axis', () => {
    const cases = arbitraryTensor({ shape: arbitraryShape({ minRank: 1 }) }).chain((x) =>
      fc.tuple(fc.constant(x), fc.integer({ min: -x.rank, max: x.rank - 1 })),
    );
    checkLaw(
      law('running sums', cases, ([x, axis]) => {
        const along = axis < 0 ? axis + x.rank : axis;
        const dtype = numeric(x.dtype);
        requireElements(
          cumulativeSum(x, axis),
          {
            dtype,
            shape: x.shape,
            at: (index) => {
              const upTo = Array.from({ length: (index[along] as number) + 1 }, (_, i) =>
                elementAt(
                  x,
                  index.map((j, k) => (k === along ? i : j)),
                ),
              );
              const total = dtype === 'i32' ? bigSum(upTo) : naiveSum(upTo);
              return dtype === 'f32' ? Math.fround(total) : total;
            },
          },
          (found, wanted) => ulpsBetween(found, wanted) === 0,
        );
      }),
    );
    expectError(() => cumulativeSum(scalar(1)), 'InvalidArgument', 'cumulativeSum: axis -1');
  });
});

describe('axes', () => {
  it('are checked: in range, and each once', () => {
    const x = zeros([2, 3]);
    expectError(() => sum(x, 2), 'InvalidArgument', 'sum: axis 2 of a value of shape [2,3]');
    expectError(
      () => sum(x, [0, -2]),
      'InvalidArgument',
      'sum: axes [0,-2] of a value of shape [2,3] name one axis twice',
    );
    expectError(() => sum(x, 0.5), 'InvalidArgument', 'axis 0.5');
    expectError(() => max(zeros([2, 0]), 1), 'ShapeMismatch', 'max: f64[2,0] has no elements along axes [1]');
    expectError(() => mean(zeros([0])), 'ShapeMismatch', 'mean: f64[0]');
    expect(toNested(sum(zeros([2, 0]), 1))).toEqual([0, 0]);
    expect(toNested(max(zeros([0, 2]), 1))).toEqual([]);
  });

  it('none reduces nothing: every element by itself', () => {
    check(arbitraryTensor({ dtype: 'f64', elements: arbitraryElement('f64') }), (x: Tensor) => {
      for (const reduction of [max, min]) expect(identical(reduction(x, []), x)).toBe(true);
      expect(identical(cast(sum(x, []), 'bool'), cast(x, 'bool'))).toBe(true);
    });
  });

  it('one number is a list of one', () => {
    const x = fromTypedArray(
      Float64Array.from({ length: 24 }, (_, i) => i),
      [2, 3, 4],
    );
    expect(identical(sum(x, 1), sum(x, [1]))).toBe(true);
    expect(sum(x, 1, true).shape).toEqual([2, 1, 4]);
    expect(sum(x, [2, 0]).shape).toEqual([3]);
  });
});
