/** Expectations under a distribution: exact sums, a fine grid, or samples with their standard error. */
import {
  add,
  broadcastTo,
  expandDims,
  type Key,
  linspace,
  reshape,
  split,
  type Tensor,
  treeMap,
} from '@natgrad/tensor';
import { adopt, elements } from '@natgrad/tensor/internal';
import type { Distribution, DistributionParameters } from '../policy/distribution.js';
import { everyAction } from '../policy/every-action.js';
import { require, requireClose } from './check.js';

/** Samples behind each Monte Carlo check. */
const SAMPLES = 4000;
/** Standard errors that a Monte Carlo mean may be off: 6 happen once in 5·10⁸ checks. */
const ERRORS = 6;

/** Most actions that are summed over one by one. */
const MOST_ACTIONS = 1024;

/** Actions to sum a function over, with weights: exact for choices and (to 1e-9) for one number, else samples. */
export interface Measure {
  readonly actions: Tensor;
  readonly count: number;
  readonly weights: (parameters: DistributionParameters) => readonly number[];
  readonly exact: boolean;
}

/** The same parameters `count` times, all rows each time. */
export const repeatRows = (parameters: DistributionParameters, count: number): DistributionParameters =>
  treeMap((x) => {
    const row = elements(x);
    const data = new Float64Array(count * x.size);
    for (let i = 0; i < count; i += 1) data.set(row, i * x.size);
    return adopt(data, 'f64', [count * (x.shape[0] as number), ...x.shape.slice(1)]);
  }, parameters);

/** Each row `count` times in a row. */
export const repeatEach = (x: Tensor, count: number): Tensor => {
  const [rows, ...shape] = x.shape as readonly [number, ...number[]];
  return reshape(broadcastTo(expandDims(x, 1), [rows, count, ...shape]), [rows * count, ...shape]);
};

/** Half-width of the grid over one continuous action, and its points: step 0.02 for deviations from e⁻² = 0.135 on. */
const REACH = 60;
const POINTS = 6001;

/** log of the density over actions as batches have them: where the environment is told another one, the volumes differ. */
const logDensity = (distribution: Distribution, p: DistributionParameters, actions: Tensor): Tensor => {
  const logP = distribution.logProbability(p, actions);
  return distribution.bijection === undefined ? logP : add(logP, distribution.bijection.logDeterminant(actions));
};

/** How to take expectations under a distribution of one row. */
export const measureOf = (distribution: Distribution, parameters: DistributionParameters, sampleKey: Key): Measure => {
  const { dtype, shape } = distribution.action;
  const density =
    (count: number, actions: Tensor, step: number) =>
    (p: DistributionParameters): readonly number[] =>
      Array.from(elements(logDensity(distribution, repeatRows(p, count), actions)), (x) => step * Math.exp(x));
  const every = everyAction(distribution.action, MOST_ACTIONS);
  if (every !== null) return { ...every, weights: density(every.count, every.actions, 1), exact: true };
  if (dtype === 'float' && shape.length === 1 && shape[0] === 1) {
    const actions = reshape(linspace(-REACH, REACH, POINTS), [POINTS, 1]);
    return { actions, count: POINTS, weights: density(POINTS, actions, (2 * REACH) / (POINTS - 1)), exact: true };
  }
  const actions = distribution.sample(repeatRows(parameters, SAMPLES), split(sampleKey, SAMPLES));
  return { actions, count: SAMPLES, weights: () => new Array<number>(SAMPLES).fill(1 / SAMPLES), exact: false };
};

/** Weighted mean of `values` against an expected number: to `tolerance` where exact, else within six standard errors. */
export const requireExpectation = (
  what: string,
  measure: Measure,
  weights: readonly number[],
  values: readonly number[],
  expected: number,
  tolerance = 1e-7,
): void => {
  const mean = values.reduce((total, x, i) => total + (weights[i] === 0 ? 0 : (weights[i] as number) * x), 0);
  if (measure.exact) {
    requireClose(what, mean, expected, tolerance);
    return;
  }
  const variance = values.reduce((total, x) => total + (x - mean) ** 2, 0) / (values.length - 1);
  const allowed = ERRORS * Math.sqrt(variance / values.length) + 1e-9 * (1 + Math.abs(expected));
  require(Math.abs(mean - expected) <= allowed, () =>
    `${what}: mean ${mean} of ${values.length} samples, expected ${expected} ± ${allowed}`);
};
