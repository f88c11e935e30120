/** Fitting the critic to the returns: minibatch Adam on the mean squared error. */
import { defaultEngine, type Engine, jit, mean, square, subtract, valueAndGrad } from '@natgrad/autodiff';
import { foldIn, type Key, type Scalar, type Tensor } from '@natgrad/tensor';
import { type AdamState, adamUpdate } from './adam.js';
import type { TrpoConfig } from './config.js';
import { clipped, minibatches, takeRows } from './minibatches.js';
import type { Model, ParameterTree } from './model.js';
import { isFiniteTree } from './vector.js';

/** The options of a configuration that concern the fit, and the rate that holds now. */
export interface ValueFitOptions extends Pick<TrpoConfig, 'valueEpochs' | 'valueMinibatch' | 'valueGradientClip'> {
  readonly learningRate: number;
}

/** The rate after so many environment steps: constant, or falling linearly to 0. */
export const learningRateAt = (
  { valueLearningRate, valueDecaySteps }: Pick<TrpoConfig, 'valueLearningRate' | 'valueDecaySteps'>,
  steps: number,
): number =>
  valueDecaySteps === null ? valueLearningRate : valueLearningRate * Math.max(0, 1 - steps / valueDecaySteps);

/** A critic after a fit by Adam. */
export interface ValueFit {
  readonly parameters: ParameterTree;
  readonly optimiser: AdamState;
  /** False where the fit left the range of floats: then parameters and optimiser are the ones given. */
  readonly finite: boolean;
}

/** The loss of a critic on rows of a batch, with its gradient. */
export type ValueLoss = (
  parameters: ParameterTree,
  observations: Tensor,
  returns: Tensor,
) => { readonly value: Scalar; readonly gradient: ParameterTree };

/** Mean squared error of V and its gradient, compiled once for each size of minibatch. */
export const valueLoss = (model: Pick<Model, 'value'>, engine: Engine = defaultEngine()): ValueLoss =>
  jit(
    valueAndGrad(
      (parameters: ParameterTree, observations: Tensor, returns: Tensor): Scalar =>
        mean(square(subtract(model.value(parameters, observations), returns))),
    ),
    { engine },
  );

/**
 * Adam over minibatches of rows. Every epoch is in a fresh order, drawn from the key.
 *
 * @param observations `[N, width]`, normalised if that is on
 * @param returns `[N]`
 */
export const fitValue = (
  loss: ValueLoss,
  options: ValueFitOptions,
  start: { readonly value: ParameterTree; readonly valueOptimiser: AdamState },
  observations: Tensor,
  returns: Tensor,
  key: Key,
): ValueFit => {
  const { valueEpochs: epochs, valueMinibatch: minibatch, valueGradientClip: clip, learningRate } = options;
  const count = returns.size;
  let { value: parameters, valueOptimiser: state } = start;
  for (let epoch = 0; epoch < epochs; epoch += 1) {
    const pieces =
      minibatch === null || minibatch >= count ? [null] : minibatches(foldIn(key, epoch), count, minibatch);
    for (const rows of pieces) {
      const [x, y] = rows === null ? [observations, returns] : [takeRows(observations, rows), takeRows(returns, rows)];
      const { gradient } = loss(parameters, x, y);
      const next = adamUpdate({ learningRate }, state, parameters, clipped(gradient, clip));
      ({ parameters, state } = next);
    }
  }
  const finite = isFiniteTree([parameters, state.first, state.second]);
  return finite
    ? { parameters, optimiser: state, finite }
    : { parameters: start.value, optimiser: start.valueOptimiser, finite };
};

/** Mean squared error and explained variance 1 − Var(returns − V) / Var(returns), null for constant returns. */
export const valueQuality = (
  values: ArrayLike<number>,
  returns: ArrayLike<number>,
): { readonly loss: number; readonly explainedVariance: number | null } => {
  const count = returns.length;
  let [loss, meanReturn, meanError] = [0, 0, 0];
  for (let i = 0; i < count; i += 1) {
    const error = (returns[i] as number) - (values[i] as number);
    loss += (error * error) / count;
    meanReturn += (returns[i] as number) / count;
    meanError += error / count;
  }
  let [variance, unexplained] = [0, 0];
  for (let i = 0; i < count; i += 1) {
    variance += ((returns[i] as number) - meanReturn) ** 2 / count;
    unexplained += ((returns[i] as number) - (values[i] as number) - meanError) ** 2 / count;
  }
  const quotient = 1 - unexplained / variance;
  return { loss, explainedVariance: Number.isFinite(quotient) ? quotient : null };
};
