/**
 * Bands: successive steps over the same rows, which run together, one block of rows after the other. What a step writes is then still
 * in the cache when the next one reads it, and threads meet once for all of them.
 */
import { extentsOf } from './extents.js';
import type { Step } from './plan.js';
import type { Grain } from './threads/cut.js';

/** Steps `first` to `end` − 1 of a plan, in `count` blocks of `size` rows. */
export interface Band {
  readonly first: number;
  readonly end: number;
  readonly rows: number;
  readonly size: number;
  readonly count: number;
}

/** More blocks than this would spend their time on adding up partial results. */
const MOST_BLOCKS = 64;

/** A block of a band has so many times the least work of a block of one step: it does a part of every step, and each part costs a call. */
const WORK = 4;

/** What a step does with its buffers where it is run by rows. */
interface Access {
  /** Block by block: only the rows of a block are touched by it. */
  readonly reads: readonly number[];
  readonly writes: readonly number[];
  /** All of it by every block. */
  readonly whole: readonly number[];
  /** There when the last block is done. */
  readonly late: readonly number[];
}

type Of<Kind> = Extract<Step, { readonly kind: Kind }>;

/** The rows that a product may be run by: those of its result, or those that it adds up over; null for a batch of products. */
const rowsOfGemm = (step: Of<'gemm'>): number | null => {
  const { m, k, count } = extentsOf(step);
  const { transposeLeft, transposeRight } = step.params;
  if (count !== 1 || (transposeLeft && transposeRight)) return null;
  return transposeLeft ? k : m;
};

/** Blocks that rows make at most. */
const mostBlocks = (rows: number, grain: Grain): number => Math.min(MOST_BLOCKS, Math.ceil(rows / grain.rows));

const gemmAccess = (step: Of<'gemm'>, rows: number, grain: Grain): Access | null => {
  if (rowsOfGemm(step) !== rows) return null;
  const { params, reads, writes, inPlace } = step;
  const [a, b, addend] = reads as readonly [number, number, number | undefined];
  if (params.transposeLeft) {
    const { m, n } = extentsOf(step);
    // Partial results that take more room than the operands cost more than what the band saves.
    if (m * n * mostBlocks(rows, grain) > rows * (m + n)) return null;
    return { reads: [a, b], writes: [], whole: addend === undefined ? [] : [addend], late: writes };
  }
  if (addend === undefined) return { reads: [a], writes, whole: [b], late: [] };
  return inPlace
    ? { reads: [a, addend], writes, whole: [b], late: [] }
    : { reads: [a], writes, whole: [b, addend], late: [] };
};

/** Whether a loop without rows of its own goes through elements that are rows after rows. */
const isFlat = ({ loop: { program, rows: own, columns } }: Of<'loop'>, rows: number): boolean =>
  own === 1 &&
  columns % rows === 0 &&
  program.outputs.every(({ kind }) => kind === 'store') &&
  program.values.every((value) => value.kind !== 'operand' || value.layout === 'full' || value.layout === 'scalar');

const loopAccess = (step: Of<'loop'>, rows: number): Access | null => {
  const { loop, reads, writes } = step;
  if (loop.rows !== rows && !isFlat(step, rows)) return null;
  const operands = loop.program.values.flatMap((value) => (value.kind === 'operand' ? [value] : []));
  const byRows = (layout: string): boolean => layout === 'full' || layout === 'column';
  const buffersOf = (wanted: boolean): readonly number[] =>
    operands.filter(({ layout }) => byRows(layout) === wanted).map(({ input }) => reads[input] as number);
  const isLate = (k: number): boolean => {
    const output = loop.program.outputs[k];
    return output?.kind === 'reduce' && output.layout !== 'column';
  };
  return {
    reads: buffersOf(true),
    whole: buffersOf(false),
    writes: writes.filter((_, k) => !isLate(k)),
    late: writes.filter((_, k) => isLate(k)),
  };
};

const accessOf = (step: Step, rows: number, grain: Grain): Access | null =>
  step.kind === 'gemm' ? gemmAccess(step, rows, grain) : step.kind === 'loop' ? loopAccess(step, rows) : null;

/** The rows of a band that could begin with a step; null where none can. */
const rowsOf = (step: Step): number | null => {
  if (step.kind === 'gemm') return rowsOfGemm(step);
  return step.kind === 'loop' && step.loop.rows > 1 ? step.loop.rows : null;
};

/** What the steps of a band have done with buffers so far. */
class Touched {
  readonly #written = new Set<number>();
  readonly #whole = new Set<number>();
  readonly #late = new Set<number>();

  /**
   * Whether a step may follow: it must not need, nor overwrite, what other blocks of the steps before it have still to do. (Plans write
   * over nothing but what the same step reads element by element.)
   */
  allows({ reads, writes, whole }: Access): boolean {
    return (
      whole.every((buffer) => !this.#written.has(buffer) && !this.#late.has(buffer)) &&
      reads.every((buffer) => !this.#late.has(buffer)) &&
      writes.every((buffer) => !this.#whole.has(buffer))
    );
  }

  add({ writes, whole, late }: Access): void {
    for (const buffer of writes) this.#written.add(buffer);
    for (const buffer of whole) this.#whole.add(buffer);
    for (const buffer of late) this.#late.add(buffer);
  }
}

/** Where a band that begins with step `first` ends. */
const endOf = (steps: readonly Step[], first: number, rows: number, grain: Grain): number => {
  const touched = new Touched();
  let end = first;
  for (; end < steps.length; end += 1) {
    const access = accessOf(steps[end] as Step, rows, grain);
    if (access === null || !touched.allows(access)) break;
    touched.add(access);
  }
  return end;
};

/** So many blocks, as even as multiples of four rows allow; null where one would be left. */
const sized = (first: number, end: number, rows: number, flops: number, grain: Grain): Band | null => {
  const wanted = Math.min(mostBlocks(rows, grain), Math.floor(flops / (WORK * grain.flops)));
  if (wanted < 2) return null;
  const even = wanted < 3 ? wanted : Math.min(MOST_BLOCKS, Math.ceil(wanted / 4) * 4);
  const size = Math.ceil(rows / even / 4) * 4;
  const count = Math.ceil(rows / size);
  return count < 2 ? null : { first, end, rows, size, count };
};

/** The bands of a plan, by shapes alone: two steps or more, with a product among them, and work for several blocks. */
export const bandsOf = (steps: readonly Step[], grain: Grain): readonly Band[] => {
  const bands: Band[] = [];
  for (let first = 0; first < steps.length; ) {
    const rows = rowsOf(steps[first] as Step);
    const end = rows === null ? first : endOf(steps, first, rows, grain);
    const flops = steps.slice(first, end).reduce((sum, step) => sum + (step.kind === 'gemm' ? step.flops : 0), 0);
    const band = rows === null || end - first < 2 ? null : sized(first, end, rows, flops, grain);
    if (band !== null) bands.push(band);
    first = band === null ? first + 1 : end;
  }
  return bands;
};
