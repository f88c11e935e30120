/** Where the time of a program goes, step by step of its plan. */
import type { Tensor } from '@natgrad/tensor';
import type { Graph } from '../../ir/graph.js';
import { compilePlan, makeParts, openFrame, type WasmOptions, wasmEngine } from './engine.js';
import { describeStep } from './explain.js';
import type { Products } from './kernels.js';
import { type Run, runnable } from './run.js';

export interface StepTime {
  /** What the step does, as `explain` says it. */
  readonly work: string;
  readonly isProduct: boolean;
  readonly flops: number;
  /** Milliseconds of its runs, by itself. */
  readonly times: readonly number[];
}

export interface Profile {
  readonly steps: readonly StepTime[];
  /** Milliseconds of the runs of all steps, those of a band together; each right after a run of the steps one by one. */
  readonly times: readonly number[];
}

/** Runs a program so many times and times every step of its plan. */
export type Profiler = (graph: Graph, args: readonly Tensor[], repeats: number) => Profile;

/**
 * A profiler with an engine of its own, of one thread unless told, and products of its own or of another origin. The platform's
 * compiler makes it faster while it runs: its first programs are those to warm it with, and while they run workers start. A clock is
 * read between steps: for programs whose steps take much longer than a microsecond.
 */
export const profiler = (options: WasmOptions = {}, products?: Products): Profiler => {
  const { memory, kernels, team } = makeParts({ threads: 1, ...options }, products);
  const fallback = wasmEngine({ ...options, threads: 1 });
  return (graph, args, repeats) => {
    const plan = compilePlan(graph);
    const [alone, together] = [false, true].map((bands) => runnable(plan, kernels, memory, fallback, team, bands)) as [
      readonly Run[],
      readonly Run[],
    ];
    team.gather();
    const times: readonly number[][] = alone.map(() => []);
    const whole: number[] = [];
    for (let turn = 0; turn < repeats; turn += 1)
      memory.call('profile', () => {
        const frame = openFrame(plan, memory, args);
        let last = performance.now();
        alone.forEach((step, k) => {
          step(frame);
          const now = performance.now();
          times[k]?.push(now - last);
          last = now;
        });
        const began = performance.now();
        for (const run of together) run(frame);
        whole.push(performance.now() - began);
      });
    return {
      times: whole,
      steps: plan.steps.map((step, k) => ({
        work: describeStep(step),
        isProduct: step.kind === 'gemm',
        flops: step.flops,
        times: times[k] ?? [],
      })),
    };
  };
};
