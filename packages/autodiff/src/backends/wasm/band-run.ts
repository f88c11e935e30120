/** A band of a plan: its steps block by block. */
import type { Band } from './bands.js';
import { runBlocks } from './blocks-run.js';
import { extentsOf } from './extents.js';
import { blockedGemm } from './gemm-run.js';
import type { Kernels, LoopCode } from './kernels.js';
import { blockedLoop } from './loop-run.js';
import type { EngineMemory } from './memory.js';
import type { Plan, Step } from './plan.js';
import type { Run } from './run.js';
import { stepTime } from './threads/cost.js';
import type { Cut } from './threads/task.js';
import type { Team } from './threads/team.js';

type GemmStep = Extract<Step, { readonly kind: 'gemm' }>;

/** Blocks of rows of the result, or of what is added up. */
const cutFor = (step: GemmStep, { size, count }: Band): Cut => {
  const { m, n, k } = extentsOf(step);
  return step.params.transposeLeft
    ? { rows: m, columns: n, depth: size, blocks: count }
    : { rows: size, columns: n, depth: Math.max(k, 1), blocks: count };
};

export const bandRun = (
  band: Band,
  { steps, grain }: Plan,
  kernels: Kernels,
  code: ReadonlyMap<Step, LoopCode>,
  memory: EngineMemory,
  team: Team,
): Run => {
  const own = steps.slice(band.first, band.end);
  const native = own.some((step) => step.kind === 'gemm' && kernels.gemm(step.dtype).module === null);
  const milliseconds = own.reduce((sum, step) => sum + stepTime(step, native), 0);
  const blocked = own.flatMap((step) => {
    if (step.kind === 'gemm') return [blockedGemm(step, kernels, memory, cutFor(step, band))];
    return step.kind === 'loop' ? [blockedLoop(step, code.get(step) as LoopCode, memory, step.blocks)] : [];
  });
  const divided = team.size > 1 && milliseconds >= grain.step;
  return runBlocks(blocked, band.count, milliseconds, divided ? team : null);
};
