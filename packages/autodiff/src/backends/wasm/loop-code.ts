/**
 * Code for fused loops. A function computes rows [from, to) of the index space: elements in vectors along the columns, the last
 * ones lane by lane, so that an element's bits depend on its own operands only. Reductions add at most {@link CHUNK} columns
 * into a vector before it is added to the row's, which bounds how rounding adds up.
 */
import type { DType } from '@natgrad/tensor';
import type { Layout } from '../../optimise/loop-space.js';
import { type Code, call, type Local, type WasmFunction, wasmFunction } from './encode.js';
import type { MultiplyAdd } from './gemm-tile.js';
import { forRange, i32, repeatWhile, v128, when } from './instructions.js';
import {
  bytesOf,
  combine,
  constantVector,
  firstLanes,
  foldLanes,
  identityOf,
  loadSplat,
  loadVector,
  type MathCode,
  operationVector,
  storeLane,
  storeVector,
  type Width,
} from './lanes.js';
import type { LoopOutput, LoopProgram, LoopValue } from './loop.js';
import { inlineMath, mathFunction } from './math/index.js';

/** Columns whose values are added one after another, in each lane, before they are added to a total. */
const CHUNK = 1024;

type Operand = Extract<LoopValue, { readonly kind: 'operand' }>;
type Reduce = Extract<LoopOutput, { readonly kind: 'reduce' }>;

export const operandsOf = (program: LoopProgram): readonly Operand[] =>
  program.values.filter((value) => value.kind === 'operand');

const widthOf = ({ values }: LoopProgram): Width => (values.some(({ dtype }) => dtype === 'f64') ? 2 : 4);

/** Everything that the emitters share. */
interface Frame {
  readonly program: LoopProgram;
  readonly width: Width;
  readonly columns: Local;
  /** Current column. */
  readonly column: Local;
  /** By value. */
  readonly vectors: readonly Local[];
  /** By operand value: its pointer, and where its current row begins. */
  readonly pointers: ReadonlyMap<LoopValue, { readonly base: Local; readonly row: Local }>;
  /** By output: its pointer and where its current row begins. */
  readonly targets: readonly { readonly base: Local; readonly row: Local }[];
  /** By output, for reductions into a vector: the chunk's and the total. */
  readonly sums: readonly ({ readonly chunk: Local; readonly total: Local } | undefined)[];
  /** Byte offsets of the current column, by size of an element. */
  readonly offsets: ReadonlyMap<number, Local>;
}

const log2 = (bytes: number): number => Math.log2(bytes);
const dtypeOf = (value: LoopValue): DType => value.dtype;

/** Computes the values of some layouts. */
const compute = (frame: Frame, layouts: readonly Layout[], math: MathCode): Code =>
  frame.program.values.map((value, k) => {
    if (!layouts.includes(value.layout)) return [];
    const { set } = frame.vectors[k] as Local;
    if (value.kind === 'constant') return set(constantVector(value.value, value.dtype));
    if (value.kind === 'operation') {
      const from = value.args.map((arg) => dtypeOf(frame.program.values[arg] as LoopValue));
      const args = value.args.map((arg) => (frame.vectors[arg] as Local).get);
      return set(operationVector(value.name, args, from, value.dtype, frame.width, math));
    }
    const pointer = frame.pointers.get(value) as { readonly base: Local; readonly row: Local };
    if (value.layout === 'scalar') return set(loadSplat(pointer.base.get, value.dtype));
    if (value.layout === 'column') return set(loadSplat(pointer.row.get, value.dtype));
    const offset = frame.offsets.get(bytesOf(value.dtype)) as Local;
    const begin = value.layout === 'full' ? pointer.row : pointer.base;
    return set(loadVector(i32.add(begin.get, offset.get), value.dtype, frame.width));
  });

const setOffsets = (frame: Frame): Code =>
  [...frame.offsets].map(([bytes, local]) =>
    local.set(bytes === 1 ? frame.column.get : i32.shl(frame.column.get, i32.const(log2(bytes)))),
  );

/** Columns that are left over after whole vectors. */
const remaining = (frame: Frame): Code => i32.sub(frame.columns.get, frame.column.get);

/** Stores or combines the outputs of the current columns; at the end of a row only the lanes that exist. */
const emit = (frame: Frame, tail: boolean): Code =>
  frame.program.outputs.map((output, k) => {
    const value = (frame.vectors[output.value] as Local).get;
    const { dtype } = output;
    const target = frame.targets[k] as { readonly base: Local; readonly row: Local };
    const offset = (frame.offsets.get(bytesOf(dtype)) as Local).get;
    if (output.kind === 'store') {
      const address = i32.add(target.row.get, offset);
      if (!tail) return storeVector(address, value, dtype, frame.width);
      const lane = (n: number): Code => storeLane(address, value, n, dtype, frame.width);
      const others = Array.from({ length: frame.width - 2 }, (_, n) =>
        when(i32.gtU(remaining(frame), i32.const(n + 1)), lane(n + 1)),
      );
      return [lane(0), others];
    }
    if (output.layout === 'row') {
      // Partial results of a block of rows, a vector longer than the row.
      const address = i32.add(target.base.get, offset);
      const sum = combine(output.name, loadVector(address, dtype, frame.width), value, dtype);
      return storeVector(address, sum, dtype, frame.width);
    }
    const { chunk } = frame.sums[k] as { readonly chunk: Local };
    if (!tail) return chunk.set(combine(output.name, chunk.get, value, dtype));
    const identity = constantVector(identityOf(output.name), dtype);
    const masked = v128.bitselect(value, identity, firstLanes(remaining(frame), dtype, frame.width));
    return chunk.set(combine(output.name, chunk.get, masked, dtype));
  });

const reductions = (frame: Frame, layout: Reduce['layout']): readonly (readonly [Reduce, number])[] =>
  frame.program.outputs.flatMap((output, k) =>
    output.kind === 'reduce' && output.layout === layout ? [[output, k] as const] : [],
  );

const vectorReductions = (frame: Frame): readonly (readonly [Reduce, number])[] => [
  ...reductions(frame, 'column'),
  ...reductions(frame, 'scalar'),
];

type Sums = { readonly chunk: Local; readonly total: Local };

const reset = (frame: Frame, layout: 'column' | 'scalar'): Code =>
  reductions(frame, layout).map(([{ name, dtype }, k]) =>
    (frame.sums[k] as Sums).total.set(constantVector(identityOf(name), dtype)),
  );

/** Writes what the lanes of a total combine to. */
const finish = (frame: Frame, layout: 'column' | 'scalar'): Code =>
  reductions(frame, layout).map(([{ name, dtype }, k]) => {
    const { total } = frame.sums[k] as Sums;
    const target = frame.targets[k] as { readonly base: Local; readonly row: Local };
    return [
      foldLanes(name, total.get, total.set, dtype, frame.width),
      storeLane((layout === 'column' ? target.row : target.base).get, total.get, 0, dtype, frame.width),
    ];
  });

/** All columns of a row: chunks of whole vectors, then what is left. */
const columnsOfRow = (frame: Frame, local: (type: 'i32') => Local, inlined: MathCode, called: MathCode): Code => {
  const [end, whole] = [local('i32'), local('i32')];
  const sums = vectorReductions(frame);
  const openChunk = sums.map(([{ name, dtype }, k]) =>
    (frame.sums[k] as Sums).chunk.set(constantVector(identityOf(name), dtype)),
  );
  const closeChunk = sums.map(([{ name, dtype }, k]) => {
    const { chunk, total } = frame.sums[k] as Sums;
    return total.set(combine(name, total.get, chunk.get, dtype));
  });
  const body = (math: MathCode): Code => [setOffsets(frame), compute(frame, ['row', 'full'], math)];
  const step = frame.column.set(i32.add(frame.column.get, i32.const(frame.width)));
  const vectors = repeatWhile(i32.ltU(frame.column.get, end.get), [body(inlined), emit(frame, false), step]);
  const chunks = repeatWhile(i32.ltU(frame.column.get, whole.get), [
    openChunk,
    end.set(i32.add(frame.column.get, i32.const(CHUNK))),
    when(i32.gtU(end.get, whole.get), end.set(whole.get)),
    vectors,
    closeChunk,
  ]);
  return [
    frame.column.set(i32.const(0)),
    whole.set(i32.and(frame.columns.get, i32.const(-frame.width))),
    when(whole.get, sums.length === 0 ? [end.set(whole.get), vectors] : chunks),
    when(i32.ltU(frame.column.get, frame.columns.get), [openChunk, body(called), emit(frame, true), closeChunk]),
  ];
};

/**
 * `(from, to, columns, pointers of operands…, pointers of outputs…)`. An output that is reduced to a row points to room for the
 * block's partial results, rounded up to a whole vector; one that is reduced to a scalar to room for one element.
 */
export const loopFunction = (name: string, program: LoopProgram, multiplyAdd: MultiplyAdd): WasmFunction => {
  const operands = operandsOf(program);
  const parameters = Array.from({ length: 3 + operands.length + program.outputs.length }, () => 'i32' as const);
  return wasmFunction(name, parameters, [], (local, ...given) => {
    const [from, to, columns] = given as [Local, Local, Local];
    const pointer = (k: number): { readonly base: Local; readonly row: Local } => ({
      base: given[3 + k] as Local,
      row: local('i32'),
    });
    const sizes = new Set([
      ...operands.filter(({ layout }) => layout === 'full' || layout === 'row').map(({ dtype }) => bytesOf(dtype)),
      ...program.outputs.map(({ dtype }) => bytesOf(dtype)),
    ]);
    const frame: Frame = {
      program,
      width: widthOf(program),
      columns,
      column: local('i32'),
      vectors: program.values.map(() => local('v128')),
      pointers: new Map(operands.map((operand, k) => [operand, pointer(k)])),
      targets: program.outputs.map((_, k) => pointer(operands.length + k)),
      sums: program.outputs.map((output) =>
        output.kind === 'reduce' && output.layout !== 'row'
          ? { chunk: local('v128'), total: local('v128') }
          : undefined,
      ),
      offsets: new Map([...sizes].map((bytes) => [bytes, local('i32')])),
    };
    // Inlined where it is run most; the bits are the same.
    const inlined: MathCode = (function_, dtype, args) => inlineMath(function_, dtype, multiplyAdd, local, ...args);
    const called: MathCode = (function_, dtype, args) => call(mathFunction(function_, dtype, multiplyAdd), ...args);
    const row = local('i32');
    const rowBegin = (bytes: number, base: Local, stride: Code): Code =>
      i32.add(base.get, i32.mul(i32.mul(row.get, stride), i32.const(bytes)));
    const rowPointers = [
      operands.map((operand) => {
        const at = frame.pointers.get(operand) as { readonly base: Local; readonly row: Local };
        if (operand.layout === 'full') return at.row.set(rowBegin(bytesOf(operand.dtype), at.base, columns.get));
        return operand.layout === 'column' ? at.row.set(rowBegin(bytesOf(operand.dtype), at.base, i32.const(1))) : [];
      }),
      program.outputs.map((output, k) => {
        const at = frame.targets[k] as { readonly base: Local; readonly row: Local };
        if (output.kind === 'store') return at.row.set(rowBegin(bytesOf(output.dtype), at.base, columns.get));
        return output.layout === 'column' ? at.row.set(rowBegin(bytesOf(output.dtype), at.base, i32.const(1))) : [];
      }),
    ];
    const rowReductions = reductions(frame, 'row');
    const clearRows = forRange(frame.column, i32.const(0), columns.get, i32.const(frame.width), [
      setOffsets(frame),
      rowReductions.map(([{ name: kind, dtype }, k]) => {
        const offset = frame.offsets.get(bytesOf(dtype)) as Local;
        const address = i32.add((frame.targets[k] as { readonly base: Local }).base.get, offset.get);
        const scratch = frame.vectors[(program.outputs[k] as LoopOutput).value] as Local;
        return [
          scratch.set(constantVector(identityOf(kind), dtype)),
          storeVector(address, scratch.get, dtype, frame.width),
        ];
      }),
    ]);
    return [
      rowReductions.length === 0 ? [] : clearRows,
      compute(frame, ['scalar'], called),
      reset(frame, 'scalar'),
      forRange(row, from.get, to.get, i32.const(1), [
        rowPointers,
        compute(frame, ['column'], called),
        reset(frame, 'column'),
        columnsOfRow(frame, local, inlined, called),
        finish(frame, 'column'),
      ]),
      finish(frame, 'scalar'),
    ];
  });
};
