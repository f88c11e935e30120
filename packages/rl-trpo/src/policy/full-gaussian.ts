/** The Gaussian with any covariance, through its Cholesky factor. */
import {
  add,
  broadcastTo,
  exp,
  expandDims,
  expm1,
  gather,
  linearize,
  matrixTranspose,
  mean,
  multiply,
  reshape,
  select,
  slice,
  square,
  subtract,
  sum,
  triangularSolve,
} from '@natgrad/autodiff';
import { eye, fromTypedArray, item, normalAt, type Tensor } from '@natgrad/tensor';
import { adopt, elements } from '@natgrad/tensor/internal';
import { right } from 'fp-ts/lib/Either.js';
import type { DistributionWithEntropy, PackedDistribution } from './distribution.js';
import type { Head, HeadMaker, HeadOptions } from './head.js';

/**
 * `mean` μ `[N, d]` and `factor` `[N, d(d+1)/2]`: the lower-triangular L of Σ = L Lᵀ, as the logarithms of its diagonal, which
 * therefore is positive, and then what is below it, row by row.
 */
export type FullGaussianParameters = { readonly mean: Tensor; readonly factor: Tensor };

const HALF_LOG_TWO_PI = 0.5 * Math.log(2 * Math.PI);

/** Numbers in a triangle of `d` rows, its diagonal included. */
const triangleSize = (d: number): number => (d * (d + 1)) / 2;

/** Where element (i, j), j ≤ i, of L lies in a row of `factor`. */
const placeOf = (d: number, i: number, j: number): number => (i === j ? i : d + (i * (i - 1)) / 2 + j);

/** What is constant about matrices of width d. */
interface Triangle {
  readonly d: number;
  /** For each element of a d × d matrix its place in `factor`; 0 above the diagonal, where `below` is false. */
  readonly places: Tensor;
  readonly diagonal: Tensor;
  readonly below: Tensor;
}

const triangleOf = (d: number): Triangle => {
  const cells = Array.from({ length: d * d }, (_, k) => [Math.floor(k / d), k % d] as const);
  const mask = (holds: (i: number, j: number) => boolean): Tensor =>
    adopt(
      Uint8Array.from(cells, ([i, j]) => (holds(i, j) ? 1 : 0)),
      'bool',
      [d, d],
    );
  return {
    d,
    places: fromTypedArray(
      Int32Array.from(cells, ([i, j]) => (j > i ? 0 : placeOf(d, i, j))),
      [d * d],
    ),
    diagonal: mask((i, j) => i === j),
    below: mask((i, j) => j < i),
  };
};

/** L `[N, d, d]`. The branches that are not taken stay finite, or their derivatives are 0·∞. */
const matrixOf =
  ({ d, places, diagonal, below }: Triangle) =>
  (factor: Tensor): Tensor => {
    const spread = reshape(gather(factor, places, 1), [factor.shape[0] as number, d, d]);
    return select(diagonal, exp(select(diagonal, spread, 0)), select(below, spread, 0));
  };

/** L⁻¹x for rows x `[N, d]`, as columns `[N, d, 1]`. */
const whiten = (l: Tensor, x: Tensor): Tensor => triangularSolve(l, expandDims(x, 2));

/** Σ log Lᵢᵢ = ½ log det Σ. */
const halfLogDeterminant = (factor: Tensor, d: number): Tensor =>
  sum(slice(factor, [0, 0], [factor.shape[0] as number, d]), 1);

/**
 * The Gaussian of width `d` with covariance Σ = L Lᵀ.
 *
 * @throws `Singular` where an element of the diagonal underflows to 0, from log Lᵢᵢ of −745 on
 * @example
 * ```ts
 * const gaussian = fullGaussianDistribution(2);
 * const [round, shifted] = [{ mean: zeros([1, 2]), factor: zeros([1, 3]) }, { mean: ones([1, 2]), factor: zeros([1, 3]) }];
 * console.log(item(gaussian.kl(round, shifted))); // 1
 * ```
 */
export const fullGaussianDistribution = (d: number): DistributionWithEntropy<FullGaussianParameters> => {
  const triangle = triangleOf(d);
  const factorOf = matrixOf(triangle);
  return {
    name: 'fullGaussian',
    action: { dtype: 'float', shape: [d] },
    parameterShapes: { mean: [d], factor: [triangleSize(d)] },
    // −½ ‖L⁻¹(a − μ)‖² − log det L − ½ d log 2π
    logProbability: (parameters, actions) => {
      const z = whiten(factorOf(parameters.factor), subtract(actions, parameters.mean));
      return subtract(
        multiply(sum(square(z), [1, 2]), -0.5),
        add(halfLogDeterminant(parameters.factor, d), d * HALF_LOG_TWO_PI),
      );
    },
    // log det L + ½ d (1 + log 2π)
    entropy: ({ factor }) => add(halfLogDeterminant(factor, d), d * (0.5 + HALF_LOG_TWO_PI)),
    // ½ (‖W‖² − d) − Σ log Wᵢᵢ + ½ ‖L⁻¹(μ_old − μ)‖² with W = L⁻¹ L_old, triangular as both are. The diagonal of W is a ratio of
    // exponentials: expm1 keeps the digits when it is near 1.
    kl: (old, next) => {
      const l = factorOf(next.factor);
      const below = select(triangle.below, triangularSolve(l, factorOf(old.factor)), 0);
      const z = whiten(l, subtract(old.mean, next.mean));
      const rows = old.factor.shape[0] as number;
      const logRatio = slice(subtract(old.factor, next.factor), [0, 0], [rows, d]);
      const scales = sum(subtract(multiply(expm1(multiply(logRatio, 2)), 0.5), logRatio), 1);
      return add(scales, multiply(add(sum(square(below), [1, 2]), sum(square(z), [1, 2])), 0.5));
    },
    // Σ⁻¹ for μ. For Σ it is ½ tr(Σ⁻¹ dΣ Σ⁻¹ dΣ′) = ⟨dL, L⁻ᵀ(A + Aᵀ)⟩ with A = L⁻¹ dL′, because dΣ = dL Lᵀ + L dLᵀ; the
    // linearised map from `factor` to L does the rest.
    fisher: (parameters, tangent) => {
      const unpacked = linearize(factorOf, parameters.factor);
      const l = unpacked.value;
      const a = triangularSolve(l, unpacked.apply(tangent.factor));
      return {
        mean: reshape(triangularSolve(l, whiten(l, tangent.mean), { transposed: true }), tangent.mean.shape),
        factor: unpacked.transpose(triangularSolve(l, add(a, matrixTranspose(a)), { transposed: true })),
      };
    },
    // The mean of the diagonal of Σ⁻¹ = L⁻ᵀ L⁻¹.
    fisherScale: ({ factor }) => {
      const l = factorOf(factor);
      const inverse = triangularSolve(l, broadcastTo(eye(d, factor.dtype === 'f32' ? 'f32' : 'f64'), l.shape));
      return item(mean(sum(square(inverse), 1)));
    },
    sample: ({ mean: average, factor }, keys) => {
      const data = packed(d).sample({ mean: elements(average), factor: elements(factor) }, keys);
      return adopt(average.dtype === 'f32' ? Float32Array.from(data) : data, average.dtype, [keys.length, d]);
    },
    deterministicAction: (parameters) => parameters.mean,
    packed: packed(d),
  };
};

type Packed = { readonly [name in keyof FullGaussianParameters]: ArrayLike<number> };

const packed = (d: number): PackedDistribution => {
  const size = triangleSize(d);
  /** Element (i, j) below the diagonal of one row's L. */
  const below = (factor: ArrayLike<number>, row: number, i: number, j: number): number =>
    factor[row * size + placeOf(d, i, j)] as number;
  return {
    // μ + L ε
    sample: (parameters, keys) => {
      const { mean: average, factor } = parameters as Packed;
      const actions = new Float64Array(keys.length * d);
      keys.forEach((key, row) => {
        const noise = Float64Array.from({ length: d }, (_, j) => normalAt(key, j));
        for (let i = 0, at = row * d; i < d; i += 1, at += 1) {
          let sum = Math.exp(factor[row * size + i] as number) * (noise[i] as number);
          for (let j = 0; j < i; j += 1) sum += below(factor, row, i, j) * (noise[j] as number);
          actions[at] = (average[at] as number) + sum;
        }
      });
      return actions;
    },
    // L⁻¹(a − μ) by forward substitution
    logProbability: (parameters, actions) => {
      const { mean: average, factor } = parameters as Packed;
      const z = new Float64Array(d);
      return Float64Array.from({ length: actions.length / d }, (_, row) => {
        let total = 0;
        for (let i = 0, at = row * d; i < d; i += 1, at += 1) {
          let rest = (actions[at] as number) - (average[at] as number);
          for (let j = 0; j < i; j += 1) rest -= below(factor, row, i, j) * (z[j] as number);
          const log = factor[row * size + i] as number;
          z[i] = rest / Math.exp(log);
          total -= 0.5 * (z[i] as number) ** 2 + log + HALF_LOG_TWO_PI;
        }
        return total;
      });
    },
    deterministicAction: (parameters) => Float64Array.from((parameters as Packed).mean),
  };
};

/** L begins as σ times the identity. */
const headOf = (d: number, free: readonly string[], { initialLogDeviation }: HeadOptions): Head => ({
  distribution: fullGaussianDistribution(d),
  free,
  initial: { factor: Array.from({ length: triangleSize(d) }, (_, k) => (k < d ? initialLogDeviation : 0)) },
});

/** μ from the network; L is learnt by itself and the same in every state. */
export const fullGaussianHead: HeadMaker<'box'> = {
  kind: 'box',
  make: ({ low }, options) => right(headOf(low.length, ['factor'], options)),
};

/** μ and L from the network. */
export const stateDependentFullGaussianHead: HeadMaker<'box'> = {
  kind: 'box',
  make: ({ low }, options) => right(headOf(low.length, [], options)),
};
