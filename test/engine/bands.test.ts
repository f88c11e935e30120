/** Steps that run together, block of rows by block of rows, give what they give one after the other. */
import { add, interpreter, jit, matmul, multiply, sum, tanh, traceGraph, transpose } from '@natgrad/autodiff';
import { foldIn, key, normal, type Tensor, toTypedArray } from '@natgrad/tensor';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { planOf } from '../../packages/autodiff/src/backends/wasm/plan.js';
import { optimise } from '../../packages/autodiff/src/optimise/pipeline.js';
import { engineOfThreads, FINE, gathered, kinds } from './_threads.js';

/** A line of a program: an operation on values before it, the last ones first. */
interface Line {
  readonly name: 'product' | 'productLeft' | 'productRight' | 'added' | 'tanh' | 'rowSums' | 'columnSums';
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

/** Two or three blocks, more than loops have by themselves: products that add up over the rows are part of a band only where their results are few. */
const grain = { ...FINE, rows: 5, elements: 1000 };

const NAMES = ['product', 'productLeft', 'productRight', 'added', 'tanh', 'rowSums', 'columnSums'] as const;

const line: fc.Arbitrary<Line> = fc.record({
  name: fc.constantFrom(...NAMES),
  a: fc.integer({ min: 0, max: 3 }),
  b: fc.integer({ min: 0, max: 5 }),
  c: fc.integer({ min: 0, max: 5 }),
});

/**
 * Programs on square matrices, in which every extent could be the rows of a band: what one step writes by rows, another may read as a
 * whole, or as what it adds up over.
 */
const run =
  (lines: readonly Line[]) =>
  (x: Tensor, y: Tensor): readonly Tensor[] => {
    const values = [x, y];
    const scale = 1 / (x.shape[0] as number);
    for (const { name, a, b, c } of lines) {
      const [p, q, r] = [a, b, c].map((back) => values[Math.max(0, values.length - 1 - back)] as Tensor) as [
        Tensor,
        Tensor,
        Tensor,
      ];
      const product = (left: Tensor, right: Tensor): Tensor => multiply(matmul(left, right), scale);
      switch (name) {
        case 'product':
          values.push(product(p, q));
          break;
        case 'productLeft':
          values.push(add(matmul(transpose(p), q), r));
          break;
        case 'productRight':
          values.push(add(matmul(p, transpose(q)), r));
          break;
        case 'added':
          values.push(multiply(add(p, q), r));
          break;
        case 'tanh':
          values.push(tanh(p));
          break;
        case 'rowSums':
          values.push(multiply(p, sum(q, 0)));
          break;
        case 'columnSums':
          values.push(multiply(p, sum(q, 1, true)));
          break;
      }
      const last = values.at(-1) as Tensor;
      values[values.length - 1] = tanh(multiply(last, 0.5));
    }
    // Not all of them: what nobody wants any more may be written over.
    return values.slice(-2);
  };

const seen = { programs: 0, banded: 0, long: 0 };

describe.each(kinds)('%s', (kind) => {
  test.each([1, 2])('programs of square matrices on %d threads', async (threads) => {
    const engine = engineOfThreads(threads, grain, { kind });
    if (threads > 1) await gathered(engine);
    fc.assert(
      fc.property(
        fc.array(line, { minLength: 2, maxLength: 9 }),
        fc.integer({ min: 6, max: 13 }),
        fc.nat(),
        (lines, n, seed) => {
          const f = run(lines);
          const [x, y] = [0, 1].map((at) => normal(foldIn(key(seed), at), [n, n])) as [Tensor, Tensor];
          const { bands } = planOf(optimise(traceGraph(f, x, y).graph), 'program', grain);
          seen.programs += 1;
          seen.banded += bands.length > 0 ? 1 : 0;
          seen.long += bands.some(({ first, end }) => end - first > 3) ? 1 : 0;
          const expected = jit(f, { engine: interpreter })(x, y);
          jit(f, { engine })(x, y).forEach((found, k) => {
            const wanted = toTypedArray(expected[k] as Tensor);
            toTypedArray(found).forEach((value, i) => {
              // Values in [−1, 1]; nine lines of sums of thirteen, each at most ten times as sensitive as the one before it.
              expect(Math.abs(value - (wanted[i] as number))).toBeLessThan(1e-9);
            });
          });
        },
      ),
      { numRuns: 150 },
    );
  });
});

test('bands were there, and long ones too', () => {
  expect(seen.banded).toBeGreaterThan(seen.programs / 2);
  expect(seen.long).toBeGreaterThan(seen.programs / 20);
});
