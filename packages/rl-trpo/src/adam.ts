/** Adam (Kingma and Ba 2015), as a pure function of its state. */
import { type Tensor, treeFlatten, treeUnflatten } from '@natgrad/tensor';
import { adopt, allocate, elements } from '@natgrad/tensor/internal';
import type { ParameterTree } from './model.js';
import { zerosLike } from './vector.js';

/** What Adam keeps from one update to the next. */
export interface AdamState {
  /** Updates made. */
  readonly count: number;
  /** Decaying mean of gradients. */
  readonly first: ParameterTree;
  /** Decaying mean of squared gradients. */
  readonly second: ParameterTree;
}

/** Where Adam begins: moments of zero, like the parameters. */
export const adamState = (parameters: ParameterTree): AdamState => ({
  count: 0,
  first: zerosLike(parameters),
  second: zerosLike(parameters),
});

/** Coefficients of Adam; those that are not given have the defaults of its paper. */
export interface AdamOptions {
  readonly learningRate: number;
  /** β₁, default 0.9. */
  readonly firstDecay?: number;
  /** β₂, default 0.999. */
  readonly secondDecay?: number;
  /** ε, default 1e-8. */
  readonly epsilon?: number;
}

/** One update down the gradient (algorithm 1 of the paper, bias corrected). */
export const adamUpdate = <P extends ParameterTree>(
  { learningRate, firstDecay = 0.9, secondDecay = 0.999, epsilon = 1e-8 }: AdamOptions,
  state: AdamState,
  parameters: P,
  gradient: P,
): { readonly parameters: P; readonly state: AdamState } => {
  const count = state.count + 1;
  const firstBias = 1 - firstDecay ** count;
  const secondBias = 1 - secondDecay ** count;
  const { leaves, structure } = treeFlatten(parameters);
  const [gradients, firsts, seconds] = [gradient, state.first, state.second].map((tree) => treeFlatten(tree).leaves);
  const updated = leaves.map((leaf, k) => {
    const [x, g, m, v] = [leaf, gradients?.[k], firsts?.[k], seconds?.[k]].map((each) =>
      elements(each as Tensor, 'adamUpdate'),
    );
    const [nextX, nextM, nextV] = [0, 1, 2].map(() => allocate(leaf.dtype, leaf.size));
    if (!x || !g || !m || !v || !nextX || !nextM || !nextV) return [leaf, leaf, leaf] as const;
    for (let i = 0; i < x.length; i += 1) {
      const slope = g[i] as number;
      const mean = firstDecay * (m[i] as number) + (1 - firstDecay) * slope;
      const square = secondDecay * (v[i] as number) + (1 - secondDecay) * slope * slope;
      nextM[i] = mean;
      nextV[i] = square;
      nextX[i] = (x[i] as number) - (learningRate * (mean / firstBias)) / (Math.sqrt(square / secondBias) + epsilon);
    }
    const wrap = (data: typeof nextX): Tensor => adopt(data, leaf.dtype, leaf.shape);
    return [wrap(nextX), wrap(nextM), wrap(nextV)] as const;
  });
  const tree = (which: 0 | 1 | 2): ParameterTree =>
    treeUnflatten(
      structure,
      updated.map((each) => each[which]),
    );
  return { parameters: tree(0) as P, state: { count, first: tree(1), second: tree(2) } };
};
