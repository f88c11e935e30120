/** Profiles: every step of the plan, with a time. */
import { add, explain, matmul, tanh, traceGraph } from '@natgrad/autodiff';
import { profiler } from '@natgrad/autodiff/internal';
import { ones } from '@natgrad/tensor';
import { expect, test } from 'vitest';

test('a profile has the steps of the plan, their operations, and times', () => {
  const args = [ones([64, 32], 'f32'), ones([32, 16], 'f32')] as const;
  const { graph } = traceGraph((x, w) => tanh(add(matmul(x, w), 1)), ...args);
  const { steps, times } = profiler()(graph, args, 3);
  expect(steps.map(({ isProduct }) => isProduct)).toEqual([true, false]);
  expect(steps[0]?.flops).toBe(2 * 64 * 32 * 16);
  for (const { work } of steps) expect(explain(graph)).toContain(work);
  for (const own of [times, ...steps.map((step) => step.times)]) {
    expect(own).toHaveLength(3);
    for (const time of own) expect(time > 0 && time < 1000).toBe(true);
  }
});
