/**
 * What work costs on one thread. Times are estimates from shapes, with constants measured on one core of a server of 2023 (AVX-512,
 * Node 20): they decide who works, never what comes out.
 */
import type { Loop } from '../loop.js';
import type { Plan } from '../plan.js';

/** Milliseconds that a product takes: WebAssembly makes 45 to 60 GFLOP/s in single precision, a BLAS 150, double half of it. */
export const productTime = (flops: number, dtype: 'f32' | 'f64', native: boolean): number =>
  flops / ((native ? 140e6 : 50e6) / (dtype === 'f32' ? 1 : 2));

/** Operations that are a line of vector instructions; the others are functions of the mathematics, 1 to 2 ns per element. */
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

/** Milliseconds, on one thread, of the steps of a plan that are worth dividing. */
const dividedTime = ({ steps, grain }: Plan, native: boolean): number =>
  steps.reduce((sum, step) => {
    if (step.kind === 'scan') return sum + step.params.length * dividedTime(step.body, native);
    const time =
      step.kind === 'gemm'
        ? productTime(step.flops, step.dtype, native)
        : step.kind === 'loop'
          ? loopTime(step.loop)
          : 0;
    return sum + (time >= grain.step ? time : 0);
  }, 0);

/** Whether a plan is worth workers. */
export const isWorthThreads = (plan: Plan, native: boolean): boolean => dividedTime(plan, native) >= plan.grain.plan;
