/** The diagonal of F + damping: Jacobi's preconditioner. */
import { matmul, multiply, square, sum, transpose } from '@natgrad/autodiff';
import { multiply as multiplyTensors, type Tensor, treeFlatten, treeUnflatten } from '@natgrad/tensor';
import { right } from 'fp-ts/lib/Either.js';
import type { Curvature, LayerCurvature } from './_curvature.js';
import { inverseDiagonal } from './_inverse.js';
import { curvaturePrograms } from './_programs.js';
import { unseen, type View } from './_structure.js';
import type { Preconditioner } from './preconditioner.js';

/**
 * The diagonal of F for the weights and bias of a layer: of element (i, j), the mean over rows of hᵢ² (Bᵀ M B)ⱼⱼ, which is exact
 * because the derivative of a row by it is hᵢ times the j-th column of B; of a bias the same with h = 1.
 */
const ofLayer = (
  { layer: { weight, bias }, activations, b, mb }: LayerCurvature,
  leaves: readonly Tensor[],
): readonly (readonly [leaf: number, diagonal: Tensor])[] => {
  const rows = activations.shape[0] as number;
  const byRow = sum(multiply(b, mb), 0);
  const found = (view: View, total: Tensor): readonly [number, Tensor] => [
    view.leaf,
    unseen(view, leaves[view.leaf] as Tensor, multiply(total, 1 / rows)),
  ];
  return [
    found(weight, matmul(transpose(square(activations)), byRow)),
    ...(bias === null ? [] : [found(bias, sum(byRow, 0))]),
  ];
};

/** The diagonal of F, by leaf. */
const diagonalOfF = ({ leaves, layers, diagonal }: Curvature): readonly Tensor[] => {
  const inLayers = new Map(layers.flatMap((each) => ofLayer(each, leaves)));
  return diagonal.map((own, leaf) => own ?? (inLayers.get(leaf) as Tensor));
};

/**
 * P = diag(F) + damping. Exact for weights and biases of dense layers and for parameters that every row gets a copy of, such as
 * log σ; for others (used twice, or in a loop) an unbiased estimate from two Fisher-vector products. Of batches with
 * 1024 rows or more only every k-th counts, k being the number of parameters of a row's distribution.
 */
export const diagonal: Preconditioner = {
  name: 'diagonal',
  prepare: (model, engine) => {
    const { structure: structureAt, summary } = curvaturePrograms(model, engine, diagonalOfF);
    return (input) => {
      const { rest } = structureAt(input);
      const inverses = summary(input).map((each, leaf) => inverseDiagonal(each, input.damping, rest.includes(leaf)));
      return right((residual) => {
        const { leaves, structure } = treeFlatten(residual);
        return treeUnflatten(
          structure,
          leaves.map((leaf, k) => multiplyTensors(leaf, inverses[k] as Tensor)),
        );
      });
    };
  },
};
