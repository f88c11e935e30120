/** A Gaussian whose actions are squashed into their bounds by tanh. */
import { add, multiply, subtract, sum } from '@natgrad/autodiff';
import type { Tensor } from '@natgrad/tensor';
import { invalid } from '@natgrad/tensor/internal';
import { left, right } from 'fp-ts/lib/Either.js';
import {
  type DiagonalGaussianParameters,
  diagonalGaussianDistribution,
  initialDeviation,
} from './diagonal-gaussian.js';
import type { ActionBijection, DistributionWithEntropy, PackedDistribution } from './distribution.js';
import { expectedLogCosh } from './expected-log-cosh.js';
import type { HeadMaker } from './head.js';
import { logCosh, plainLogCosh } from './softplus.js';

/** Finite bounds of each element of an action. */
export interface SquashBounds {
  readonly low: readonly number[];
  readonly high: readonly number[];
}

/** The first element that has no finite bounds in order, −1 if all have. */
const firstUnbounded = (low: readonly number[], high: readonly number[]): number =>
  low.findIndex((least, j) => !(Number.isFinite(least) && Number.isFinite(high[j]) && least < (high[j] as number)));

/** a = centre + scale · tanh u */
const squashing = ({ low, high }: SquashBounds): ActionBijection & { readonly logScale: number } => {
  const width = low.length;
  const scales = low.map((least, j) => ((high[j] as number) - least) / 2);
  const logScale = scales.reduce((sum, scale) => sum + Math.log(scale), 0);
  return {
    logScale,
    forward: (actions) =>
      Float64Array.from(actions, (u, i) => {
        const j = i % width;
        const [least, most] = [low[j] as number, high[j] as number];
        return Math.min(most, Math.max(least, least + (scales[j] as number) * (Math.tanh(u) + 1)));
      }),
    // Σ log(scale (1 − tanh² u))
    logDeterminant: (actions) => add(multiply(sum(logCosh(actions), 1), -2), logScale),
  };
};

/**
 * a = centre + scale · tanh u with u from a diagonal Gaussian: actions within bounds, and a density that knows it, in place of a
 * Gaussian that is clipped (Haarnoja, Zhou, Abbeel and Levine 2018, "Soft actor-critic", appendix C).
 *
 * Batches and all functions here have u, the action before squashing: tanh saturates in floating point, so u could not be got
 * back. Environments are told a (`bijection.forward`). `logProbability` is the density of a; in ratios of two policies the
 * Jacobian cancels, so that KL and the Fisher metric are those of the Gaussian. The entropy is that of a, by quadrature with an
 * error below 1e-12 per element (`expectedLogCosh`). The deterministic action is μ, for which the environment is told
 * centre + scale · tanh μ: the median, and not the mode.
 *
 * @throws `InvalidArgument` unless all bounds are finite, and low < high
 * @example
 * ```ts
 * const squashed = squashedGaussianDistribution({ low: [-2], high: [2] });
 * console.log(squashed.bijection?.forward([0, 100])); // Float64Array(2) [ 0, 2 ]
 * ```
 */
export const squashedGaussianDistribution = (
  bounds: SquashBounds,
): DistributionWithEntropy<DiagonalGaussianParameters> => {
  const { low, high } = bounds;
  const bad = firstUnbounded(low, high);
  if (bad >= 0 || low.length !== high.length) {
    const found =
      bad < 0
        ? `${low.length} lower and ${high.length} upper bounds`
        : `[${low[bad]}, ${high[bad]}] for element ${bad}`;
    const expected = 'finite bounds with low < high for each element';
    throw invalid('squashedGaussianDistribution', `the bounds are ${found}, expected ${expected}`, {
      argument: 'bounds',
      found,
      expected,
    });
  }
  const base = diagonalGaussianDistribution(low.length);
  const { logScale, ...bijection } = squashing(bounds);
  return {
    ...base,
    name: 'squashedGaussian',
    logProbability: (parameters, actions) =>
      subtract(base.logProbability(parameters, actions), bijection.logDeterminant(actions)),
    // H(u) + E[log |det|]
    entropy: (parameters) => {
      const { mean, logDeviation } = parameters;
      const shrinking: Tensor = multiply(sum(expectedLogCosh(mean, logDeviation), 1), -2);
      return add(add(base.entropy(parameters), shrinking), logScale);
    },
    bijection,
    packed: packed(low.length, base.packed as PackedDistribution, logScale),
  };
};

const packed = (width: number, base: PackedDistribution, logScale: number): PackedDistribution => ({
  ...base,
  logProbability: (parameters, actions) =>
    base.logProbability(parameters, actions).map((logDensity, row) => {
      let total = 0;
      for (let at = row * width; at < (row + 1) * width; at += 1) total -= 2 * plainLogCosh(actions[at] as number);
      return logDensity - (total + logScale);
    }),
});

/** μ before squashing from the network; log σ is learnt by itself and the same in every state. */
export const squashedGaussianHead: HeadMaker<'box'> = {
  kind: 'box',
  make: ({ low, high = [] }, options) => {
    const bad = firstUnbounded(low, high);
    return bad < 0
      ? right({
          distribution: squashedGaussianDistribution({ low, high }),
          free: ['logDeviation'],
          initial: initialDeviation(low.length, options),
        })
      : left({
          code: 'contradiction',
          field: 'distribution',
          found: `'squashedGaussian' for actions whose element ${bad} lies between ${low[bad]} and ${high[bad] ?? 'no known bound'}`,
          expected: "finite bounds to squash into; for other actions 'diagonalGaussian' or 'fullGaussian'",
        });
  },
};
