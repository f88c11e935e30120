/**
 * Statistics over few runs (Agarwal, Schwarzer, Castro, Courville and Bellemare 2021, "Deep Reinforcement Learning at the Edge of
 * the Statistical Precipice"): the interquartile mean, and bootstrap intervals.
 */
import { type Key, randomIntAt, split } from '@natgrad/tensor';

export const mean = (x: readonly number[]): number => x.reduce((sum, each) => sum + each, 0) / x.length;

/**
 * The mean of what is left when a quarter of the values is cut from either end. Where a quarter is no whole number, the values at the
 * cuts count in part: of three, the outer ones count a quarter each.
 */
export const interquartileMean = (x: readonly number[]): number => {
  const cut = x.length / 4;
  const weight = (i: number): number => Math.max(0, Math.min(i + 1, x.length - cut) - Math.max(i, cut));
  return [...x].sort((a, b) => a - b).reduce((sum, each, i) => sum + weight(i) * each, 0) / (x.length - 2 * cut);
};

/** Percentile bootstrap: the interval that holds 95 % of a statistic over resamples of the values. */
export const bootstrapInterval = (
  x: readonly number[],
  statistic: (sample: readonly number[]) => number,
  key: Key,
  resamples = 2000,
): readonly [number, number] => {
  const found = split(key, resamples)
    .map((each) => statistic(x.map((_, i) => x[randomIntAt(each, i, { maximum: x.length })] as number)))
    .sort((a, b) => a - b);
  const at = (share: number): number => found[Math.floor(share * (resamples - 1))] as number;
  return [at(0.025), at(0.975)];
};

/** The upper median: one of the values. */
export const median = (x: readonly number[]): number =>
  [...x].sort((a, b) => a - b)[Math.floor(x.length / 2)] ?? Number.NaN;
