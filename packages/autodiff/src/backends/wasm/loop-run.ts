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

/** A loop by itself. Without partial results the blocks change no bit: one thread then runs the whole loop at once. */
export const loopRun = (step: LoopStep, code: LoopCode, memory: EngineMemory, team: Team, grain: Grain): Run => {
  const { loop, blocks } = step;
  const extent = blocks.by === 'rows' ? loop.rows : loop.columns;
  const milliseconds = loopTime(loop);
  const divided = team.size > 1 && blocks.count > 1 && milliseconds >= grain.step;
  const used = divided || blocks.partials.length > 0 ? blocks : { ...blocks, size: extent, count: Math.min(1, extent) };
  return runBlocks([blockedLoop(step, code, memory, used)], used.count, milliseconds, divided ? team : null);
};
