/** Laws of the memory plan: on random lifetimes, and on those of real programs. */
import { add, jitLinearize, matmul, mean, multiply, square, sum, tanh, traceGraph } from '@natgrad/autodiff';
import { type Tensor, zeros } from '@natgrad/tensor';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compilePlan } from '../../packages/autodiff/src/backends/wasm/engine.js';
import { ALIGNMENT, type Lifetime, planMemory } from '../../packages/autodiff/src/optimise/memory-plan.js';

const lifetimes = fc.array(
  fc
    .record({ bytes: fc.nat(5000), from: fc.nat(30), length: fc.nat(12) })
    .map(({ bytes, from, length }): Lifetime => ({ bytes, from, to: from + length })),
  { maxLength: 60 },
);

describe('memory plan', () => {
  test('buffers needed at one step never overlap, and all lie aligned in the arena', () => {
    fc.assert(
      fc.property(lifetimes, fc.constantFrom(0, 64), (buffers, padding) => {
        const { offsets, bytes } = planMemory(buffers, padding);
        buffers.forEach((a, i) => {
          const start = offsets[i] as number;
          expect(start % ALIGNMENT).toBe(0);
          if (a.bytes > 0) expect(start + a.bytes + padding).toBeLessThanOrEqual(bytes);
          buffers.forEach((b, j) => {
            if (j <= i || a.bytes === 0 || b.bytes === 0 || a.from > b.to || b.from > a.to) return;
            const other = offsets[j] as number;
            expect(start + a.bytes + padding <= other || other + b.bytes + padding <= start).toBe(true);
          });
        });
      }),
      { numRuns: 300 },
    );
  });

  test('the arena is at least the peak, and no more than 1.5 times it', () => {
    fc.assert(
      fc.property(lifetimes, (buffers) => {
        const { bytes, peak } = planMemory(buffers);
        expect(bytes).toBeGreaterThanOrEqual(peak);
        expect(bytes).toBeLessThanOrEqual(1.5 * peak);
      }),
      { numRuns: 300 },
    );
  });

  test('a gradient needs little more than what lives at once', () => {
    const layers = (w: Tensor, x: Tensor): Tensor => {
      let h = x;
      for (let k = 0; k < 4; k += 1) h = tanh(add(matmul(h, w), 1));
      return mean(square(h));
    };
    const { graph } = traceGraph(
      (w: Tensor, x: Tensor) => {
        const operator = jitLinearize(layers)(w, x);
        return multiply(operator.transpose(operator.value), sum(x));
      },
      zeros([64, 64]),
      zeros([1000, 64]),
    );
    const { arena } = compilePlan(graph);
    expect(arena.bytes).toBeLessThanOrEqual(1.5 * arena.peak);
  });
});
