/** Laws of running statistics. */
import { concatenate, mean, type Tensor, variance, zeros } from '@natgrad/tensor';
import { elements } from '@natgrad/tensor/internal';
import { type Law, law } from '@natgrad/tensor/laws';
import fc from 'fast-check';
import {
  emptyStatistics,
  mergeStatistics,
  normalise,
  type RunningStatistics,
  statisticsOf,
  varianceOf,
} from '../running-statistics.js';
import {
  numbers,
  require,
  requireClose,
  requireCloseTrees,
  requireIdenticalTrees,
  requireUnchanged,
  snapshot,
  tensors,
} from './check.js';

/** What the laws are about. */
export interface StatisticsFunctions {
  readonly statisticsOf: (rows: Tensor) => RunningStatistics;
  readonly mergeStatistics: (a: RunningStatistics, b: RunningStatistics) => RunningStatistics;
}

/** A batch of rows; the offset of 1e6 is where subtracting sums of squares would lose all digits. */
const batches: fc.Arbitrary<Tensor> = fc
  .tuple(fc.integer({ min: 1, max: 8 }), fc.constantFrom(0, 0, 1e6))
  .chain(([rows, offset]) =>
    tensors(
      [rows, 2],
      numbers(-5, 5).map((x) => x + offset),
    ),
  );

const requireSame = (what: string, a: RunningStatistics, b: RunningStatistics, tolerance: number): void => {
  require(a.count === b.count, () => `${what}: counts ${a.count} and ${b.count}`);
  requireCloseTrees(`${what}: means`, a.mean, b.mean, tolerance, 10);
  requireCloseTrees(`${what}: squares`, a.squares, b.squares, tolerance, 10);
};

/** Rounding of a few merges; where means of 0 and 10⁶ meet, squares are of size 10¹² and rounding is relative to that. */
const ROUNDING = 1e-9;

/** Laws for {@link statisticsOf} and {@link mergeStatistics}. */
export const runningStatisticsLaws = (
  functions: StatisticsFunctions = { statisticsOf, mergeStatistics },
): readonly Law[] => {
  const { statisticsOf: of, mergeStatistics: merge } = functions;
  const named = <T>(text: string, cases: fc.Arbitrary<T>, holds: (value: T) => unknown): Law =>
    law(`running statistics: ${text}`, cases, holds);
  return [
    named('of one batch they are its mean and variance', batches, (rows) => {
      const found = of(rows);
      requireCloseTrees('mean', found.mean, mean(rows, 0), 1e-14, 10);
      // The reference subtracts a rounded mean from numbers of 10⁶: 10⁻¹⁰ each.
      requireCloseTrees('variance', varianceOf(found), variance(rows, 0), 1e-7, 1e-2);
    }),
    named('batch after batch they are those of all rows', fc.array(batches, { minLength: 1, maxLength: 5 }), (list) => {
      const merged = list.reduce((seen, rows) => merge(seen, of(rows)), emptyStatistics(2));
      requireSame('merged and whole', merged, of(concatenate(list, 0)), ROUNDING);
    }),
    named('merging is associative and commutative', fc.tuple(batches, batches, batches), (list) => {
      const [a, b, c] = list.map(of) as [RunningStatistics, RunningStatistics, RunningStatistics];
      requireSame('associative', merge(merge(a, b), c), merge(a, merge(b, c)), ROUNDING);
      requireSame('commutative', merge(a, b), merge(b, a), ROUNDING);
    }),
    named('the empty ones change nothing, to the bit', batches, (rows) => {
      const seen = of(rows);
      const none = emptyStatistics(2);
      [merge(none, seen), merge(seen, none), merge(seen, of(zeros([0, 2])))].forEach((same) => {
        requireIdenticalTrees('mean', same.mean, seen.mean);
        requireIdenticalTrees('squares', same.squares, seen.squares);
        require(same.count === seen.count, () => 'counts differ');
      });
    }),
    named('variances are never negative', fc.array(batches, { minLength: 1, maxLength: 4 }), (list) => {
      const merged = list.map(of).reduce(merge);
      require(elements(merged.squares).every((s: number) => s >= 0), () =>
        `squares ${elements(merged.squares).join(', ')}`);
    }),
    named('rows normalised with their own statistics have mean 0 and variance 1', batches, (rows) => {
      const seen = of(rows);
      const normalised = of(normalise(seen, rows, 1e9));
      for (let j = 0; j < 2; j += 1) {
        const own = elements(varianceOf(seen))[j] as number;
        // Rounding of 10⁻¹⁰ in rows of 10⁶ counts for more, the less they vary.
        if (own < 1e-3) continue;
        requireClose('mean', elements(normalised.mean)[j] as number, 0, 1e-6);
        requireClose('variance', elements(varianceOf(normalised))[j] as number, own / (own + 1e-8), 1e-6);
      }
    }),
    named('normalised rows are clipped', fc.tuple(batches, batches, numbers(0.1, 3)), ([seen, rows, clip]) => {
      const data = elements(normalise(of(seen), rows, clip));
      require(data.every((x: number) => Math.abs(x) <= clip), () => `beyond ± ${clip}: ${data.join(', ')}`);
    }),
    named('inputs are not changed', fc.tuple(batches, batches), ([x, y]) => {
      const [a, b] = [of(x), of(y)];
      const before = [x, y, a.mean, a.squares, b.mean, b.squares].map(snapshot);
      merge(a, b);
      normalise(a, y, 5);
      [x, y, a.mean, a.squares, b.mean, b.squares].forEach((each, k) =>
        requireUnchanged(`input ${k}`, each, before[k] as readonly number[]),
      );
    }),
  ];
};
