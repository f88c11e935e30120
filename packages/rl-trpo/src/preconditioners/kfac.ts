/** Kronecker factors of F (Martens and Grosse 2015, "Optimizing neural networks with Kronecker-factored approximate curvature"). */
import {
  add,
  concatenate,
  type Engine,
  jit,
  matmul,
  mean,
  multiply,
  reshape,
  slice,
  transpose,
} from '@natgrad/autodiff';
import { type FloatDType, ones, type Tensor, treeFlatten, treeUnflatten } from '@natgrad/tensor';
import { type Either, left, right } from 'fp-ts/lib/Either.js';
import { issueError, type TrpoError } from '../errors.js';
import type { Curvature } from './_curvature.js';
import { inverseDiagonal, inverseTriangle, leastDamping, meanDiagonal } from './_inverse.js';
import { curvaturePrograms, perStructure } from './_programs.js';
import { type DenseLayer, type PolicyStructure, seen, unseen } from './_structure.js';
import type { Preconditioner } from './preconditioner.js';

/** Of one layer: a matrix for the side of its inputs, and one for the side of its outputs. */
interface Pair {
  readonly a: Tensor;
  readonly g: Tensor;
}

interface Factors {
  readonly layers: readonly Pair[];
  /** For parameters outside layers; null for the others. */
  readonly diagonal: readonly (Tensor | null)[];
}

/**
 * A = E[h hᵀ] and G = E[Bᵀ M B] of each layer (section 3, equation 1: the block of F is about A ⊗ G). G is the expectation over
 * the policy's own actions in closed form, all columns of B weighted by the metric M, and not that over the actions of the batch,
 * which has the same mean and noise besides: the noise would cost products of conjugate gradient, which cost more than the columns.
 */
const factorsOf = ({ layers, diagonal }: Curvature): Factors => ({
  layers: layers.map(({ layer, activations, b, mb }) => {
    const [columns, rows, size] = b.shape as readonly [number, number, number];
    const flat = (x: Tensor): Tensor => reshape(x, [columns * rows, size]);
    const g = multiply(matmul(transpose(flat(b)), flat(mb)), 1 / rows);
    // g is symmetric but for rounding.
    return { a: secondMoment(activations, layer.bias !== null), g: multiply(add(g, transpose(g)), 0.5) };
  }),
  diagonal,
});

/** E[h hᵀ], of h with a 1 at its end where there is a bias. */
const secondMoment = (h: Tensor, withOne: boolean): Tensor => {
  const [rows, inputs] = h.shape as readonly [number, number];
  const own = multiply(matmul(transpose(h), h), 1 / rows);
  if (!withOne) return own;
  const first = reshape(mean(h, 0), [inputs, 1]);
  const last = concatenate([transpose(first), ones([1, 1], h.dtype)], 1);
  return concatenate([concatenate([own, first], 1), last], 0);
};

/**
 * Inverse Cholesky factors of A + π√λ and G + √λ/π (section 6.3, factored Tikhonov damping) with π² the quotient of their mean
 * diagonals, for which the error of the product is least in the trace norm.
 */
const damped = ({ a, g }: Pair, damping: number): Pair => {
  const [sizeA, sizeG] = [meanDiagonal(a), meanDiagonal(g)];
  const root = Math.sqrt(leastDamping(damping, sizeA * sizeG, a.dtype as FloatDType));
  const pi = sizeA > 0 && sizeG > 0 ? Math.sqrt(sizeA / sizeG) : 1;
  return { a: inverseTriangle(a, pi * root), g: inverseTriangle(g, root / pi) };
};

/** A⁻¹ R G⁻¹ with A⁻¹ = TᵀT, for the weights with the bias as their last row. */
const solved = ({ a, g }: Pair, residual: Tensor): Tensor =>
  matmul(transpose(a), matmul(matmul(matmul(a, residual), transpose(g)), g));

/** P⁻¹ r of one layer's leaves. */
const applyLayer = (
  { weight, bias }: DenseLayer,
  pair: Pair,
  leaves: readonly Tensor[],
): readonly (readonly [leaf: number, value: Tensor])[] => {
  const w = leaves[weight.leaf] as Tensor;
  const matrix = seen(weight, w);
  const [inputs, outputs] = matrix.shape as readonly [number, number];
  if (bias === null) return [[weight.leaf, unseen(weight, w, solved(pair, matrix))]];
  const b = leaves[bias.leaf] as Tensor;
  const all = solved(pair, concatenate([matrix, reshape(seen(bias, b), [1, outputs])], 0));
  return [
    [weight.leaf, unseen(weight, w, slice(all, [0, 0], [inputs, outputs]))],
    [bias.leaf, unseen(bias, b, slice(all, [inputs, 0], [inputs + 1, outputs]))],
  ];
};

/** r ↦ P⁻¹ r on leaves, from inverse factors. */
const applying =
  (engine: Engine) =>
  ({ layers }: PolicyStructure): ((inverse: Factors, leaves: readonly Tensor[]) => readonly Tensor[]) =>
    jit(
      (inverse: Factors, leaves: readonly Tensor[]): readonly Tensor[] => {
        const found = new Map(layers.flatMap((layer, k) => applyLayer(layer, inverse.layers[k] as Pair, leaves)));
        return leaves.map((leaf, k) => found.get(k) ?? multiply(leaf, inverse.diagonal[k] as Tensor));
      },
      { engine },
    );

const withoutLayers = (): Either<TrpoError, never> =>
  left(
    issueError('InvalidConfig', {
      code: 'contradiction',
      field: 'preconditioner',
      found: "'kfac' for a policy whose trace has no dense layer",
      expected:
        "'diagonal' or 'none', or a policy with a product h·W of activations [N, inputs] and a parameter that is used only there",
    }),
  );

/**
 * P = (A + π√λ) ⊗ (G + √λ/π) for each dense layer, weights and bias together, and the diagonal of F + λ for all other parameters.
 * Layers are found in the trace of the policy: products of activations with a parameter, compiled and checkpointed functions
 * included. Exactly F, where λ = 0 and the policy is one layer whose distribution's metric is the same for each row.
 */
export const kfac: Preconditioner = {
  name: 'kfac',
  prepare: (model, engine) => {
    const { structure, summary } = curvaturePrograms(model, engine, factorsOf);
    const programOf = perStructure(applying(engine));
    return (input) => {
      const found = structure(input);
      if (found.layers.length === 0) return withoutLayers();
      const { layers, diagonal } = summary(input);
      const inverse: Factors = {
        layers: layers.map((pair) => damped(pair, input.damping)),
        diagonal: diagonal.map((each, leaf) =>
          each === null ? null : inverseDiagonal(each, input.damping, found.rest.includes(leaf)),
        ),
      };
      const apply = programOf(found);
      return right((residual) => {
        const flat = treeFlatten(residual);
        return treeUnflatten(flat.structure, apply(inverse, flat.leaves));
      });
    };
  },
};
