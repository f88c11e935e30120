/** Operations that are programs of primitives, and the corners of primitives that samples of valid arguments do not reach. */

import {
  cholesky,
  concatenate,
  expandDims,
  type Graph,
  gather,
  logSoftmax,
  type MaybeZero,
  oneHot,
  pad,
  scatterAdd,
  softmax,
  sort,
  squeeze,
  stack,
  takeAlong,
  triangularSolve,
  unstack,
  type Value,
} from '@natgrad/autodiff';
import { avalOf, batchGraph, jvpGraph, replay, traceFlat, transposeGraph } from '@natgrad/autodiff/internal';
import * as reference from '@natgrad/tensor';
import { cast, identical, ones, scalar, type Tensor, tensor, toNested, toTypedArray, zeros } from '@natgrad/tensor';
import { describe, expect, it } from 'vitest';
import { expectError } from '../errors.js';

const graphOf = (f: (...xs: readonly Value[]) => readonly Value[], ...args: readonly Tensor[]): Graph =>
  traceFlat('test', args.map(avalOf), f).graph;

const tangentOf = (f: (x: Value) => Value, x: Tensor, tangent: Tensor): MaybeZero =>
  jvpGraph(
    graphOf((value) => [f(value)], x),
    [x],
    [tangent],
  ).tangents[0] ?? null;

const [NAN, INF] = [Number.NaN, Number.POSITIVE_INFINITY];

describe('joining and reshaping', () => {
  const a = tensor([
    [1, -0, 3],
    [4, 5, NAN],
  ]);
  const b = reference.negate(a);
  const cases: readonly (readonly [string, (...xs: readonly Value[]) => readonly Value[], readonly Tensor[]])[] = [
    ['concatenate', (x, y) => [concatenate([x, y], -1)], [reference.concatenate([a, b], 1)]],
    ['concatenate of one', (x) => [concatenate([x], 1)], [a]],
    ['stack', (x, y) => [stack([x, y], -1)], [reference.stack([a, b], 2)]],
    ['unstack', (x) => unstack(x, -1), reference.unstack(a, 1)],
    ['expandDims', (x) => [expandDims(x, -2)], [reference.expandDims(a, 1)]],
    ['squeeze', (x) => [squeeze(expandDims(x, 0))], [a]],
    ['squeeze of one axis', (x) => [squeeze(expandDims(expandDims(x, 0), 0), -4)], [reference.expandDims(a, 0)]],
    ['pad with 0', (x) => [pad(x, [1, 0], [0, 2])], [reference.pad(a, [1, 0], [0, 2])]],
    ['pad with −0', (x) => [pad(x, [1, 0], [0, 2], -0)], [reference.pad(a, [1, 0], [0, 2], -0)]],
    ['pad with NaN', (x) => [pad(x, [1, 0], [0, 2], NAN)], [reference.pad(a, [1, 0], [0, 2], NAN)]],
  ];

  it.each(cases)('%s is that of the reference, traced or not', (_name, f, expected) => {
    for (const outs of [f(a, b), replay(graphOf(f, a, b), [a, b])]) {
      expect(outs.length).toBe(expected.length);
      outs.forEach((out, k) => expect(identical(out, expected[k] as Tensor)).toBe(true));
    }
  });

  it('stack and unstack are inverse, and nothing unstacks to nothing', () => {
    expect(identical(stack(unstack(a, 1), 1), a)).toBe(true);
    expect(unstack(zeros([0, 3]))).toEqual([]);
  });

  it('padding with zeros has a transpose, padding with another number is refused one', () => {
    const transposed = (value: number): MaybeZero =>
      transposeGraph(
        graphOf((x) => [pad(x, [1], [2], value)], ones([2])),
        [true],
        [null],
        [tensor([1, 2, 3, 4, 5])],
      )[0] ?? null;
    expect(toNested(transposed(0) as Tensor)).toEqual([2, 3]);
    expectError(() => transposed(1), 'NotDifferentiable', 'pad:');
  });
});

describe('softmax', () => {
  const x = tensor([
    [0.5, -1, 2],
    [3, 3, 3],
  ]);
  const t = tensor([
    [1, 2, -1],
    [0.5, 0, 0],
  ]);

  it('has the Jacobian diag(p) − p pᵀ, and its logarithm 1 − 1 pᵀ', () => {
    const p = reference.exp(reference.subtract(x, reference.logsumexp(x, 1, true)));
    const mean = reference.sum(reference.multiply(p, t), 1, true);
    const expected = reference.multiply(p, reference.subtract(t, mean));
    const difference = (a: MaybeZero, b: Tensor): number =>
      Math.max(...toTypedArray(reference.absolute(reference.subtract(a as Tensor, b))));
    // A few roundings of numbers near 1.
    expect(difference(softmax(x), p)).toBeLessThan(1e-15);
    expect(difference(tangentOf(softmax, x, t), expected)).toBeLessThan(1e-15);
    expect(difference(tangentOf(logSoftmax, x, t), reference.subtract(t, mean))).toBeLessThan(1e-15);
  });

  it('depends on differences only, however large the elements', () => {
    const far = reference.add(x, 1024);
    expect(identical(softmax(far), softmax(x))).toBe(true);
    expect(identical(logSoftmax(reference.transpose(far), 0), reference.transpose(logSoftmax(x)))).toBe(true);
    expect(toNested(logSoftmax(tensor([0, -1e300])))).toEqual([0, -1e300]);
  });

  it('gives an element of −∞ probability and derivative 0', () => {
    const masked = tensor([-INF, 0, 0]);
    expect(toNested(softmax(masked))).toEqual([0, 0.5, 0.5]);
    expect(toNested(tangentOf(softmax, masked, tensor([7, 1, -1])) as Tensor)).toEqual([0, 0.5, -0.5]);
    expect(toNested(tangentOf(logSoftmax, masked, tensor([7, 1, -1])) as Tensor)).toEqual([7, 1, -1]);
  });

  it('keeps f32, makes f64 of integers, and refuses to normalise nothing', () => {
    expect(softmax(cast(x, 'f32')).dtype).toBe('f32');
    expect(logSoftmax(tensor([1, 2], 'i32')).dtype).toBe('f64');
    expectError(() => softmax(zeros([2, 0])), 'ShapeMismatch', 'softmax:', 'f64[2,0]');
    expectError(() => logSoftmax(scalar(1)), 'InvalidArgument', 'logSoftmax:');
  });
});

describe('what a primitive does not read has no derivative', () => {
  const l = tensor([
    [2, NAN],
    [1, 3],
  ]);

  it('cholesky: above the diagonal', () => {
    const dirty = tensor([
      [1, NAN],
      [2, 3],
    ]);
    const clean = tensor([
      [1, 2],
      [2, 3],
    ]);
    const a = tensor([
      [4, INF],
      [2, 10],
    ]);
    const tangent = tangentOf(cholesky, a, dirty) as Tensor;
    expect(identical(tangent, tangentOf(cholesky, a, clean) as Tensor)).toBe(true);
    expect(toTypedArray(tangent).every(Number.isFinite)).toBe(true);
    expect(toTypedArray(tangent)[1]).toBe(0);
  });

  it('triangularSolve: the other triangle, and a unit diagonal', () => {
    const solve = (x: Value): Value => triangularSolve(x, ones([2, 1]));
    expect(toTypedArray(tangentOf(solve, l, l) as Tensor).every(Number.isFinite)).toBe(true);
    const unit = (x: Value): Value => triangularSolve(x, ones([2, 1]), { unitDiagonal: true });
    const other = tensor([
      [NAN, NAN],
      [1, NAN],
    ]);
    // −0 is 0 here.
    expect(toNested(reference.add(tangentOf(unit, other, other) as Tensor, 0))).toEqual([[0], [-1]]);
  });

  it('sort: ties keep their order', () => {
    expect(toNested(tangentOf(sort, tensor([1, 0, 1]), tensor([10, 20, 30])) as Tensor)).toEqual([20, 10, 30]);
  });

  it.each([
    ['cholesky', cholesky],
    ['triangularSolve', (x: Value) => triangularSolve(x, x)],
    ['gather', (x: Value) => gather(x, tensor([1], 'i32'))],
    ['sort', (x: Value) => sort(x)],
    ['pad', (x: Value) => pad(x, [0, 1], [0, 0], 0.5)],
    ['softmax', (x: Value) => softmax(x)],
  ])('%s: f32 has f32 tangents', (_name, f) => {
    const a = cast(
      tensor([
        [4, 2],
        [2, 10],
      ]),
      'f32',
    );
    expect(avalOf(tangentOf(f, a, a) as Tensor)).toEqual(avalOf(f(a)));
  });
});

describe('errors', () => {
  const x = ones([2, 3]);
  const at = (...indices: number[]): Tensor => tensor(indices, 'i32');

  it('an index out of range in a batch of indices throws instead of reading the next example', () => {
    const rows = tensor([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    const batched = (f: (x: Value, indices: Value) => Value) => (): unknown =>
      batchGraph(
        graphOf((v, i) => [f(v, i)], ones([3]), at(0)),
        [rows, tensor([[3], [0]], 'i32')],
        [true, true],
        2,
      );
    expectError(
      batched((v, i) => gather(v, i)),
      'OutOfRange',
      '[0, 3)',
    );
    expectError(
      batched((v, i) => scatterAdd(v, i, ones([1]))),
      'OutOfRange',
      '[0, 3)',
    );
  });

  it('say while tracing what they say of tensors', () => {
    const trace = (f: (x: Value) => Value) => (): unknown => graphOf((v) => [f(v)], x);
    expectError(
      trace((v) => concatenate([v, ones([2])])),
      'ShapeMismatch',
      'concatenate:',
      'f64[2,3]',
      'f64[2]',
    );
    expectError(
      trace((v) => stack([v, cast(x, 'f32')])),
      'DTypeMismatch',
      'stack:',
      'f64[2,3]',
      'f32[2,3]',
    );
    expectError(
      trace((v) => gather(v, ones([1]))),
      'DTypeMismatch',
      'gather:',
      'f64[1]',
      'i32',
    );
    expectError(
      trace((v) => gather(v, at(0), 2)),
      'InvalidArgument',
      'gather:',
      '[2,3]',
    );
    expectError(
      trace((v) => takeAlong(v, at(0), 1)),
      'ShapeMismatch',
      'takeAlong:',
      'f64[2,3]',
      'i32[1]',
    );
    expectError(
      trace((v) => scatterAdd(v, at(0), v)),
      'ShapeMismatch',
      'scatterAdd:',
      '[1,3]',
      'f64[2,3]',
    );
    expectError(
      trace((v) => oneHot(v, 3)),
      'DTypeMismatch',
      'oneHot:',
      'f64[2,3]',
    );
    expectError(
      trace((v) => pad(v, [1], [1])),
      'ShapeMismatch',
      'pad:',
      'f64[2,3]',
    );
    expectError(
      trace((v) => squeeze(v, 1)),
      'ShapeMismatch',
      'squeeze:',
      'f64[2,3]',
    );
    expectError(
      trace((v) => cholesky(v)),
      'ShapeMismatch',
      'cholesky:',
      'f64[2,3]',
    );
    expectError(
      trace((v) => triangularSolve(v, v)),
      'ShapeMismatch',
      'triangularSolve:',
      'f64[2,3]',
    );
    expectError(
      trace((v) => sort(v, 2)),
      'InvalidArgument',
      'sort:',
      '[2,3]',
    );
    expectError(() => graphOf((v) => [pad(v, [1], [1], 0.5)], at(1)), 'DTypeMismatch', 'pad:', '0.5');
  });

  it('name what is no tensor', () => {
    expectError(() => concatenate(x as never), 'InvalidArgument', 'concatenate([a, b])');
    expectError(() => stack([x, 3 as never]), 'NotATensor', 'stack:', 'tensors[1]');
    expectError(() => concatenate([]), 'InvalidArgument', 'empty');
    expectError(() => gather([1, 2] as never, at(0)), 'NotATensor', 'gather:', 'an array of length 2');
    expectError(() => pad([1, 2] as never, [0], [0]), 'NotATensor', 'pad:');
  });

  it('a transpose in the matrix of triangularSolve is refused', () => {
    const graph = graphOf((l, b) => [triangularSolve(l, b)], ones([1, 1]), ones([1, 1]));
    expectError(
      () => transposeGraph(graph, [true, false], [null, ones([1, 1])], [ones([1, 1])]),
      'NotDifferentiable',
      'triangularSolve:',
    );
  });
});
