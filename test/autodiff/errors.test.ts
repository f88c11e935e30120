/** Wrong use of the autodiff package: every case gives one typed error that says what to do. */
import { inspect } from 'node:util';
import * as ad from '@natgrad/autodiff';
import {
  arange,
  type ErrorCode,
  item,
  type NatgradError,
  ones,
  type Scalar,
  scalar,
  type Tensor,
  tensor,
  sin as tensorSin,
  toNested,
  zeros,
} from '@natgrad/tensor';
import * as Either from 'fp-ts/lib/Either.js';
import { describe, expect, test } from 'vitest';
import { errorOf } from '../errors.js';

const x = tensor([1, 2, 3]);
const loss = (v: Tensor): Scalar => ad.sum(ad.square(v));

/** `[what, code, parts of the message, run]`. */
const cases: readonly (readonly [string, ErrorCode, readonly string[], () => unknown])[] = [
  [
    'a branch on a traced value',
    'DataDependentBranch',
    ['f64[3]', 'select', 'cond'],
    () => ad.grad((v: Tensor) => (Number(v) > 0 ? ad.sum(v) : ad.sum(ad.negate(v))))(x),
  ],
  [
    'a comparison of a traced value',
    'DataDependentBranch',
    ['select'],
    () => ad.grad((v: Tensor) => ((v as unknown as number) > 0 ? ad.sum(v) : loss(v)))(x),
  ],
  [
    'arithmetic on a traced value',
    'DataDependentBranch',
    ['f64[3]'],
    () => ad.grad((v: Tensor) => ad.sum(tensor((v as unknown as number) + 1)))(x),
  ],
  [
    'JSON of a traced value',
    'DataDependentBranch',
    [],
    () =>
      ad.jit((v: Tensor) => {
        JSON.stringify(v);
        return v;
      })(x),
  ],
  ['an async function', 'AsyncTrace', ['Promise', 'await'], () => ad.jit(async (v: Tensor) => Promise.resolve(v))(x)],
  ['a loss of rank 1', 'NotScalar', ['f64[3]', 'sum'], () => ad.grad((v: Tensor) => ad.square(v) as Scalar)(x)],
  ['a loss of integers', 'NotScalar', ['i32[]'], () => ad.grad((v: Tensor) => ad.cast(ad.sum(v), 'i32') as Scalar)(x)],
  [
    'a loss that is a tree',
    'NotScalar',
    ['tree'],
    () => ad.grad((v: Tensor) => ({ a: ad.sum(v) }) as unknown as Scalar)(x),
  ],
  [
    'a gradient by integers',
    'DTypeMismatch',
    ['i32[3]', 'f64'],
    () => ad.grad((v: Tensor) => ad.sum(ad.cast(v, 'f64')))(tensor([1, 2, 3], 'i32')),
  ],
  [
    'a number among the parameters',
    'TreeMismatch',
    ['scalar(3)', 'tree.b'],
    () => ad.grad((p: { a: Tensor; b: number }) => ad.sum(p.a))({ a: x, b: 3 }),
  ],
  [
    'an undefined leaf',
    'TreeMismatch',
    ['tree.b'],
    () => ad.jit((p: { a: Tensor; b: undefined }) => p.a)({ a: x, b: undefined }),
  ],
  [
    'inner dimensions that differ',
    'ShapeMismatch',
    ['f64[3,2] · f64[3,2]', '2 and 3'],
    () => ad.matmul(zeros([3, 2]), zeros([3, 2])),
  ],
  ['vectors that do not multiply', 'ShapeMismatch', ['f64[3] · f64[2]'], () => ad.matmul(x, zeros([2]))],
  ['shapes that do not broadcast', 'ShapeMismatch', ['[3]', '[2]'], () => ad.add(x, zeros([2]))],
  [
    'shapes that do not broadcast, traced',
    'ShapeMismatch',
    ['[3]', '[2]'],
    () => ad.grad((v: Tensor) => ad.sum(ad.add(v, zeros([2]))))(x),
  ],
  [
    'a traced value in a tensor function',
    'TracedValue',
    ['f64[3]', '@natgrad/autodiff'],
    () => ad.grad((v: Tensor) => ad.sum(tensorSin(v)))(x),
  ],
  [
    'reading a traced value',
    'TracedValue',
    ['no elements'],
    () =>
      ad.grad((v: Tensor) => {
        toNested(v);
        return ad.sum(v);
      })(x),
  ],
  ['something that is no tensor', 'NotATensor', ['string'], () => ad.sin('1' as unknown as Tensor)],
  [
    'a predicate that is not bool',
    'DTypeMismatch',
    ['f64[]', 'bool'],
    () =>
      ad.cond(
        scalar(1),
        () => x,
        () => x,
      ),
  ],
  [
    'branches of different shapes',
    'ShapeMismatch',
    ['f64[3]', 'f64[2]'],
    () =>
      ad.cond(
        tensor(true),
        () => x,
        () => zeros([2]),
      ),
  ],
  [
    'branches of different structures',
    'TreeMismatch',
    ['{a: *}'],
    () =>
      ad.cond(
        tensor(true),
        (): unknown => x,
        (): unknown => ({ a: x }),
      ),
  ],
  [
    'a carry that changes its shape',
    'ShapeMismatch',
    ['f64[1]', 'f64[1,1]'],
    () => ad.scan((c: Tensor, v: Tensor) => [ad.reshape(c, [1, 1]), v] as const, zeros([1]), x),
  ],
  [
    'a carry that changes its structure',
    'TreeMismatch',
    ['{a: *}'],
    () => ad.scan((c: unknown, v: Tensor) => [{ a: c }, v] as const, zeros([1]), x),
  ],
  [
    'a body that returns no pair',
    'InvalidArgument',
    ['[carry, results]'],
    () => ad.scan((() => x) as never, zeros([1]), x),
  ],
  [
    'sequences of different lengths',
    'ShapeMismatch',
    ['f64[2]', '3'],
    () => ad.scan((c: Tensor) => [c, null] as const, zeros([1]), [x, zeros([2])]),
  ],
  [
    'a scan without a length',
    'InvalidArgument',
    ['length'],
    () => ad.scan((c: Tensor) => [c, null] as const, zeros([1]), null),
  ],
  [
    'reverse mode through while',
    'ReverseThroughWhile',
    ['scan', 'jvp'],
    () =>
      ad.grad((v: Scalar) =>
        ad.whileLoop(
          (c: Scalar) => ad.less(c, 10),
          (c: Scalar) => ad.multiply(c, 2),
          v,
        ),
      )(scalar(1)),
  ],
  [
    'a loop test that is not bool',
    'DTypeMismatch',
    ['bool[]'],
    () =>
      ad.whileLoop(
        (c: Scalar) => c,
        (c: Scalar) => c,
        scalar(1),
      ),
  ],
  [
    'the transpose of a square',
    'NotDifferentiable',
    ['linear'],
    () => ad.linearTranspose((v: Tensor) => ad.multiply(v, v), x)(x),
  ],
  [
    'the transpose of a sine',
    'NotDifferentiable',
    ['linear'],
    () => ad.linearTranspose((v: Tensor) => ad.sin(v), x)(x),
  ],
  [
    'the transpose of x xᵀ',
    'NotDifferentiable',
    ['linear'],
    () => ad.linearTranspose((v: Tensor) => ad.matmul(v, v), zeros([2, 2]))(zeros([2, 2])),
  ],
  ['a tangent of another shape', 'ShapeMismatch', ['f64[2]', 'f64[3]'], () => ad.jvp((v: Tensor) => v, x, zeros([2]))],
  [
    'a tangent of another dtype',
    'ShapeMismatch',
    ['f32[3]', 'f64[3]'],
    () => ad.jvp((v: Tensor) => v, x, zeros([3], 'f32')),
  ],
  [
    'a tangent of another structure',
    'TreeMismatch',
    ['{a: *}', '{a: *, b: *}'],
    () => ad.jvp((v: { a: Tensor; b?: Tensor }) => v.a, { a: x, b: x }, { a: x }),
  ],
  [
    'a cotangent of another shape',
    'ShapeMismatch',
    ['f64[]', 'f64[3]'],
    () => ad.vjp((v: Tensor) => v, x).pullback(scalar(1)),
  ],
  [
    'batches of different sizes',
    'ShapeMismatch',
    ['f64[2]', '3'],
    () => ad.vmap((a: Tensor, b: Tensor) => ad.add(a, b))(x, zeros([2])),
  ],
  ['a batch of rank 0', 'ShapeMismatch', ['f64[]', 'inAxes'], () => ad.vmap((a: Tensor) => a)(scalar(1))],
  ['nothing to map over', 'InvalidArgument', ['inAxes'], () => ad.vmap((a: Tensor) => a, { inAxes: [null] })(x)],
  ['a reduction over nothing', 'ShapeMismatch', ['f64[0]', 'max'], () => ad.max(zeros([0]))],
  ['an axis that is not there', 'InvalidArgument', ['axis 2', '[3]'], () => ad.sum(x, 2)],
  [
    'a result that is no tensor',
    'TreeMismatch',
    ['scalar(1)'],
    () => ad.jit((() => 1) as unknown as (v: Tensor) => Tensor)(x),
  ],
];

describe('typed errors', () => {
  test.each(cases)('%s', (_what, code, parts, run) => {
    const error = errorOf(run);
    const text = [error.message, error.found ?? '', error.expected ?? ''].join('\n');
    expect({ code: error.code, text }).toEqual({ code, text });
    for (const part of parts) expect(text).toContain(part);
    expect(error.operation).not.toBe('');
  });

  test.each(cases.filter(([, code]) => code !== 'NotScalar'))("%s: the user's line", (_what, _code, _parts, run) => {
    expect(errorOf(run).at).toMatch(/errors\.test\.ts:\d+:\d+$/);
  });
});

test('a traced value prints as its dtype and shape', () => {
  const seen: string[] = [];
  ad.jit((v: Tensor) => {
    // eslint-disable-next-line @typescript-eslint/no-base-to-string -- what it gives is the question
    seen.push(String(v), inspect(v));
    return v;
  })(x);
  expect(seen).toEqual(['f64[3] traced', 'f64[3] traced']);
});

describe('traces end', () => {
  test('a traced value that is kept and used later is a LeakedTrace, wherever it is used', () => {
    const kept: Tensor[] = [];
    ad.grad((v: Tensor) => {
      kept.push(v);
      return loss(v);
    })(x);
    const [leaked] = kept as [Tensor];
    const uses: readonly (() => unknown)[] = [
      () => ad.sin(leaked),
      () => ad.add(leaked, 1),
      () => ad.grad((v: Tensor) => ad.sum(ad.multiply(v, leaked)))(x),
      () => ad.jit(() => leaked)(),
      () => ad.jit((v: Tensor) => v)(leaked),
      () => ad.scan((c: Tensor) => [c, leaked] as const, x, null, { length: 2 }),
    ];
    for (const use of uses) {
      const error = errorOf(use);
      expect(error.code).toBe('LeakedTrace');
      expect(error.message).toContain('f64[3]');
    }
  });

  test('after an exception in a traced function its values are leaked, and the next trace works', () => {
    const kept: Tensor[] = [];
    const broken = (v: Tensor): Scalar => {
      kept.push(v);
      throw new RangeError('mine');
    };
    expect(() => ad.grad(broken)(x)).toThrow(new RangeError('mine'));
    expect(errorOf(() => ad.sin(kept[0] as Tensor)).code).toBe('LeakedTrace');
    expect(toNested(ad.grad(loss)(x))).toEqual([2, 4, 6]);
  });

  test('a value used after an await is a LeakedTrace', async () => {
    const late: { error?: unknown } = {};
    let settle: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      settle = resolve;
    });
    const pending: Promise<void>[] = [];
    ad.grad((v: Tensor) => {
      pending.push(
        gate.then(() => {
          late.error = errorOf(() => ad.sin(v));
        }),
      );
      return loss(v);
    })(x);
    settle();
    await Promise.all(pending);
    expect((late.error as NatgradError).code).toBe('LeakedTrace');
  });
});

describe('Either at the boundary', () => {
  test('tryTrace and tryJit give typed errors as values and pass foreign exceptions on', () => {
    const left = ad.tryTrace((v: Tensor) => ad.matmul(v, zeros([2, 2])), x);
    expect(Either.isLeft(left) && left.left.code).toBe('ShapeMismatch');
    const run = ad.tryJit((v: Tensor) => ad.add(v, 1));
    expect(Either.isRight(run(x))).toBe(true);
    const foreign = (): Tensor => {
      throw new RangeError('mine');
    };
    expect(() => ad.tryJit(foreign)()).toThrow(new RangeError('mine'));
  });
});

describe('corners', () => {
  test('rank 0 and size 0 go through every transform', () => {
    expect(item(ad.grad((v: Scalar) => ad.multiply(v, v))(scalar(3)))).toBe(6);
    expect(ad.grad(loss)(zeros([0])).shape).toEqual([0]);
    expect(ad.hessian(loss)(zeros([0])).shape).toEqual([0, 0]);
    expect(ad.jacrev((v: Tensor) => ad.square(v))(zeros([0])).shape).toEqual([0, 0]);
    expect(toNested(ad.vmap((v: Tensor) => ad.sum(v))(zeros([0, 3])))).toEqual([]);
    expect(toNested(ad.vmap((v: Tensor) => ad.sum(v))(zeros([3, 0])))).toEqual([0, 0, 0]);
    expect(
      item(ad.grad((v: Scalar) => ad.sum(ad.matmul(zeros([2, 0]), ad.multiply(ones([0, 2]), v))))(scalar(1))),
    ).toBe(0);
    expect(toNested(ad.jvp((v: Tensor) => ad.concatenate([v, v]), zeros([0]), zeros([0])).tangent)).toEqual([]);
    expect(ad.scan((c: Tensor, v: Tensor) => [ad.add(c, v), c] as const, scalar(1), zeros([0])).results.shape).toEqual([
      0,
    ]);
    expect(toNested(ad.grad((v: Tensor) => ad.sum(ad.gather(v, tensor([], 'i32'))))(arange(3)))).toEqual([0, 0, 0]);
  });

  test('a function that ignores its argument has gradient zero', () => {
    expect(toNested(ad.grad((_v: Tensor) => scalar(1))(x))).toEqual([0, 0, 0]);
    expect(toNested(ad.jvp((_v: Tensor) => scalar(1) as Tensor, x, x).tangent)).toBe(0);
  });

  test('trees without leaves', () => {
    expect(ad.grad((_p: { a: null }) => scalar(2))({ a: null })).toEqual({ a: null });
    expect(ad.jit(() => ({ a: null }))()).toEqual({ a: null });
  });
});
