/**
 * What work costs on one thread. Times are estimates from shapes, with constants measured on one core of a server of 2023 (AVX-512,
 * Node 20): they decide who works, never what comes out.
 */
import type { Loop } from '../loop.js';
import type { Plan, Step } from '../plan.js';

/** Milliseconds that a product takes: WebAssembly makes 45 to 60 GFLOP/s in single precision, a BLAS 150, double half of it. */
export const productTime = (flops: number, dtype: 'f32' | 'f64', native: boolean): number =>
  flops / ((native ? 140e6 : 50e6) / (dtype === 'f32' ? 1 : 2));

/** Operations that are a line of vector instructions; the others are functions of the mathematics, 0.8 to 2 ns per element. */
const CHEAP: ReadonlySet<string> = new Set(
  'negate absolute square add subtract multiply divide maximum minimum sqrt floor sign logicalNot logicalAnd logicalOr equal notEqual less lessEqual greater greaterEqual isFinite select cast'.split(
    ' ',
  ),
);

/** Milliseconds that a loop takes: nanoseconds per element of each operation, operand and result. */
export const loopTime = ({ program, rows, columns }: Loop): number => {
  const operations = program.values.reduce(
    (sum, value) =>
      sum + (value.kind !== 'operation' || value.layout !== 'full' ? 0 : CHEAP.has(value.name) ? 0.1 : 1.4),
    0,
  );
  const streams = program.values.filter((value) => value.kind === 'operand' && value.layout === 'full').length;
  return 1e-6 * rows * columns * (operations + 0.3 * (streams + program.outputs.length));
};

/** Milliseconds that a step takes which can be divided; 0 for others. */
export const stepTime = (step: Step, native: boolean): number => {
  if (step.kind === 'gemm') return productTime(step.flops, step.dtype, native);
  return step.kind === 'loop' ? loopTime(step.loop) : 0;
};

/** Milliseconds, on one thread, of the steps of a plan that are worth dividing, those of a band together. */
const dividedTime = ({ steps, bands, grain }: Plan, native: boolean): number => {
  const banded = new Set(bands.flatMap(({ first, end }) => steps.slice(first, end)));
  const timeOf = (own: readonly Step[]): number => own.reduce((sum, step) => sum + stepTime(step, native), 0);
  const worth = (time: number): number => (time >= grain.step ? time : 0);
  return (
    bands.reduce((sum, { first, end }) => sum + worth(timeOf(steps.slice(first, end))), 0) +
    steps.reduce((sum, step) => {
      if (step.kind === 'scan') return sum + step.params.length * dividedTime(step.body, native);
      return sum + (banded.has(step) ? 0 : worth(stepTime(step, native)));
    }, 0)
  );
};

/** Whether a plan is worth workers. */
export const isWorthThreads = (plan: Plan, native: boolean): boolean => dividedTime(plan, native) >= plan.grain.plan;
