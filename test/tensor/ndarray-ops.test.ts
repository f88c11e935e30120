/** ndarray-ops, which was written by others, as the judge: elementwise functions, reductions and products. */
import * as api from '@natgrad/tensor';
import {
  argmax,
  argmin,
  equal,
  fromNdarray,
  matmul,
  max,
  min,
  prod,
  sum,
  type Tensor,
  toNdarray,
  transpose,
  variance,
} from '@natgrad/tensor';
import {
  arbitraryShape,
  arbitraryTensor,
  checkLaw,
  elementAt,
  fingerprint,
  law,
  ulpsBetween,
} from '@natgrad/tensor/laws';
import fc from 'fast-check';
import ndarray, { type NdArray } from 'ndarray';
import ops from 'ndarray-ops';
import { describe, expect, it } from 'vitest';

type Array_ = NdArray<Float64Array>;
const functions = ops as unknown as Readonly<Record<string, (...views: readonly unknown[]) => unknown>>;
const own = api as unknown as Readonly<Record<string, (...operands: readonly unknown[]) => Tensor>>;

/** ndarray-ops has no loops for rank 0. */
const shapes = arbitraryShape({ minRank: 1 });
const pairs = shapes.chain((shape) =>
  fc.tuple(...[0, 1].map(() => arbitraryTensor({ dtype: 'f64', shape }))),
) as fc.Arbitrary<[Tensor, Tensor]>;
const full = arbitraryShape({ minRank: 1, minExtent: 1 });

const filled = (x: Tensor): Array_ => ndarray(new Float64Array(x.size), [...x.shape]);
/** The elements as the oracle sees them: columns first, so that its loops run over strides. */
const given = (x: Tensor): Array_ => {
  const turned = toNdarray(transpose(x)) as Array_;
  return turned.transpose(...x.shape.map((_, axis) => x.rank - 1 - axis));
};

describe('elementwise', () => {
  it.each([
    ['add', 'add'],
    ['sub', 'subtract'],
    ['mul', 'multiply'],
    ['div', 'divide'],
    ['lt', 'less'],
    ['leq', 'lessEqual'],
    ['gt', 'greater'],
    ['geq', 'greaterEqual'],
    ['eq', 'equal'],
    ['neq', 'notEqual'],
    ['pow', 'power'],
  ])('%s is %s', (theirs, ours) => {
    checkLaw(
      law(ours, pairs, ([x, y]) => {
        const out = filled(x);
        functions[theirs]!(out, given(x), given(y));
        expect(fingerprint(api.cast(own[ours]!(x, y), 'f64'))).toBe(fingerprint(fromNdarray(out)));
      }),
    );
  });

  it.each([
    ['neg', 'negate'],
    ['abs', 'absolute'],
    ['floor', 'floor'],
    ['exp', 'exp'],
    ['log', 'log'],
    ['sin', 'sin'],
    ['cos', 'cos'],
    ['sqrt', 'sqrt'],
  ])('%s is %s', (theirs, ours) => {
    checkLaw(
      law(ours, arbitraryTensor({ dtype: 'f64', shape: shapes }), (x) => {
        const out = filled(x);
        functions[theirs]!(out, given(x));
        expect(fingerprint(own[ours]!(x))).toBe(fingerprint(fromNdarray(out)));
      }),
    );
  });
});

describe('reductions', () => {
  const finite = fc.double({ min: -1e3, max: 1e3, noNaN: true });
  const tensors = arbitraryTensor({ dtype: 'f64', shape: full, elements: finite });

  // Products of 64 of these neither overflow nor come near the subnormal numbers, where the order of factors decides.
  const factors = fc.oneof(
    fc.constant(0),
    fc.double({ min: 1e-3, max: 1e3, noNaN: true }),
    fc.double({ min: -1e3, max: -1e-3, noNaN: true }),
  );

  it('sum is a sum', () => {
    checkLaw(
      law('sum', tensors, (x) => {
        const magnitudes = functions['sum']!(toNdarray(api.absolute(x))) as number;
        // n − 1 roundings on either side, each within 2⁻⁵³ of Σ|x|.
        expect(Math.abs(api.item(sum(x)) - (functions['sum']!(given(x)) as number))).toBeLessThanOrEqual(
          2 * x.size * 2 ** -53 * magnitudes,
        );
      }),
    );
  });

  it('prod is a product', () => {
    checkLaw(
      law('prod', arbitraryTensor({ dtype: 'f64', shape: full, elements: factors }), (x) => {
        // n − 1 roundings on either side, relative to the product.
        const product = functions['prod']!(given(x)) as number;
        expect(Math.abs(api.item(prod(x)) - product)).toBeLessThanOrEqual(2 * x.size * 2 ** -53 * Math.abs(product));
      }),
    );
  });

  it('max and min are sup and inf', () => {
    checkLaw(
      law('extremes', tensors, (x) => {
        expect(api.item(equal(max(x), functions['sup']!(given(x)) as number))).toBe(1);
        expect(api.item(equal(min(x), functions['inf']!(given(x)) as number))).toBe(1);
      }),
    );
  });

  it('argmax and argmin find elements as large and as small', () => {
    checkLaw(
      law(
        'arguments',
        arbitraryTensor({ dtype: 'f64', shape: full.filter((shape) => shape.length === 1), elements: finite }),
        (x) => {
          const largest = (functions['argmax']!(given(x)) as number[])[0] as number;
          const smallest = (functions['argmin']!(given(x)) as number[])[0] as number;
          expect(elementAt(x, [api.item(argmax(x))])).toBe(elementAt(x, [largest]));
          expect(elementAt(x, [api.item(argmin(x))])).toBe(elementAt(x, [smallest]));
        },
      ),
    );
  });

  it('variance is the mean of squares about the mean', () => {
    checkLaw(
      law('variance', tensors, (x) => {
        const distances = ndarray(new Float64Array(x.size), [...x.shape]);
        functions['subs']!(distances, given(x), (functions['sum']!(given(x)) as number) / x.size);
        const expected = (functions['norm2squared']!(distances) as number) / x.size;
        // The mean is off by n units of 2⁻⁵³ of at most 1e3; its square enters the oracle's value.
        expect(Math.abs(api.item(variance(x)) - expected)).toBeLessThanOrEqual(
          4 * x.size * 2 ** -53 * (expected + 1e6 * 2 ** -20),
        );
      }),
    );
  });
});

it('matmul is the sum of products of rows and columns', () => {
  const matrices = fc
    .tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }))
    .chain(([m, k, n]) =>
      fc.tuple(
        arbitraryTensor({ dtype: 'f64', shape: [m, k], elements: fc.integer({ min: -99, max: 99 }) }),
        arbitraryTensor({ dtype: 'f64', shape: [k, n], elements: fc.integer({ min: -99, max: 99 }) }),
      ),
    );
  checkLaw(
    law('matmul', matrices, ([x, y]) => {
      const [a, b, c] = [given(x), given(y), matmul(x, y)];
      for (let i = 0; i < (x.shape[0] as number); i += 1)
        for (let j = 0; j < (y.shape[1] as number); j += 1) {
          const products = ndarray(new Float64Array(x.shape[1] as number));
          functions['mul']!(products, a.pick(i, null), b.pick(null, j));
          expect(ulpsBetween(elementAt(c, [i, j]), functions['sum']!(products) as number)).toBe(0);
        }
    }),
  );
});
