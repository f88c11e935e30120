/**
 * Matrix products in linear memory: c = op(a)·op(b) or c += op(a)·op(b), blocked over k and the columns, with packed panels.
 * The scheme is that of K. Goto and R. van de Geijn, "Anatomy of high-performance matrix multiplication", ACM Transactions on
 * Mathematical Software 34(3), 2008.
 *
 * An element of the result depends on its row of op(a), its column of op(b), and k: sums go up in order within a block of k, and
 * blocks are added in order. It does not depend on the numbers of rows and columns or on where the row stands, so that rows may
 * be computed in any grouping, by any thread, with the same bits.
 */
import { type Code, call, type Local, type WasmFunction } from './encode.js';
import { copyLines, interleaveLines } from './gemm-pack.js';
import {
  advance,
  callStrip,
  ELEMENTS,
  integerFunction,
  type MultiplyAdd,
  type Strip,
  stripKernel,
  TILE_ROW_BYTES,
  TILE_ROWS,
} from './gemm-tile.js';
import { forRange, i32, repeatWhile, select, when } from './instructions.js';

type Dtype = 'f32' | 'f64';

/** The matrix product over one linear memory. Addresses are in bytes, leading dimensions (of rows) in elements. */
export interface Gemm {
  /**
   * `c = op(a)·op(b)`, with `accumulate` `c += op(a)·op(b)`; op(a) is m × k, op(b) is k × n and c is m × n. With `transposeA`,
   * a is stored as k × m, with `transposeB`, b is stored as n × k. c overlaps neither a nor b nor the scratch memory. Up to 64
   * bytes after the last element of each matrix may be read; nothing but c and the scratch memory is written. `scratch` is the
   * address of `scratchBytes(m, n, k)` bytes, best a multiple of 16.
   *
   * Rows r, r + 1, … of the product alone: a and c r rows (with `transposeA`, a r elements) further on, and a smaller m.
   */
  readonly run: (
    transposeA: boolean,
    transposeB: boolean,
    m: number,
    n: number,
    k: number,
    a: number,
    lda: number,
    b: number,
    ldb: number,
    c: number,
    ldc: number,
    accumulate: boolean,
    scratch: number,
  ) => void;
  /** Bytes of scratch memory that a product takes; no more than {@link SCRATCH_BYTES}. */
  readonly scratchBytes: (m: number, n: number, k: number) => number;
}

/** Longest block of k: four rows of A and a panel of B stay in the first-level cache. */
const K_BLOCK = 256;
/** Bytes of a row of a block of columns: a block of k and columns of B, 256 KiB, stays in the second-level cache. */
const COLUMN_BLOCK_BYTES = 1024;
/** Up to so many rows, B is read where it stands: packing takes longer than what it saves. */
const DIRECT_ROWS = 16;
/** Up to so many panels of columns, A is read where it stands, for the same reason. */
const DIRECT_PANELS = 2;

/** Packed rows of A. */
const STRIP_BYTES: number = K_BLOCK * TILE_ROWS * 8;
/** Rows of a panel as written: whole squares. */
const panelRows = (k: number): number => Math.ceil(Math.min(k, K_BLOCK) / 4) * 4;

/** Most scratch memory that a product takes, in bytes. */
export const SCRATCH_BYTES: number = STRIP_BYTES + K_BLOCK * COLUMN_BLOCK_BYTES;

const NAMES: { readonly [dtype in Dtype]: string } = { f32: 'gemm_f32', f64: 'gemm_f64' };

const PARAMETERS = [
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
  'scratch',
] as const;

const minimum = (a: Code, b: Code): Code => select(a, b, i32.ltU(a, b));

/** The function of one dtype for a module of kernels; {@link bindGemm} finds it among the exports. */
export const gemmFunctions = (dtype: Dtype, multiplyAdd: MultiplyAdd): readonly WasmFunction[] => {
  const elements = ELEMENTS[dtype];
  const bytes = i32.const(elements.bytes);
  const zero = i32.const(0);
  const tileRows = i32.const(TILE_ROWS);
  const tileColumns = TILE_ROW_BYTES / elements.bytes;
  const columnBlock = i32.const(COLUMN_BLOCK_BYTES / elements.bytes);
  const [kernel, packedKernel] = [false, true].map((packed) => stripKernel(elements, multiplyAdd, packed)) as [
    WasmFunction,
    WasmFunction,
  ];
  const copyRow = copyLines(TILE_ROW_BYTES);
  const copyColumn = copyLines(TILE_ROWS * elements.bytes);
  const interleaveColumn = interleaveLines(elements, TILE_ROWS);
  const interleaveRow = interleaveLines(elements, tileColumns);

  const product = integerFunction(NAMES[dtype], PARAMETERS, (parameters, local) => {
    const { transposeA, transposeB, m, n, k, a, lda, b, ldb, c, ldc, accumulate, scratch } = parameters;
    const integer = (): Local => local('i32');
    // Positions in op(a) and op(b), and the block at hand.
    const [p, steps, column, columnEnd, row] = [integer(), integer(), integer(), integer(), integer()] as const;
    // How the kernel walks over A and B; see `Strip`.
    const [strip, aRow, aStep] = [integer(), integer(), integer()] as const;
    const [panels, bStep, bTile] = [integer(), integer(), integer()] as const;
    const [packA, packB, panel, j] = [integer(), integer(), integer(), integer()] as const;

    const element = (matrix: Local, i: Local, stride: Local, at: Local): Code =>
      i32.add(matrix.get, i32.add(i32.mul(i.get, stride.get), i32.mul(at.get, bytes)));
    const left = (end: Local, from: Local): Code => i32.sub(end.get, from.get);

    const prepare = [
      [lda, ldb, ldc].map((stride) => stride.set(i32.mul(stride.get, bytes))),
      packB.set(i32.or(transposeB.get, i32.gtU(m.get, i32.const(DIRECT_ROWS)))),
      packA.set(i32.and(i32.or(transposeA.get, packB.get), i32.gtU(n.get, i32.const(DIRECT_PANELS * tileColumns)))),
      aRow.set(select(bytes, lda.get, transposeA.get)),
      aStep.set(select(i32.const(TILE_ROWS * elements.bytes), select(lda.get, bytes, transposeA.get), packA.get)),
      bStep.set(select(i32.const(TILE_ROW_BYTES), ldb.get, packB.get)),
    ];
    const fillPanels = [
      panels.set(i32.add(scratch.get, i32.const(STRIP_BYTES))),
      // A panel may be written up to three rows further, which the next one then overwrites.
      bTile.set(i32.mul(steps.get, i32.const(TILE_ROW_BYTES))),
      panel.set(panels.get),
      forRange(j, column.get, columnEnd.get, i32.const(tileColumns), [
        when(
          transposeB.get,
          call(interleaveRow, panel.get, element(b, j, ldb, p), ldb.get, steps.get, left(n, j)),
          call(copyRow, panel.get, element(b, p, ldb, j), ldb.get, steps.get),
        ),
        advance(panel, bTile.get),
      ]),
    ];
    const directPanels = [panels.set(element(b, p, ldb, column)), bTile.set(i32.const(TILE_ROW_BYTES))];
    const prepareStrip = [
      strip.set(select(element(a, p, lda, row), element(a, row, lda, p), transposeA.get)),
      when(packA.get, [
        when(
          transposeA.get,
          call(copyColumn, scratch.get, strip.get, lda.get, steps.get),
          call(interleaveColumn, scratch.get, strip.get, lda.get, steps.get, left(m, row)),
        ),
        strip.set(scratch.get),
      ]),
    ];
    const rowOfTiles: Strip = {
      a: strip.get,
      aRow: aRow.get,
      aStep: aStep.get,
      b: panels.get,
      bStep: bStep.get,
      bTile: bTile.get,
      k: steps.get,
      c: element(c, row, ldc, column),
      ldc: ldc.get,
      rows: left(m, row),
      columns: left(columnEnd, column),
      add: accumulate.get,
    };
    const tiles = when(
      i32.and(packA.get, packB.get),
      callStrip(packedKernel, rowOfTiles),
      callStrip(kernel, rowOfTiles),
    );
    const block = forRange(column, zero, n.get, columnBlock, [
      columnEnd.set(minimum(n.get, i32.add(column.get, columnBlock))),
      when(packB.get, fillPanels, directPanels),
      forRange(row, zero, m.get, tileRows, [prepareStrip, tiles]),
    ]);
    const blocks = repeatWhile(i32.ltU(p.tee(i32.add(p.get, steps.get)), k.get), [
      steps.set(minimum(left(k, p), i32.const(K_BLOCK))),
      block,
      accumulate.set(i32.const(1)),
    ]);
    // An empty sum is zero, and is not added: −0 stays −0.
    return [prepare, when(i32.or(k.get, i32.eqz(accumulate.get)), blocks)];
  });
  return [product];
};

/** The product by the instance of a module that exports {@link gemmFunctions}. */
export const bindGemm = (exports: WebAssembly.Exports, dtype: Dtype): Gemm => {
  const width = TILE_ROW_BYTES / ELEMENTS[dtype].bytes;
  const most = COLUMN_BLOCK_BYTES / TILE_ROW_BYTES;
  return {
    // Booleans arrive as 0 and 1: the platform converts arguments to integers.
    run: exports[NAMES[dtype]] as unknown as Gemm['run'],
    scratchBytes: (_m, n, k) => STRIP_BYTES + panelRows(k) * TILE_ROW_BYTES * Math.min(Math.ceil(n / width), most),
  };
};
