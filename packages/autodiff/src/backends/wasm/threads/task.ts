/**
 * Tasks: steps of a plan as numbers, so that every thread can take blocks of them. What a block is depends on the task alone, and
 * blocks write to different places: who takes which, and when, changes no bit.
 */
import type { Gemm } from '../gemm.js';
import type { LoopFunction } from '../kernels.js';

export const GEMM = 0;
export const LOOP = 1;

/** A module of code that any thread can make an instance of, on the same memory. */
export interface CodeModule {
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** What a block of a task does for one step. */
export interface Work {
  readonly kind: typeof GEMM | typeof LOOP;
  /** Where the code is; null for products of a native library, which every thread loads by itself. */
  readonly module: CodeModule | null;
  /** Which of the module's functions: the number of a loop, or 0 for f32 and 1 for f64. */
  readonly entry: number;
  readonly words: ArrayLike<number>;
}

export interface Task {
  /** One step, or the steps of a band: a block is done with all of them, in their order. */
  readonly works: readonly Work[];
  readonly blocks: number;
  /** Of one block on one thread, about. */
  readonly milliseconds: number;
}

/** How a product is cut: rows and columns of a block of its result, and how much of k one block adds up. */
export interface Cut {
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  /** Of all products of a batch together. */
  readonly blocks: number;
}

const FIELDS = [
  'transposeA',
  'transposeB',
  'm',
  'n',
  'k',
  'a',
  'lda',
  'b',
  'ldb',
  'c',
  'ldc',
  'accumulate',
  'strideA',
  'strideB',
  'strideC',
  'rows',
  'columns',
  'bytes',
  'depth',
  'strideK',
] as const;

/**
 * A product, or a batch of them: as `Gemm` has it, bytes from one to the next, the cut, bytes of an element, and bytes from the
 * results of one part of k to those of the next.
 */
type GemmWords = { readonly [field in (typeof FIELDS)[number]]: number };

export const gemmWords = (fields: GemmWords): readonly number[] => FIELDS.map((field) => fields[field]);

/** The same product on operands at other addresses. */
export const placed = (words: readonly number[], a: number, b: number, c: number): readonly number[] => {
  const copy = words.slice();
  copy[5] = a;
  copy[7] = b;
  copy[9] = c;
  return copy;
};

/** Computes one block of the products. */
export const gemmBlock = (gemm: Gemm['run'], words: ArrayLike<number>, block: number, scratch: number): void => {
  const at = (index: number): number => words[index] as number;
  const [transposeA, transposeB, m, n] = [at(0) !== 0, at(1) !== 0, at(2), at(3)];
  const [lda, ldb, ldc, rows, columns, bytes] = [at(6), at(8), at(10), at(15), at(16), at(17)];
  const [k, depth] = [at(4), at(18)];
  const across = Math.ceil(n / columns);
  const down = Math.ceil(m / rows);
  const parts = Math.max(1, Math.ceil(k / depth));
  const column = (block % across) * columns;
  const row = (Math.floor(block / across) % down) * rows;
  const part = Math.floor(block / (across * down)) % parts;
  const product = Math.floor(block / (across * down * parts));
  const first = part * depth;
  gemm(
    transposeA,
    transposeB,
    Math.min(rows, m - row),
    Math.min(columns, n - column),
    Math.min(depth, k - first),
    at(5) + product * at(12) + (transposeA ? row + first * lda : row * lda + first) * bytes,
    lda,
    at(7) + product * at(13) + (transposeB ? column * ldb + first : column + first * ldb) * bytes,
    ldb,
    at(9) + product * at(14) + part * at(19) + (row * ldc + column) * bytes,
    ldc,
    at(11) !== 0,
    scratch,
  );
};

/** A loop: whether rows are cut, the extent that is cut and a block's part of it, columns, and for each pointer start and step. */
export const loopWords = (
  byRows: boolean,
  extent: number,
  size: number,
  columns: number,
  pointers: readonly number[],
  strides: readonly number[],
): readonly number[] => [byRows ? 1 : 0, extent, size, columns, pointers.length, ...pointers, ...strides];

/** Computes one block of a loop. */
export const loopBlock = (code: LoopFunction, words: ArrayLike<number>, block: number): void => {
  const [extent, size, columns, count] = [words[1], words[2], words[3], words[4]] as [number, number, number, number];
  const first = block * size;
  const last = Math.min(first + size, extent);
  const pointers: number[] = [];
  for (let k = 0; k < count; k += 1) pointers.push((words[5 + k] as number) + block * (words[5 + count + k] as number));
  if (words[0] === 1) code(first, last, columns, ...pointers);
  else code(0, 1, last - first, ...pointers);
};
