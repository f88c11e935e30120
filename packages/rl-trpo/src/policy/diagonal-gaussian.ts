/** Independent normal distributions of each element of an action. */
import { add, divide, exp, expm1, mean, multiply, negate, square, subtract, sum } from '@natgrad/autodiff';
import { item, normalAt, type Tensor } from '@natgrad/tensor';
import { adopt, elements } from '@natgrad/tensor/internal';
import { right } from 'fp-ts/lib/Either.js';
import type { DistributionWithEntropy, PackedDistribution } from './distribution.js';
import type { Head, HeadMaker, HeadOptions } from './head.js';

/** `mean` μ and `logDeviation` log σ, `[N, width]` each. */
export type DiagonalGaussianParameters = { readonly mean: Tensor; readonly logDeviation: Tensor };

const HALF_LOG_TWO_PI = 0.5 * Math.log(2 * Math.PI);

/**
 * The Gaussian with a diagonal covariance. A policy whose σ does not depend on the state repeats it in each row.
 *
 * @example
 * ```ts
 * const gaussian = diagonalGaussianDistribution(1);
 * const [narrow, wide] = [{ mean: zeros([1, 1]), logDeviation: zeros([1, 1]) }, { mean: ones([1, 1]), logDeviation: zeros([1, 1]) }];
 * console.log(item(gaussian.kl(narrow, wide))); // 0.5
 * ```
 */
export const diagonalGaussianDistribution = (width: number): DistributionWithEntropy<DiagonalGaussianParameters> => ({
  name: 'diagonalGaussian',
  action: { dtype: 'float', shape: [width] },
  parameterShapes: { mean: [width], logDeviation: [width] },
  // −½((a − μ)/σ)² − log σ − ½ log 2π
  logProbability: ({ mean, logDeviation }, actions) => {
    const z = multiply(subtract(actions, mean), exp(negate(logDeviation)));
    return sum(subtract(multiply(square(z), -0.5), add(logDeviation, HALF_LOG_TWO_PI)), 1);
  },
  // log σ + ½ + ½ log 2π
  entropy: ({ logDeviation }) => sum(add(logDeviation, 0.5 + HALF_LOG_TWO_PI), 1),
  // ½(ρ² − 1 − log ρ²) + ½((μ_old − μ)/σ)² with ρ = σ_old/σ; expm1 keeps the digits when ρ is near 1.
  kl: (old, next) => {
    const logRatio = subtract(old.logDeviation, next.logDeviation);
    const z = multiply(subtract(old.mean, next.mean), exp(negate(next.logDeviation)));
    return sum(add(subtract(multiply(expm1(multiply(logRatio, 2)), 0.5), logRatio), multiply(square(z), 0.5)), 1);
  },
  // M = diag(1/σ²) for μ, 2 for log σ
  fisher: ({ logDeviation }, tangent) => ({
    mean: divide(tangent.mean, square(exp(logDeviation))),
    logDeviation: multiply(tangent.logDeviation, 2),
  }),
  fisherScale: ({ logDeviation }) => item(mean(exp(multiply(logDeviation, -2)))),
  sample: ({ mean, logDeviation }, keys) => {
    const data = packed(width).sample({ mean: elements(mean), logDeviation: elements(logDeviation) }, keys);
    return adopt(mean.dtype === 'f32' ? Float32Array.from(data) : data, mean.dtype, [keys.length, width]);
  },
  deterministicAction: ({ mean }) => mean,
  packed: packed(width),
});

type Packed = { readonly [name in keyof DiagonalGaussianParameters]: ArrayLike<number> };

const packed = (width: number): PackedDistribution => ({
  sample: (parameters, keys) => {
    const { mean, logDeviation } = parameters as Packed;
    const actions = new Float64Array(keys.length * width);
    keys.forEach((key, row) => {
      for (let j = 0, at = row * width; j < width; j += 1, at += 1)
        actions[at] = (mean[at] as number) + Math.exp(logDeviation[at] as number) * normalAt(key, j);
    });
    return actions;
  },
  logProbability: (parameters, actions) => {
    const { mean, logDeviation } = parameters as Packed;
    const results = new Float64Array(actions.length / width);
    for (let row = 0, at = 0; row < results.length; row += 1) {
      let sum = 0;
      for (let j = 0; j < width; j += 1, at += 1) {
        const log = logDeviation[at] as number;
        const z = ((actions[at] as number) - (mean[at] as number)) * Math.exp(-log);
        sum += -0.5 * z * z - (log + HALF_LOG_TWO_PI);
      }
      results[row] = sum;
    }
    return results;
  },
  deterministicAction: (parameters) => Float64Array.from((parameters as Packed).mean),
});

/** log σ of every element at the beginning. */
export const initialDeviation = (width: number, { initialLogDeviation }: HeadOptions): Head['initial'] => ({
  logDeviation: new Array<number>(width).fill(initialLogDeviation),
});

/** μ from the network; log σ is learnt by itself and the same in every state. */
export const diagonalGaussianHead: HeadMaker<'box'> = {
  kind: 'box',
  make: ({ low: { length: width } }, options) =>
    right({
      distribution: diagonalGaussianDistribution(width),
      free: ['logDeviation'],
      initial: initialDeviation(width, options),
    }),
};

/** μ and log σ from the network. */
export const stateDependentGaussianHead: HeadMaker<'box'> = {
  kind: 'box',
  make: ({ low: { length: width } }, options) =>
    right({
      distribution: diagonalGaussianDistribution(width),
      free: [],
      initial: initialDeviation(width, options),
    }),
};
