/** Products by the system's BLAS: the laws of engines where there is one, and what is said where there is none, or a wrong one. */
import { type Blas, blasEngine, blasLibrary, interpreter, jit, matmul, sum, transpose } from '@natgrad/autodiff';
import { checkLaw, engineLaws } from '@natgrad/autodiff/laws';
import { engineOf } from '@natgrad/rl-trpo';
import { key, normal, type Tensor, tensor, toTypedArray } from '@natgrad/tensor';
import type { Either } from 'fp-ts/lib/Either.js';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { findBlas, loadBlas, type NoBlas } from '../../packages/autodiff/src/backends/blas/library.js';

const library = blasLibrary();

test('one is found or what is missing is named', () => {
  if (library._tag === 'Right') expect(library.right.library).not.toBe('');
  else expect(library.left.expected).toMatch(/libopenblas|koffi|NATGRAD_BLAS|Node/);
});

describe.runIf(library._tag === 'Right')('a native BLAS', () => {
  const engine = blasEngine();

  test.each([...engineLaws(engine)].map((law) => [law.name, law] as const))('%s', (_, law) => {
    checkLaw(law, { numRuns: 10 });
  });

  const sizes = [0, 1, 3, 8, 17, 64];
  test.each(['f32', 'f64'] as const)('%s: products of all small sizes and transposes', (dtype) => {
    const from = (seed: number, shape: readonly number[]): Tensor => normal(key(seed), shape, { dtype });
    const programs = [
      [false, false],
      [true, false],
      [false, true],
      [true, true],
    ].map(([left, right]) => {
      const product = (a: Tensor, b: Tensor): Tensor => matmul(left ? transpose(a) : a, right ? transpose(b) : b);
      return [left, right, jit(product, { engine }), jit(product, { engine: interpreter })] as const;
    });
    for (const m of sizes)
      for (const k of sizes)
        for (const n of [1, 7])
          for (const [left, right, ours, reference] of programs) {
            const a = from(m * 100 + k, left ? [k, m] : [m, k]);
            const b = from(n * 100 + k, right ? [n, k] : [k, n]);
            const [found, expected] = [ours(a, b), reference(a, b)].map((each) => [...toTypedArray(each)]);
            // A sum of k products of numbers below 5 is off by at most k roundings of 25 k.
            const bound = (dtype === 'f32' ? 2 ** -23 : 2 ** -52) * 25 * k * k;
            found?.forEach((x, i) => expect(Math.abs(x - (expected?.[i] as number))).toBeLessThanOrEqual(bound));
          }
  });

  test('what is not a number stays none, and an empty sum is 0', () => {
    const product = jit((a: Tensor, b: Tensor) => matmul(a, b), { engine });
    expect([...toTypedArray(product(tensor([[Number.NaN, 1]]), tensor([[0], [1]])))]).toEqual([Number.NaN]);
    const empty = normal(key(0), [2, 0]);
    expect([...toTypedArray(product(empty, normal(key(0), [0, 2])))]).toEqual([0, 0, 0, 0]);
  });

  test('memory that grows between two calls is followed', () => {
    const own = blasEngine();
    const product = jit((a: Tensor, b: Tensor) => sum(matmul(a, b)), { engine: own });
    const [a, b] = [normal(key(1), [8, 8]), normal(key(2), [8, 8])];
    const before = toTypedArray(product(a, b))[0];
    const large = normal(key(3), [1500, 1500]);
    product(large, large);
    expect(toTypedArray(product(a, b))[0]).toBe(before);
  });

  test('is an engine of training, without a deterministic mode', () => {
    const chosen = engineOf({ engine: 'blas', deterministic: false });
    expect(chosen._tag === 'Right' && chosen.right.name).toBe('blas');
    const refused = engineOf({ engine: 'blas', deterministic: true });
    expect(refused._tag === 'Left' && refused.left.issues[0].field).toBe('engine');
  });
});

describe('libraries that do not serve', () => {
  /** Arrays by the addresses that were given out for them. */
  const arrays: ArrayBufferView[] = [];

  /** A koffi whose library has these functions. */
  const load = (functions: Readonly<Record<string, (...args: never[]) => unknown>>): Either<NoBlas, Blas> =>
    loadBlas(
      {
        load: () => ({
          func: (declaration: string) => {
            const name = /(\w+)\(/.exec(declaration)?.[1] ?? '';
            const found = functions[name];
            if (found === undefined) throw new Error(`Cannot find function '${name}' in shared library`);
            return found as never;
          },
        }),
        address: (array) => BigInt(arrays.push(array) - 1),
      },
      'libother.so',
    );

  const multiply =
    (factor: number) =>
    (...args: readonly unknown[]): void => {
      const [, ta, tb, m, n, k, , atA, lda, atB, ldb, beta, atC, ldc] = args as readonly number[] as readonly [
        ...(readonly [number, number, number, number, number, number, number]),
        ...(readonly [number, number, number, number, number, number, number]),
      ];
      const [a, b, c] = [arrays[atA], arrays[atB], arrays[atC]] as [Float64Array, Float64Array, Float64Array];
      for (let i = 0; i < m; i += 1)
        for (let j = 0; j < n; j += 1) {
          let total = beta * (c[i * ldc + j] as number);
          for (let l = 0; l < k; l += 1)
            total +=
              factor *
              (a[ta === 112 ? l * lda + i : i * lda + l] as number) *
              (b[tb === 112 ? j * ldb + l : l * ldb + j] as number);
          c[i * ldc + j] = total;
        }
    };

  test('one that multiplies is taken, with or without threads to set', () => {
    expect(load({ cblas_sgemm: multiply(1), cblas_dgemm: multiply(1) })._tag).toBe('Right');
    const threads: unknown[] = [];
    load({ cblas_sgemm: multiply(1), cblas_dgemm: multiply(1), openblas_set_num_threads: (n) => threads.push(n) });
    expect(threads).toEqual([1]);
  });

  test('one is named with what it says of itself, on which its bits depend', () => {
    const products = { cblas_sgemm: multiply(1), cblas_dgemm: multiply(1) };
    const plain = load(products);
    const telling = load({
      ...products,
      openblas_get_config: () => 'OpenBLAS 0.3.99 NO_LAPACKE DYNAMIC_ARCH',
      openblas_get_corename: () => 'Haswell',
    });
    expect(plain._tag === 'Right' && [plain.right.library, plain.right.version]).toEqual(['libother.so', null]);
    expect(telling._tag === 'Right' && telling.right.version).toBe('OpenBLAS 0.3.99 Haswell');
  });

  test.each([
    [
      'multiplies wrongly in single precision',
      { cblas_sgemm: multiply(2), cblas_dgemm: multiply(1) },
      /multiplies wrongly/,
    ],
    [
      'multiplies wrongly in double precision',
      { cblas_sgemm: multiply(1), cblas_dgemm: multiply(1.5) },
      /multiplies wrongly/,
    ],
    ['does nothing', { cblas_sgemm: () => undefined, cblas_dgemm: () => undefined }, /multiplies wrongly/],
    ['is no BLAS', {}, /Cannot find function 'cblas_sgemm'/],
    ['has half of it', { cblas_sgemm: multiply(1) }, /Cannot find function 'cblas_dgemm'/],
  ])('one that %s is refused', (_, functions, message) => {
    const found = load(functions);
    if (found._tag === 'Right') throw new Error('taken');
    expect(found.left.found).toMatch(message);
    expect(found.left.expected).toContain('apt-get install libopenblas0');
    expect(found.left.expected).not.toContain('koffi');
  });
});

describe('what is said where there is none', () => {
  afterEach(() => vi.unstubAllGlobals());

  /** A Node.js that finds this koffi, or none. */
  const within = (koffi: unknown, env: Readonly<Record<string, string>>, statSync?: unknown): NoBlas => {
    const createRequire = (): unknown => () => {
      if (koffi === null) throw new Error("Cannot find module 'koffi'\nRequire stack:");
      return koffi;
    };
    const getBuiltinModule = (id: string): unknown => (id === 'node:module' ? { createRequire } : { statSync });
    vi.stubGlobal('process', { platform: 'linux', arch: 'x64', env, getBuiltinModule });
    const found = findBlas();
    if (found._tag === 'Right') throw new Error('taken');
    return found.left;
  };

  const koffi = {
    load: (path: string) => {
      throw new Error(`${path}: cannot open shared object file`);
    },
  };

  test('without koffi: the package, and not a library that may well be there', () => {
    expect(within(null, {})).toEqual({
      found: "the package koffi cannot be loaded: Cannot find module 'koffi'",
      expected: 'npm install koffi',
    });
  });

  test('without a library: the one that is looked for first, and how it is installed', () => {
    expect(within(koffi, {})).toEqual({
      found: 'libopenblas.so.0: cannot open shared object file',
      expected: expect.stringContaining('apt-get install libopenblas0') as unknown,
    });
  });

  test('with a wrong NATGRAD_BLAS: the variable, and not what would be installed without it', () => {
    expect(within(koffi, { NATGRAD_BLAS: '/nowhere/libblas.so' })).toEqual({
      found: 'NATGRAD_BLAS: /nowhere/libblas.so: cannot open shared object file',
      expected: 'NATGRAD_BLAS unset, or the path of a library with CBLAS functions',
    });
  });

  test('with a file that does not serve: that file, although another name was looked for before', () => {
    const statSync = (path: string): unknown => {
      if (!path.endsWith('/libopenblas.so')) throw new Error('not there');
      return { size: 0, isFile: () => false };
    };
    expect(within(koffi, {}, statSync)).toEqual({
      found: '/usr/local/lib/libopenblas.so is no file',
      expected: expect.stringContaining('a whole library') as unknown,
    });
  });
});
