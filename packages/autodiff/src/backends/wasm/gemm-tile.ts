/**
 * The inner kernel of the matrix product: a tile of four rows and two vectors of columns in registers. Eight accumulators are what V8
 * keeps in registers; with twelve, or with several steps of k in one block of code, it spills, and halves the speed.
 */
import { type Code, call, type Local, type ValueType, type WasmFunction, wasmFunction } from './encode.js';
import {
  type FloatLanes,
  f32x4,
  f64x2,
  i32,
  leaveWhen,
  repeatUntilLeft,
  repeatWhile,
  select,
  v128,
  when,
} from './instructions.js';

/** `relaxed` rounds a multiply-add once or twice, by processor; `plain` rounds twice everywhere. */
export type MultiplyAdd = 'relaxed' | 'plain';

/** A dtype as the kernels see it. */
export interface Elements {
  readonly dtype: 'f32' | 'f64';
  readonly float: FloatLanes;
  readonly bytes: number;
  /** Elements in a vector. */
  readonly lanes: number;
  readonly loadSplat: (address: Code, offset?: number) => Code;
  readonly storeLane: (address: Code, value: Code, lane: number, offset?: number) => Code;
}

export const ELEMENTS: { readonly [dtype in 'f32' | 'f64']: Elements } = {
  f32: { dtype: 'f32', float: f32x4, bytes: 4, lanes: 4, loadSplat: v128.load32Splat, storeLane: v128.store32Lane },
  f64: { dtype: 'f64', float: f64x2, bytes: 8, lanes: 2, loadSplat: v128.load64Splat, storeLane: v128.store64Lane },
};

export const VECTOR_BYTES = 16;
/** Rows of a tile. */
export const TILE_ROWS = 4;
/** Bytes of one row of a tile: eight f32 or four f64. */
export const TILE_ROW_BYTES: number = 2 * VECTOR_BYTES;

/** A function of 32-bit integers with names, which is what addresses, distances and numbers of elements are. */
export const integerFunction = <Name extends string>(
  name: string,
  parameters: readonly Name[],
  build: (parameters: { readonly [name in Name]: Local }, local: (type: ValueType) => Local) => Code,
): WasmFunction =>
  wasmFunction(
    name,
    parameters.map(() => 'i32'),
    [],
    (local, ...given) => {
      const named = Object.fromEntries(parameters.map((each, i) => [each, given[i]!]));
      return build(named as { readonly [name in Name]: Local }, local);
    },
  );

/** Moves a pointer on. */
export const advance = (pointer: Local, step: Code): Code => pointer.set(i32.add(pointer.get, step));

/** Runs `body` `count` times, counting down. */
export const countDown = (count: Local, body: Code): Code =>
  when(count.get, repeatWhile(count.tee(i32.sub(count.get, i32.const(1))), body));

const ROWS = [0, 1, 2, 3] as const;
const HALVES = [0, 1] as const;

/** `c += value` or `c = value` for the first `columns` elements of one row of a tile. */
const storeRow = (elements: Elements, c: Local, columns: Local, add: Local, row: readonly Local[]): Code => {
  const full = 2 * elements.lanes;
  const lane = (i: number): Code => {
    const half = Math.floor(i / elements.lanes);
    return elements.storeLane(c.get, row[half]!.get, i % elements.lanes, i * elements.bytes);
  };
  const lanes = Array.from({ length: full - 1 }, (_, i) => when(i32.gtU(columns.get, i32.const(i)), lane(i)));
  return [
    // Lanes past the last column are read along with the others, and dropped below.
    when(
      add.get,
      HALVES.map((half) => row[half]!.set(elements.float.add(v128.load(c.get, half * VECTOR_BYTES), row[half]!.get))),
    ),
    when(
      i32.geU(columns.get, i32.const(full)),
      HALVES.map((half) => v128.store(c.get, row[half]!.get, half * VECTOR_BYTES)),
      lanes,
    ),
  ];
};

/** What a row of tiles is made from and where it goes: addresses and distances in bytes. */
export interface Strip {
  /** Four rows of op(a) from the first element of the block: between rows, and between steps of k. */
  readonly a: Code;
  readonly aRow: Code;
  readonly aStep: Code;
  /** Rows of op(b) from the block's first column: between steps of k, and between tiles. */
  readonly b: Code;
  readonly bStep: Code;
  readonly bTile: Code;
  /** Steps. */
  readonly k: Code;
  readonly c: Code;
  readonly ldc: Code;
  /** Rows (more than four count as four) and columns (one or more) that exist. */
  readonly rows: Code;
  readonly columns: Code;
  /** Adds to what is there. */
  readonly add: Code;
}

const FIELDS = ['a', 'aRow', 'aStep', 'b', 'bStep', 'bTile', 'k', 'c', 'ldc', 'rows', 'columns', 'add'] as const;

/** Calls a kernel of {@link stripKernel}. */
export const callStrip = (kernel: WasmFunction, strip: Strip): Code =>
  call(kernel, ...FIELDS.map((field) => strip[field]));

/** The numbers of a step of k for a tile: two vectors of op(b), and where each of the four numbers of op(a) is. */
interface StepOperands {
  readonly vectors: readonly Code[];
  readonly scalars: readonly Code[];
}

/** `sums += a·b` for one step of k. */
const outerProduct = (
  { float }: Elements,
  multiplyAdd: MultiplyAdd,
  local: (type: ValueType) => Local,
  sums: readonly (readonly Local[])[],
): ((operands: StepOperands) => Code) => {
  const halves = HALVES.map(() => local('v128'));
  const x = local('v128');
  const multiply = (sum: Local, y: Local): Code =>
    sum.set(
      multiplyAdd === 'relaxed'
        ? float.relaxedMadd(x.get, y.get, sum.get)
        : float.add(sum.get, float.mul(x.get, y.get)),
    );
  return ({ vectors, scalars }) => [
    HALVES.map((h) => halves[h]!.set(vectors[h]!)),
    ROWS.map((r) => [x.set(scalars[r]!), HALVES.map((h) => multiply(sums[r]![h]!, halves[h]!))]),
  ];
};

/** Goes through the steps of a tile. */
type Walk = (
  local: (type: ValueType) => Local,
  strip: { readonly [field in (typeof FIELDS)[number]]: Local },
  exists: (row: number) => Code,
  step: (operands: StepOperands) => Code,
) => Code;

/** Operands where they stand. Counting steps is faster than comparing pointers, and so are four pointers than one with offsets. */
const walkAnything =
  ({ loadSplat }: Elements): Walk =>
  (local, { a, aRow, aStep, b, bStep, k }, exists, step) => {
    const lines = ROWS.map(() => local('i32'));
    const [left, row] = [local('i32'), local('i32')] as const;
    return [
      lines[0]!.set(a.get),
      ROWS.slice(1).map((r) => lines[r]!.set(i32.add(lines[r - 1]!.get, select(aRow.get, i32.const(0), exists(r))))),
      row.set(b.get),
      left.set(k.get),
      countDown(left, [
        step({
          vectors: HALVES.map((h) => v128.load(row.get, h * VECTOR_BYTES)),
          scalars: lines.map((line) => loadSplat(line.get)),
        }),
        lines.map((line) => advance(line, aStep.get)),
        advance(row, bStep.get),
      ]),
    ];
  };

/** Steps of k in a turn of the loop, at the beginning of which V8 looks whether it is wanted. */
const UNROLLED = 8;

/**
 * Packed operands: pointers move once in so many steps, and the rest are constant offsets. Node 20 makes 19 instructions of it for 8
 * multiply-adds, and 24½ of the above: 5 % of the time where a core has one thread, 10 to 15 % where it serves two.
 *
 * Each step ends with a branch: within one block, V8 makes all loads first, and has no registers for them. Four pointers, since it
 * folds constant offsets into vector loads but not into those that repeat one number.
 */
const walkPacked =
  ({ loadSplat, bytes }: Elements): Walk =>
  (local, { a, b, k }, _exists, step) => {
    const [left, row] = [local('i32'), local('i32')] as const;
    const column = ROWS.map(() => local('i32'));
    const next = left.tee(i32.sub(left.get, i32.const(1)));
    const turn = (t: number): Code =>
      step({
        vectors: HALVES.map((h) => v128.load(row.get, t * TILE_ROW_BYTES + h * VECTOR_BYTES)),
        scalars: ROWS.map((r) => loadSplat(column[r]!.get, t * TILE_ROWS * bytes)),
      });
    const turns = Array.from({ length: UNROLLED }, (_, t) => turn(t));
    return [
      column.map((each, r) => each.set(i32.add(a.get, i32.const(r * bytes)))),
      row.set(b.get),
      left.set(k.get),
      when(
        left.get,
        repeatUntilLeft(next, [
          turns.slice(0, -1).map((each) => [each, leaveWhen(i32.eqz(next))]),
          turns.at(-1)!,
          column.map((each) => advance(each, i32.const(UNROLLED * TILE_ROWS * bytes))),
          advance(row, i32.const(UNROLLED * TILE_ROW_BYTES)),
        ]),
      ),
    ];
  };

/**
 * A row of tiles. Each tile adds up `k` outer products of a column of four elements of op(a) and a row of eight (f32) or four
 * (f64) of op(b), in order and from zero, and stores what exists of it. Rows beyond the last one repeat it; columns beyond are
 * whatever follows, in lanes of their own. `packed` is for operands that are both packed, and does not look at `aRow`, `aStep` and
 * `bStep`.
 */
export const stripKernel = (elements: Elements, multiplyAdd: MultiplyAdd, packed: boolean): WasmFunction =>
  integerFunction(`${packed ? 'packed' : 'strip'}_${elements.dtype}`, FIELDS, (parameters, local) => {
    const { b, bTile, c, ldc, rows, columns, add } = parameters;
    const out = local('i32');
    const sums = ROWS.map(() => HALVES.map(() => local('v128')));
    const exists = (r: number): Code => i32.gtU(rows.get, i32.const(r));
    const walk = packed ? walkPacked(elements) : walkAnything(elements);
    const tile = [
      sums.flat().map((sum) => sum.set(elements.float.const(0))),
      walk(local, parameters, exists, outerProduct(elements, multiplyAdd, local, sums)),
      out.set(c.get),
      ROWS.map((r) => when(exists(r), [storeRow(elements, out, columns, add, sums[r]!), advance(out, ldc.get)])),
    ];
    const width = i32.const(TILE_ROW_BYTES / elements.bytes);
    return repeatWhile(
      [i32.gtU(columns.get, width), columns.set(i32.sub(columns.get, width))],
      [tile, advance(b, bTile.get), advance(c, i32.const(TILE_ROW_BYTES))],
    );
  });
