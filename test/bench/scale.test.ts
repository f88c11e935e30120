import { interpreter } from '@natgrad/autodiff';
import { describe, expect, it } from 'vitest';
import { scaleTable } from '../../bench/src/scale/command.js';
import { expectedFlops, makeProduct } from '../../bench/src/scale/product.js';
import { pointsUpTo, type ScaleRow, sweep } from '../../bench/src/scale/sweep.js';

const OPTIONS = { name: 'interpreter', engine: interpreter, dtype: 'f64', repeats: 1 } as const;

describe('bench scale', () => {
  it.each([1, 2, 4])('counts the operations of the formula at depth %i', (depth) => {
    const point = { batch: 12, width: 8, depth };
    expect(makeProduct(interpreter, point, 'f64').flops).toBe(expectedFlops(point));
  });

  it('counts the workload: 2.770 GFLOP', () => {
    expect(expectedFlops({ batch: 5000, width: 256, depth: 2 }) / 1e9).toBeCloseTo(2.77, 3);
  });

  it('varies one size at a time, each point once', () => {
    const points = pointsUpTo(50_000, 1024);
    expect(points).toHaveLength(15);
    expect(new Set(points.map((point) => JSON.stringify(point))).size).toBe(15);
    const different = points.map(
      ({ batch, width, depth }) => [batch !== 5000, width !== 256, depth !== 2].filter(Boolean).length,
    );
    expect(Math.max(...different)).toBe(1);
    expect(Math.max(...pointsUpTo(700, 40).map(({ batch, width }) => batch * width))).toBe(700 * 40);
  });

  it('measures what fits and says what it skips', () => {
    const points = [
      { batch: 1_000_000, width: 1024, depth: 2 },
      { batch: 20, width: 8, depth: 1 },
    ];
    const [large, small] = sweep(points, { ...OPTIONS, limit: 5 }) as readonly [ScaleRow, ScaleRow];
    expect(large).toMatchObject({ fvp: null, gflopPerSecond: null, batch: 1_000_000 });
    expect(large.reason).toMatch(/^about \d+ s$/);
    expect(small.fvp?.[0]).toBeGreaterThan(0);
    expect(small.gflopPerSecond).toBeGreaterThan(0);
    expect(small.firstCall).toBeGreaterThan(0);
    expect(small.residualBytes).toBeGreaterThan(0);
    expect(small.memoryBytes).toBeGreaterThanOrEqual(0);
    const lines = scaleTable([large, small]).split('\n');
    expect(lines).toHaveLength(4);
    expect(lines[2]).toContain('skipped: about');
  });
});
