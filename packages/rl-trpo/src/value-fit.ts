/** Fitting the critic to the returns: minibatch Adam on the mean squared error. */
import { defaultEngine, type Engine, jit, mean, square, subtract, valueAndGrad } from '@natgrad/autodiff';
import { foldIn, type Key, type Scalar, type Tensor } from '@natgrad/tensor';
import { type AdamPoint, type AdamRates, type AdamState, adamMove, adamRates } from './adam.js';
import type { TrpoConfig } from './config.js';
import { clipped, minibatches, takeRows } from './minibatches.js';
import type { Model, ParameterTree } from './model.js';
import { isFiniteTree } from './vector.js';

/** The options of a configuration that concern the fit, and the rate that holds now. */
export interface ValueFitOptions extends Pick<TrpoConfig, 'valueEpochs' | 'valueMinibatch'> {
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

const lossOf =
  (model: Pick<Model, 'value'>) =>
  (parameters: ParameterTree, observations: Tensor, returns: Tensor): Scalar =>
    mean(square(subtract(model.value(parameters, observations), returns)));

/** Mean squared error of V and its gradient, compiled once for each number of rows. */
export const valueLoss = (model: Pick<Model, 'value'>, engine: Engine = defaultEngine()): ValueLoss =>
  jit(valueAndGrad(lossOf(model)), { engine });

/** One update of a critic by some rows of a batch. */
export type ValueStep = (rates: AdamRates, from: AdamPoint, observations: Tensor, returns: Tensor) => AdamPoint;

/**
 * The gradient of the loss, clipped to a norm if that is on, and the update by Adam, as one program, so that parameters and moments
 * stay where the engine has them from one minibatch to the next.
 */
export const valueStep = (
  model: Pick<Model, 'value'>,
  {
    engine = defaultEngine(),
    valueGradientClip = null,
  }: Partial<Pick<TrpoConfig, 'valueGradientClip'>> & {
    readonly engine?: Engine;
  } = {},
): ValueStep => {
  const gradientOf = valueAndGrad(lossOf(model));
  return jit(
    (rates: AdamRates, from: AdamPoint, observations: Tensor, returns: Tensor): AdamPoint =>
      adamMove(rates, from, clipped(gradientOf(from.parameters, observations, returns).gradient, valueGradientClip)),
    { engine },
  );
};

/**
 * Adam over minibatches of rows. Every epoch is in a fresh order, drawn from the key.
 *
 * @param observations `[N, width]`, normalised if that is on
 * @param returns `[N]`
 */
export const fitValue = (
  step: ValueStep,
  options: ValueFitOptions,
  start: { readonly value: ParameterTree; readonly valueOptimiser: AdamState },
  observations: Tensor,
  returns: Tensor,
  key: Key,
): ValueFit => {
  const { valueEpochs: epochs, valueMinibatch: minibatch, learningRate } = options;
  const count = returns.size;
  const { first, second } = start.valueOptimiser;
  let point: AdamPoint = { parameters: start.value, first, second };
  let updates = start.valueOptimiser.count;
  for (let epoch = 0; epoch < epochs; epoch += 1) {
    const pieces =
      minibatch === null || minibatch >= count ? [null] : minibatches(foldIn(key, epoch), count, minibatch);
    for (const rows of pieces) {
      const [x, y] = rows === null ? [observations, returns] : [takeRows(observations, rows), takeRows(returns, rows)];
      point = step(adamRates({ learningRate }, updates, start.value), point, x, y);
      updates += 1;
    }
  }
  const optimiser = { count: updates, first: point.first, second: point.second };
  const finite = isFiniteTree(point);
  return finite
    ? { parameters: point.parameters, optimiser, finite }
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
