/**
 * Laws of every exported function, found by discovery: a new export without a case here fails the first test. No function
 * changes its arguments, all of them give the same result twice, and a tensor that is none is refused by name.
 */
import { inspect } from 'node:util';
import * as api from '@natgrad/tensor';
import {
  cast,
  encodeNpy,
  encodeNpz,
  encodeSafetensors,
  eye,
  isNatgradError,
  isTensor,
  type Key,
  key,
  NatgradError,
  type Tensor,
  tensor,
  toNdarray,
  toNested,
  toTypedArray,
  treeFlatten,
} from '@natgrad/tensor';
import {
  arbitraryBroadcastShapes,
  arbitraryDType,
  arbitraryElement,
  arbitraryShape,
  arbitraryTensor,
  arbitraryTree,
  pureLaws,
} from '@natgrad/tensor/laws';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { itHolds } from './layouts.js';

type Arguments = fc.Arbitrary<readonly unknown[]>;

const any = arbitraryTensor();
const broadcastable = (count: number): fc.Arbitrary<Tensor[]> =>
  arbitraryBroadcastShapes(count).chain((shapes) => fc.tuple(...shapes.map((shape) => arbitraryTensor({ shape }))));
const unary: Arguments = fc.tuple(any);
const binary: Arguments = broadcastable(2);
const boolean: Arguments = arbitraryBroadcastShapes(2).chain((shapes) =>
  fc.tuple(...shapes.map((shape) => arbitraryTensor({ dtype: 'bool', shape }))),
);
const axes = (x: Tensor): fc.Arbitrary<number[]> => fc.shuffledSubarray(x.shape.map((_, axis) => axis));
const reduction: Arguments = arbitraryTensor({ shape: arbitraryShape({ minExtent: 1 }) }).chain((x) =>
  fc.tuple(fc.constant(x), axes(x), fc.boolean()),
);
const ranked = arbitraryTensor({ shape: arbitraryShape({ minRank: 1, minExtent: 1 }) });
const alongAxis: Arguments = ranked.chain((x) => fc.tuple(fc.constant(x), fc.nat(x.rank - 1)));
const literal = fc.oneof(fc.boolean(), fc.integer(), fc.double());
const keys: fc.Arbitrary<Key> = fc.nat().map(key);
const bytes = fc.uint8Array({ maxLength: 40 });
const record = fc.dictionary(fc.constantFrom('w', 'b', 'x.y'), any);
const small = arbitraryShape({ maxExtent: 3 });
/** A tensor, a list of indices into its axis, and that axis. */
const indexed: fc.Arbitrary<readonly [Tensor, Tensor, number]> = ranked.chain((x) =>
  fc.nat(x.rank - 1).chain((axis) =>
    fc.tuple(
      fc.constant(x),
      arbitraryTensor({
        dtype: 'i32',
        shape: arbitraryShape({ maxRank: 2, maxExtent: 3 }),
        elements: fc.nat((x.shape[axis] as number) - 1),
      }),
      fc.constant(axis),
    ),
  ),
);
/** Indices of the tensor's own rank, with its extents. */
const indexedAlong: fc.Arbitrary<readonly [Tensor, Tensor, number]> = ranked.chain((x) =>
  fc
    .nat(x.rank - 1)
    .chain((axis) =>
      fc.tuple(
        fc.constant(x),
        arbitraryTensor({ dtype: 'i32', shape: x.shape, elements: fc.nat((x.shape[axis] as number) - 1) }),
        fc.constant(axis),
      ),
    ),
);
/** A matrix that is symmetric and positive definite: L Lᵀ + I. */
const positive = fc
  .integer({ min: 1, max: 4 })
  .chain((n) => arbitraryTensor({ dtype: 'f64', shape: [n, n], elements: fc.integer({ min: -3, max: 3 }) }))
  .map((l) => api.add(api.matmul(l, api.matrixTranspose(l)), eye(l.shape[0] as number)));
const several = fc
  .tuple(arbitraryDType, small)
  .chain(([dtype, shape]) => fc.array(arbitraryTensor({ dtype, shape }), { minLength: 1, maxLength: 3 }));

/** Arguments for every exported function. */
const CASES: Readonly<Record<string, Arguments>> = {
  // elementwise
  ...Object.fromEntries(
    [
      'negate',
      'absolute',
      'sign',
      'floor',
      'exp',
      'log',
      'expm1',
      'log1p',
      'tanh',
      'sin',
      'cos',
      'sqrt',
      'erf',
      'square',
      'isFinite',
    ].map((name) => [name, unary] as const),
  ),
  ...Object.fromEntries(
    [
      'add',
      'subtract',
      'multiply',
      'divide',
      'power',
      'maximum',
      'minimum',
      'equal',
      'notEqual',
      'less',
      'lessEqual',
      'greater',
      'greaterEqual',
      'promoteOperands',
    ].map((name) => [name, fc.oneof(binary, fc.tuple(any, literal), fc.tuple(literal, any))] as const),
  ),
  logicalAnd: boolean,
  logicalOr: boolean,
  logicalNot: fc.tuple(arbitraryTensor({ dtype: 'bool' })),
  select: fc.tuple(
    arbitraryTensor({ dtype: 'bool', shape: [3] }),
    arbitraryTensor({ shape: [2, 1] }),
    arbitraryTensor({ shape: [] }),
  ),
  // reductions
  ...Object.fromEntries(
    ['sum', 'prod', 'max', 'min', 'mean', 'variance', 'logsumexp'].map((name) => [name, reduction] as const),
  ),
  ...Object.fromEntries(
    ['argmax', 'argmin', 'cumulativeSum', 'sort', 'argsort', 'unstack'].map((name) => [name, alongAxis] as const),
  ),
  // movement
  reshape: any.chain((x) => fc.tuple(fc.constant(x), fc.constantFrom([-1], [...x.shape].reverse(), [1, ...x.shape]))),
  transpose: any.chain((x) =>
    fc.tuple(
      fc.constant(x),
      fc.shuffledSubarray(
        x.shape.map((_, i) => i),
        { minLength: x.rank },
      ),
    ),
  ),
  matrixTranspose: fc.tuple(arbitraryTensor({ shape: arbitraryShape({ minRank: 2 }) })),
  broadcastTo: any.map((x) => [x, [2, ...x.shape]]),
  slice: any.map((x) => [x, x.shape.map(() => 0), x.shape.map((extent) => Math.ceil(extent / 2))]),
  embed: any.map((x) => [x, x.shape.map((extent) => 2 * extent + 1), x.shape.map(() => 1), x.shape.map(() => 2)]),
  expandDims: any.map((x) => [x, x.rank]),
  squeeze: unary,
  // joining and indexing
  concatenate: several.filter((list) => (list[0] as Tensor).rank > 0).map((list) => [list, -1]),
  stack: several.map((list) => [list, 0]),
  pad: any.map((x) => [x, x.shape.map(() => 1), x.shape.map((_, axis) => axis), 1]),
  reverse: any.chain((x) => fc.tuple(fc.constant(x), axes(x))),
  gather: indexed,
  takeAlong: indexedAlong,
  scatterAdd: indexed
    .filter(([x]) => x.dtype !== 'bool')
    .chain(([x, indices, axis]) =>
      fc.tuple(
        fc.constant(x),
        fc.constant(indices),
        arbitraryTensor({
          dtype: x.dtype,
          shape: [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)],
        }),
        fc.constant(axis),
      ),
    ),
  scatterAddAlong: indexedAlong
    .filter(([x]) => x.dtype !== 'bool')
    .chain(([x, indices, axis]) =>
      fc.tuple(
        fc.constant(x),
        fc.constant(indices),
        arbitraryTensor({ dtype: x.dtype, shape: x.shape }),
        fc.constant(axis),
      ),
    ),
  oneHot: fc.tuple(arbitraryTensor({ dtype: 'i32', elements: fc.nat(3) }), fc.constant(4), arbitraryDType),
  // linear algebra
  matmul: fc.tuple(arbitraryTensor({ shape: [2, 3, 4] }), arbitraryTensor({ shape: [4, 5] })),
  dot: fc.tuple(arbitraryTensor({ shape: [5] }), arbitraryTensor({ shape: [5] })),
  cholesky: fc.tuple(positive),
  triangularSolve: positive.map((a) => [api.cholesky(a), a]),
  // numbers in and out
  tensor: any.map((x) => [toNested(x)]),
  scalar: fc.tuple(fc.oneof(fc.boolean(), fc.double())),
  full: fc.tuple(small, fc.double()),
  zeros: fc.tuple(small, arbitraryDType),
  ones: fc.tuple(small, arbitraryDType),
  arange: fc.tuple(fc.integer({ min: -9, max: 9 }), fc.integer({ min: -9, max: 9 }), fc.constantFrom(-2, 0.5, 1)),
  linspace: fc.tuple(fc.double({ noNaN: true }), fc.double({ noNaN: true }), fc.nat(9)),
  eye: fc.tuple(fc.nat(4), arbitraryDType, fc.nat(4)),
  fromTypedArray: any.map((x) => [toTypedArray(x), x.shape]),
  toTypedArray: unary,
  toNested: unary,
  item: fc.tuple(arbitraryTensor({ shape: fc.constantFrom([], [1, 1]) })),
  cast: fc.tuple(any, arbitraryDType),
  asTensor: fc.tuple(fc.oneof(any, literal)),
  asScalar: fc.tuple(arbitraryTensor({ shape: [] })),
  fromNdarray: any.map((x) => [toNdarray(x)]),
  toNdarray: unary,
  format: fc.tuple(any, fc.constantFrom({}, { precision: 3 })),
  // shapes, dtypes and predicates
  isFloat: fc.tuple(arbitraryDType),
  promote: fc.tuple(arbitraryDType, arbitraryDType),
  promoteWeak: fc.tuple(arbitraryDType, literal),
  broadcastShapes: arbitraryBroadcastShapes(2).map((shapes) => ['law', ...shapes]),
  describe: unary,
  sizeOf: fc.tuple(small),
  identical: binary,
  isTensor: fc.tuple(fc.oneof(any, literal, fc.constant(null))),
  isNatgradError: fc.tuple(
    fc.constantFrom(null, new Error('x'), new NatgradError('Unsupported', 'x', { operation: 'x' })),
  ),
  // trees
  ...Object.fromEntries(
    ['treeFlatten', 'treeLeaves', 'ravel'].map((name) => [name, fc.tuple(arbitraryTree())] as const),
  ),
  treeMap: arbitraryTree().map((tree) => [(x: Tensor): Tensor => cast(x, 'f64'), tree]),
  treeUnflatten: arbitraryTree().map((tree) => [treeFlatten(tree).structure, treeFlatten(tree).leaves]),
  describeStructure: arbitraryTree().map((tree) => [treeFlatten(tree).structure]),
  // random keys
  key: fc.tuple(fc.maxSafeNat()),
  keyFromArray: fc.tuple(fc.tuple(fc.nat(), fc.nat())),
  keyToArray: fc.tuple(keys),
  foldIn: fc.tuple(keys, fc.nat()),
  split: fc.tuple(keys, fc.nat(4)),
  threefry2x32: fc.tuple(keys, fc.tuple(fc.nat(), fc.nat())),
  bits: fc.tuple(keys, fc.nat(5)),
  uniform: fc.tuple(keys, small, fc.constantFrom({}, { minimum: -1, maximum: 3, dtype: 'f32' })),
  ...Object.fromEntries(
    ['normal', 'exponential', 'gumbel'].map(
      (name) => [name, fc.tuple(keys, small, fc.constantFrom({}, { dtype: 'f32' }))] as const,
    ),
  ),
  ...Object.fromEntries(['normalAt', 'uniformAt'].map((name) => [name, fc.tuple(keys, fc.nat())] as const)),
  randomInt: fc.tuple(keys, small, fc.constant({ minimum: -3, maximum: 9 })),
  randomIntAt: fc.tuple(keys, fc.nat(), fc.constant({ minimum: -3, maximum: 9 })),
  bernoulli: fc.tuple(keys, arbitraryTensor({ dtype: 'f64', elements: fc.double({ min: 0, max: 1, noNaN: true }) })),
  categorical: fc.tuple(
    keys,
    arbitraryTensor({ dtype: 'f64', shape: [3, 4], elements: fc.double({ min: -9, max: 9, noNaN: true }) }),
  ),
  permutation: fc.tuple(keys, fc.nat(9)),
  // codecs
  encodeNpy: unary,
  decodeNpy: fc.tuple(fc.oneof(any.map(encodeNpy), bytes)),
  encodeNpz: fc.tuple(record),
  decodeNpz: fc.tuple(
    fc.oneof(
      record.map((each) => encodeNpz(each)),
      bytes,
    ),
  ),
  encodeSafetensors: fc.tuple(record, fc.constantFrom({}, { note: 'x' })),
  decodeSafetensors: fc.tuple(
    fc.oneof(
      record.map((each) => encodeSafetensors(each)),
      bytes,
    ),
  ),
};

/** A class: what it makes is tested in errors.test.ts. */
const EXEMPT = ['NatgradError'];

const functions = Object.entries(api).filter(
  ([name, value]) => typeof value === 'function' && !EXEMPT.includes(name),
) as [string, (...operands: readonly unknown[]) => unknown][];

it('has a case for every exported function', () => {
  expect(Object.keys(CASES).sort()).toEqual(functions.map(([name]) => name).sort());
});

describe.each(functions)('%s', (name, apply) => {
  const operands = CASES[name] ?? fc.constant([]);

  itHolds(pureLaws({ name, apply: apply, operands }), 60);

  it('does something for most of these arguments', () => {
    const sample = fc.sample(operands, { numRuns: 50, seed: 1 });
    const refused = sample.filter((each) => {
      try {
        apply(...each);
        return false;
      } catch (error) {
        if (isNatgradError(error)) return true;
        throw error;
      }
    });
    expect(refused.length).toBeLessThan(sample.length / 3);
  });

  it('refuses, by name, what is no tensor in the place of one', () => {
    // These take anything: that is what they are for.
    if (['isTensor', 'isNatgradError', 'treeFlatten', 'treeLeaves', 'treeMap', 'ravel', 'describe'].includes(name))
      return;
    const places = new Set(
      fc
        .sample(operands, { numRuns: 20, seed: 2 })
        .flatMap((each) => each.flatMap((value, i) => (isTensor(value) ? [i] : []))),
    );
    const [first = []] = fc.sample(
      operands.filter((each) => [...places].every((i) => isTensor(each[i]))),
      { numRuns: 1, seed: 2 },
    );
    for (const place of places)
      for (const foreign of ['text', null, undefined, {}, [1, 2], new Float64Array(2), () => 1]) {
        let found: unknown;
        try {
          apply(...first.map((value, i) => (i === place ? foreign : value)));
        } catch (error) {
          found = error;
        }
        if (!isNatgradError(found))
          expect.fail(`${name}, argument ${place + 1}: ${inspect(foreign)} gave ${String(found)}`);
        expect(found.operation).toBe(name);
      }
  });
});

it('treats the elements of a special tensor like those of any other', () => {
  // The generator behind these laws does give them.
  const all = fc.sample(arbitraryElement('f64'), { numRuns: 500, seed: 3 });
  for (const x of [NaN, Infinity, -Infinity, 0, -0, Number.MIN_VALUE])
    expect(all.some((each) => Object.is(each, x))).toBe(true);
  expect(tensor([1]).size).toBe(1);
});
