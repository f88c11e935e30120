/** Adam (Kingma and Ba 2015), as a pure function of its state. */
import { add, divide, multiply, sqrt, square, subtract } from '@natgrad/autodiff';
import { type DType, reshape, type Tensor, treeLeaves, treeMap } from '@natgrad/tensor';
import { adopt, allocate, powerPortable } from '@natgrad/tensor/internal';
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

/** What changes from one update to the next, as scalars: programs are compiled once for all updates. */
export interface AdamRates {
  readonly learningRate: Tensor;
  /** 1 − β₁ᵗ and 1 − β₂ᵗ in the t-th update. */
  readonly firstBias: Tensor;
  readonly secondBias: Tensor;
}

/** Parameters and the two moments of their gradient. */
export interface AdamPoint<P extends ParameterTree = ParameterTree> {
  readonly parameters: P;
  readonly first: ParameterTree;
  readonly second: ParameterTree;
}

/** The rates of `updates` updates after the first `count`, one behind the other, in the dtype of the parameters. */
export const adamSchedule = (
  { learningRate, firstDecay = 0.9, secondDecay = 0.999 }: AdamOptions,
  count: number,
  updates: number,
  parameters: ParameterTree,
): AdamRates => {
  const dtype: DType = treeLeaves(parameters)[0]?.dtype ?? 'f64';
  const each = (rate: (t: number) => number): Tensor => {
    const rates = allocate(dtype, updates);
    for (let i = 0; i < updates; i += 1) rates[i] = rate(count + i + 1);
    return adopt(rates, dtype, [updates]);
  };
  return {
    learningRate: each(() => learningRate),
    firstBias: each((t) => 1 - powerPortable(firstDecay, t)),
    secondBias: each((t) => 1 - powerPortable(secondDecay, t)),
  };
};

/** The rates of the update after the first `count`. */
export const adamRates = (options: AdamOptions, count: number, parameters: ParameterTree): AdamRates => {
  const { learningRate, firstBias, secondBias } = adamSchedule(options, count, 1, parameters);
  const scalarOf = (x: Tensor): Tensor => reshape(x, []);
  return { learningRate: scalarOf(learningRate), firstBias: scalarOf(firstBias), secondBias: scalarOf(secondBias) };
};

/** One update down the gradient (algorithm 1 of the paper, bias corrected), of operations that can be traced and compiled. */
export const adamMove = <P extends ParameterTree>(
  { learningRate, firstBias, secondBias }: AdamRates,
  { parameters, first, second }: AdamPoint<P>,
  gradient: P,
  { firstDecay = 0.9, secondDecay = 0.999, epsilon = 1e-8 }: Omit<AdamOptions, 'learningRate'> = {},
): AdamPoint<P> => {
  const blend = (decay: number, old: Tensor, now: Tensor): Tensor =>
    add(multiply(old, decay), multiply(now, 1 - decay));
  const means = treeMap((m, g) => blend(firstDecay, m, g), first, gradient);
  const squares = treeMap((v, g) => blend(secondDecay, v, square(g)), second, gradient);
  const from: ParameterTree = parameters;
  const moved = treeMap(
    (x, m, v) =>
      subtract(x, divide(multiply(divide(m, firstBias), learningRate), add(sqrt(divide(v, secondBias)), epsilon))),
    from,
    means,
    squares,
  );
  return { parameters: moved as P, first: means, second: squares };
};

/** {@link adamMove}, and what it leaves as the next state. */
export const adamUpdate = <P extends ParameterTree>(
  options: AdamOptions,
  { count, first, second }: AdamState,
  parameters: P,
  gradient: P,
): { readonly parameters: P; readonly state: AdamState } => {
  const moved = adamMove(adamRates(options, count, parameters), { parameters, first, second }, gradient, options);
  return { parameters: moved.parameters, state: { count: count + 1, first: moved.first, second: moved.second } };
};
