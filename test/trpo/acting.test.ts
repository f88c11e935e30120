/** Networks as plain loops: the same as traced, and a row by itself has the bits that it has among others. */
import { initialiseMlp, mlp, mlpInference } from '@natgrad/rl-trpo';
import { foldIn, key, normal, toTypedArray } from '@natgrad/tensor';
import fc from 'fast-check';
import { expect, test } from 'vitest';

// Below, at and above the blocks of four and eight columns that the loops take at a time.
const width = fc.integer({ min: 1, max: 19 });

test('any widths, any number of rows', () => {
  fc.assert(
    fc.property(
      fc.tuple(width, width, width),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 0, max: 1e6 }),
      (widths, rows, seed) => {
        const layers = initialiseMlp(key(seed), widths);
        const x = normal(foldIn(key(seed), 1), [rows, widths[0]]);
        const act = mlpInference(layers);
        const packed = Float64Array.from(toTypedArray(x));
        const [inputs, outputs] = [widths[0], widths[2]];
        const found = act(packed, rows);
        toTypedArray(mlp(layers, x)).forEach((expected, i) => {
          // Sums of at most 19 numbers near 1, twice, in another order.
          expect(Math.abs((found[i] as number) - expected)).toBeLessThan(1e-13);
        });
        for (let row = 0; row < rows; row += 1)
          expect(act(packed.slice(row * inputs, (row + 1) * inputs), 1)).toEqual(
            found.slice(row * outputs, (row + 1) * outputs),
          );
      },
    ),
    { numRuns: 200 },
  );
});
