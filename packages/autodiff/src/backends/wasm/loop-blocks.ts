/**
 * Blocks of loops. They depend on the index space only, and partial results are combined in their order, so that any number of
 * workers gives the same bits.
 */
import type { DType } from '@natgrad/tensor';
import { bytesOf, identityOf, type Reduction } from './lanes.js';
import type { Loop, LoopOutput } from './loop.js';

/** Elements of a block, about: the work that is worth a call, and few enough to add up without losing digits. */
export const BLOCK = 16_384;
/** More blocks than this would spend their time on combining partial results. */
const MOST_BLOCKS = 64;

type Reduce = Extract<LoopOutput, { readonly kind: 'reduce' }>;

/** Partial results of one block: a row of vectors, or one element. */
export interface Partial {
  /** Index of the output. */
  readonly output: number;
  readonly name: Reduction;
  readonly dtype: DType;
  /** Elements of the result, and bytes from one block's partial results to the next one's. */
  readonly count: number;
  readonly stride: number;
  /** Bytes from the start of the loop's scratch memory. */
  readonly offset: number;
}

export interface Blocks {
  /** How a block is cut: whole rows, or columns where there is one row. */
  readonly by: 'rows' | 'columns';
  readonly size: number;
  readonly count: number;
  /** Without any, a loop may be run as one block too: no bit depends on the cut. */
  readonly partials: readonly Partial[];
}

const isPartial = (output: LoopOutput): output is Reduce => output.kind === 'reduce' && output.layout !== 'column';

/** Cuts a loop into blocks of about so many elements, or of `given` rows or columns. */
export const blocksOf = ({ program, rows, columns }: Loop, elements: number, given?: number): Blocks => {
  const reduced = program.outputs.flatMap((output, k) => (isPartial(output) ? [[output, k] as const] : []));
  const by = rows === 1 ? 'columns' : 'rows';
  const extent = by === 'rows' ? rows : columns;
  const wanted = by === 'rows' ? Math.ceil(elements / Math.max(1, columns)) : elements;
  const whole = by === 'columns' && program.outputs.some((output) => output.kind === 'reduce' && !isPartial(output));
  const size = given ?? (whole ? extent : Math.max(wanted, Math.ceil(extent / MOST_BLOCKS), 1));
  const count = Math.ceil(extent / Math.max(size, 1));
  let offset = 0;
  const partials = reduced.map(([{ name, dtype, layout }, output]): Partial => {
    const width = layout === 'row' ? columns : 1;
    // A vector more than the row: its last elements are computed with lanes that do not exist.
    const stride = Math.ceil((width * bytesOf(dtype) + 16) / 64) * 64;
    const start = offset;
    offset += stride * count;
    return { output, name, dtype, count: width, stride, offset: start };
  });
  return { by, size, count, partials };
};

/** Bytes that the partial results of a loop take. */
export const scratchOf = ({ partials, count }: Blocks): number => {
  return partials.reduce((bytes, { stride }) => bytes + stride * count, 0);
};

/** Combines partial results in the order of the blocks; sums in double precision. */
export const combineBlocks = (
  { name, count, stride, dtype }: Partial,
  blocks: number,
  from: Float32Array | Float64Array,
  first: number,
  out: Float32Array | Float64Array,
  at: number,
): void => {
  const step = stride / bytesOf(dtype);
  for (let i = 0; i < count; i += 1) {
    let total = identityOf(name);
    for (let block = 0, j = first + i; block < blocks; block += 1, j += step) {
      const value = from[j] as number;
      total = name === 'sum' ? total + value : name === 'max' ? Math.max(total, value) : Math.min(total, value);
    }
    out[at + i] = total;
  }
};
