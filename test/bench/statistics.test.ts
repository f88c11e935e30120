/** Statistics of benchmarks. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { interquartileMean, mean } from '../../bench/src/statistics.js';

const values = fc.array(fc.double({ min: -1e3, max: 1e3, noNaN: true }), { minLength: 1, maxLength: 40 });

test('the interquartile mean of each value four times over is that of the values, and leaves out whole quarters', () => {
  fc.assert(
    fc.property(values, (x) => {
      const fourfold = x.flatMap((each) => [each, each, each, each]).sort((a, b) => a - b);
      // A quarter of them is as many as there were values.
      const middle = mean(fourfold.slice(x.length, 3 * x.length));
      // Sums of forty numbers up to 1000 in another order: 40 · 40 · 1000 · 2⁻⁵³.
      for (const found of [interquartileMean(fourfold), interquartileMean(x)])
        expect(Math.abs(found - middle)).toBeLessThan(1e-9);
    }),
  );
});

test('of three values the outer ones count a quarter', () => {
  expect(interquartileMean([9, 1, 2])).toBeCloseTo((0.25 * 1 + 2 + 0.25 * 9) / 1.5, 12);
});
