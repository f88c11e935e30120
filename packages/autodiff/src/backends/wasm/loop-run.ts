/** A fused loop of a plan, as a function of the addresses of a call. */

import { type Blocked, runBlocks } from './blocks-run.js';
import type { LoopCode } from './kernels.js';
import { bytesOf } from './lanes.js';
import { type Blocks, combineBlocks } from './loop-blocks.js';
import { operandsOf } from './loop-code.js';
import type { EngineMemory } from './memory.js';
import type { Step } from './plan.js';
import type { Run } from './run.js';
import { loopTime } from './threads/cost.js';
import type { Grain } from './threads/cut.js';
import { LOOP, loopBlock, loopWords } from './threads/task.js';
import type { Team } from './threads/team.js';

type LoopStep = Extract<Step, { readonly kind: 'loop' }>;

/** A loop cut into blocks. */
export const blockedLoop = (
  step: LoopStep,
  code: LoopCode,
  memory: EngineMemory,
  { by, size, count, partials }: Blocks,
): Blocked => {
  const { loop, reads, writes, scratch } = step;
  const { program, rows, columns } = loop;
  const extent = by === 'rows' ? rows : columns;
  const operands = operandsOf(program);
  const partialOf = new Map(partials.map((partial) => [partial.output, partial]));
  const buffers = [
    ...operands.map(({ input }) => reads[input] as number),
    ...program.outputs.map((_, k) => (partialOf.has(k) ? scratch : (writes[k] as number))),
  ];
  // How far each pointer moves from one block to the next.
  const strides = [
    ...operands.map(({ layout, dtype }) => (by === 'columns' && layout === 'full' ? size * bytesOf(dtype) : 0)),
    ...program.outputs.map(
      (output, k) => partialOf.get(k)?.stride ?? (by === 'columns' ? size * bytesOf(output.dtype) : 0),
    ),
  ];
  const starts = [...operands.map(() => 0), ...program.outputs.map((_, k) => partialOf.get(k)?.offset ?? 0)];
  return ({ address }) => {
    const pointers = buffers.map((buffer, k) => (address[buffer] as number) + (starts[k] as number));
    const words = loopWords(by === 'rows', extent, size, columns, pointers, strides);
    return {
      work: { kind: LOOP, module: code.module, entry: code.entry, words },
      one: (block) => loopBlock(code.run, words, block),
      close: () => {
        for (const partial of partials) {
          const view = partial.dtype === 'f32' ? memory.f32() : memory.f64();
          const bytes = bytesOf(partial.dtype);
          const from = ((address[scratch] as number) + partial.offset) / bytes;
          const to = (address[writes[partial.output] as number] as number) / bytes;
          combineBlocks(partial, count, view, from, view, to);
        }
      },
    };
  };
};

/** A loop that nobody cuts, without a word about blocks: see `wholeGemm`. */
const wholeLoop = ({ loop, reads, writes }: LoopStep, { run }: LoopCode, byRows: boolean): Run => {
  const { program, rows, columns } = loop;
  const buffers = [
    ...operandsOf(program).map(({ input }) => reads[input] as number),
    ...program.outputs.map((_, k) => writes[k] as number),
  ];
  // Written anew in every call, and read before it ends.
  const words: number[] = [0, byRows ? rows : 1, columns, ...buffers];
  return ({ address }) => {
    for (let k = 0; k < buffers.length; k += 1) words[3 + k] = address[buffers[k] as number] as number;
    run(...words);
  };
};

/** A loop by itself. Without partial results the blocks change no bit: one thread then runs the whole loop at once. */
export const loopRun = (step: LoopStep, code: LoopCode, memory: EngineMemory, team: Team, grain: Grain): Run => {
  const { blocks } = step;
  const milliseconds = loopTime(step.loop);
  const divided = team.size > 1 && blocks.count > 1 && milliseconds >= grain.step;
  if (!divided && blocks.partials.length === 0) return wholeLoop(step, code, blocks.by === 'rows');
  return runBlocks([blockedLoop(step, code, memory, blocks)], blocks.count, milliseconds, divided ? team : null);
};
