/** A native BLAS of the system, through koffi, an optional package. Whatever is missing or wrong is data. */

import { type Either, left, right } from 'fp-ts/lib/Either.js';
import { builtin } from '#builtin';
import { type FileSystem, type Located, locate } from './locate.js';

/** Why there is no native BLAS, and what would make one. */
export interface NoBlas {
  readonly found: string;
  readonly expected: string;
}

/**
 * `c = op(a)·op(b)` or, with beta 1, `c += op(a)·op(b)`: matrices by rows, as cblas_sgemm has it. Operands are addresses of this
 * process: three arrays over a memory, made for one small product, take as long as the call.
 */
type NativeGemm = (
  order: number,
  transposeA: number,
  transposeB: number,
  m: number,
  n: number,
  k: number,
  alpha: number,
  a: number,
  lda: number,
  b: number,
  ldb: number,
  beta: number,
  c: number,
  ldc: number,
) => void;

/** The products of a library, on one thread. */
export interface Blas {
  /** What was loaded. */
  readonly library: string;
  /** What it says of itself, e.g. `OpenBLAS 0.3.21 Haswell`, on which its bits depend; null where it says nothing. */
  readonly version: string | null;
  readonly f32: NativeGemm;
  readonly f64: NativeGemm;
  /** Where an array lies, until its buffer is detached. */
  readonly addressOf: (array: ArrayBufferView) => number;
}

/** As much of koffi as is used. */
interface Library {
  func(declaration: string): (...args: readonly unknown[]) => unknown;
}

interface Koffi {
  load(path: string): Library;
  address(array: ArrayBufferView): bigint;
}

/** The part of Node's `process` that this file needs; browsers have no such global. */
interface NodeProcess {
  readonly platform?: string;
  readonly arch?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

const NAMES: Readonly<Record<string, readonly string[]>> = {
  linux: ['libopenblas.so.0', 'libopenblas.so'],
  darwin: ['/System/Library/Frameworks/Accelerate.framework/Accelerate', 'libopenblas.dylib'],
  win32: ['libopenblas.dll', 'openblas.dll'],
};

export const ROW_MAJOR = 101;
export const AS_IT_IS = 111;
export const TRANSPOSED = 112;

const INSTALL = 'the system’s OpenBLAS (Debian: apt-get install libopenblas0)';
const REPLACE = `a whole library for this machine in its place, or none there: ${INSTALL} serves`;
const CORRECT = 'NATGRAD_BLAS unset, or the path of a library with CBLAS functions';

const messageOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n', 1).join('');

const gemm = (library: Library, letter: 's' | 'd', real: string): NativeGemm =>
  library.func(
    `void cblas_${letter}gemm(int, int, int, int, int, int, ${real}, uintptr_t, int, uintptr_t, int, ${real}, uintptr_t, int)`,
  );

/** A library is taken at its word only after it has multiplied: every transpose, with and without addition, exactly. */
const isRight = (
  multiply: NativeGemm,
  at: Blas['addressOf'],
  array: (values: readonly number[]) => Float32Array | Float64Array,
): boolean => {
  const [m, n, k] = [2, 3, 4];
  const a = (i: number, l: number): number => i * k + l + 1;
  const b = (l: number, j: number): number => l * n - 2 * j;
  const filled = (rows: number, columns: number, f: (i: number, j: number) => number): ArrayBufferView =>
    array(Array.from({ length: rows * columns }, (_, e) => f(Math.floor(e / columns), e % columns)));
  return [false, true].every((left) =>
    [false, true].every((right) =>
      [0, 1].every((beta) => {
        const c = array(new Array<number>(m * n).fill(5));
        const x = left ? filled(k, m, (l, i) => a(i, l)) : filled(m, k, a);
        const y = right ? filled(n, k, (j, l) => b(l, j)) : filled(k, n, b);
        const flag = (transposed: boolean): number => (transposed ? TRANSPOSED : AS_IT_IS);
        multiply(
          ROW_MAJOR,
          flag(left),
          flag(right),
          m,
          n,
          k,
          1,
          at(x),
          left ? m : k,
          at(y),
          right ? k : n,
          beta,
          at(c),
          n,
        );
        return c.every((found, e) => {
          const [i, j] = [Math.floor(e / n), e % n];
          const sum = Array.from({ length: k }, (_, l) => a(i, l) * b(l, j)).reduce((total, each) => total + each, 0);
          return found === sum + 5 * beta;
        });
      }),
    ),
  );
};

/** Name and number of an OpenBLAS, and the kind of processor whose kernels it has chosen. */
const versionOf = (library: Library): string | null => {
  const says = (name: string): string => String(library.func(`const char *${name}()`)());
  try {
    return `${says('openblas_get_config').split(' ').slice(0, 2).join(' ')} ${says('openblas_get_corename')}`;
  } catch {
    return null;
  }
};

/** A library by its name, which may be loaded from a file that was looked at. */
export const loadBlas = (koffi: Koffi, name: string, file: string = name): Either<NoBlas, Blas> => {
  try {
    const library = koffi.load(file);
    const addressOf = (array: ArrayBufferView): number => Number(koffi.address(array));
    const [f32, f64] = [gemm(library, 's', 'float'), gemm(library, 'd', 'double')];
    const found = { library: name, version: versionOf(library), f32, f64, addressOf };
    try {
      // One thread: workers of this project have one BLAS each.
      library.func('void openblas_set_num_threads(int)')(1);
    } catch {
      // Another BLAS than OpenBLAS, whose threads are its own affair.
    }
    const works =
      isRight(found.f32, addressOf, (values) => Float32Array.from(values)) &&
      isRight(found.f64, addressOf, (values) => Float64Array.from(values));
    return works ? right(found) : left({ found: `${name}, which multiplies wrongly`, expected: INSTALL });
  } catch (error) {
    // Loaders begin with the path.
    const reason = messageOf(error);
    return left({ found: reason.startsWith(file) ? reason : `${name}: ${reason}`, expected: INSTALL });
  }
};

interface Globals {
  readonly process?: NodeProcess;
}

const hostProcess = (): NodeProcess | undefined => (globalThis as Globals).process;

const koffiOf = (): Either<NoBlas, Koffi> => {
  const module = builtin('node:module') as
    | { readonly createRequire?: (from: string) => (id: string) => unknown }
    | undefined;
  if (module?.createRequire === undefined)
    return left({ found: 'a platform without native libraries', expected: 'Node.js' });
  try {
    return right(module.createRequire(import.meta.url)('koffi') as Koffi);
  } catch (error) {
    return left({ found: `the package koffi cannot be loaded: ${messageOf(error)}`, expected: 'npm install koffi' });
  }
};

const locatedIn = (process: NodeProcess | undefined, name: string): Located => {
  const files = builtin('node:fs') as FileSystem | undefined;
  return process?.platform === 'linux' && files !== undefined
    ? locate(name, { files, arch: process.arch ?? '', libraryPath: process.env?.['LD_LIBRARY_PATH'] ?? '' })
    : { load: name, reason: null };
};

/** A library that was tried, and whether there is a file that explains why it is not used. */
interface Tried {
  readonly blas: Either<NoBlas, Blas>;
  readonly isThere: boolean;
}

const tryBlas = (koffi: Koffi, name: string): Tried => {
  const { load, reason } = locatedIn(hostProcess(), name);
  const blas = load === null ? null : loadBlas(koffi, name, load);
  if (blas !== null && (blas._tag === 'Right' || reason === null)) return { blas, isThere: load !== name };
  return { blas: left({ found: reason ?? name, expected: REPLACE }), isThere: true };
};

/** The library of this name: what a worker loads that is to multiply as the others do. Never throws. */
export const openBlas = (name: string): Either<NoBlas, Blas> => {
  const koffi = koffiOf();
  return koffi._tag === 'Left' ? koffi : tryBlas(koffi.right, name).blas;
};

/** The first that works of those that systems have; or why the first that is there does not, or else why the first is not there. */
const firstBlas = (koffi: Koffi, names: readonly string[]): Either<NoBlas, Blas> => {
  const none: Tried = {
    blas: left({
      found: 'no BLAS known for this system',
      expected: 'NATGRAD_BLAS=path of a library with CBLAS functions',
    }),
    isThere: false,
  };
  const best = names.reduce<Tried | null>((found, name) => {
    if (found?.blas._tag === 'Right') return found;
    const next = tryBlas(koffi, name);
    return found === null || next.blas._tag === 'Right' || (next.isThere && !found.isThere) ? next : found;
  }, null);
  return (best ?? none).blas;
};

/**
 * The first BLAS that works: the one that the environment variable NATGRAD_BLAS names, or else those that systems have. Never
 * throws.
 */
export const findBlas = (): Either<NoBlas, Blas> => {
  const process = hostProcess();
  const koffi = koffiOf();
  if (koffi._tag === 'Left') return koffi;
  const given = process?.env?.['NATGRAD_BLAS'];
  if (given === undefined || given === '') return firstBlas(koffi.right, NAMES[process?.platform ?? ''] ?? []);
  const { blas } = tryBlas(koffi.right, given);
  return blas._tag === 'Right' ? blas : left({ found: `NATGRAD_BLAS: ${blas.left.found}`, expected: CORRECT });
};
