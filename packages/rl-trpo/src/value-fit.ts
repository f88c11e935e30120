/** Fitting the critic to the returns: minibatch Adam on the mean squared error. */
import { defaultEngine, type Engine, jit, mean, scan, square, subtract, valueAndGrad } from '@natgrad/autodiff';
import { foldIn, type Key, type Scalar, type Tensor } from '@natgrad/tensor';
import { type AdamPoint, type AdamRates, type AdamState, adamMove, adamSchedule } from './adam.js';
import type { TrpoConfig } from './config.js';
import { clipped, inPieces, minibatches } from './minibatches.js';
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

/** One update of a critic by some rows of a batch. Can be traced. */
export type ValueMove = (rates: AdamRates, from: AdamPoint, observations: Tensor, returns: Tensor) => AdamPoint;

/** The gradient of the loss, clipped to a norm if that is on, and the update by Adam. */
export const valueMove = (
  model: Pick<Model, 'value'>,
  { valueGradientClip = null }: Partial<Pick<TrpoConfig, 'valueGradientClip'>> = {},
): ValueMove => {
  const gradientOf = valueAndGrad(lossOf(model));
  return (rates, from, observations, returns) =>
    adamMove(rates, from, clipped(gradientOf(from.parameters, observations, returns).gradient, valueGradientClip));
};

/**
 * Updates of a critic by pieces of a batch, one after another: rates `[K]`, observations `[K, size, width]`, returns `[K, size]`.
 */
export type ValueSweep = ValueMove;

/**
 * {@link valueMove} for one piece after another in one program: a minibatch is so small that calling a program for it would take
 * longer than what the program does.
 */
export const valueSweep = (
  model: Pick<Model, 'value'>,
  {
    engine = defaultEngine(),
    ...options
  }: Partial<Pick<TrpoConfig, 'valueGradientClip'>> & {
    readonly engine?: Engine;
  } = {},
): ValueSweep => {
  const move = valueMove(model, options);
  return jit(
    (schedule: AdamRates, from: AdamPoint, observations: Tensor, returns: Tensor): AdamPoint =>
      scan(
        (point: AdamPoint, [rates, x, y]: readonly [AdamRates, Tensor, Tensor]) =>
          [move(rates, point, x, y), null] as const,
        from,
        [schedule, observations, returns] as const,
      ).carry,
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
  sweep: ValueSweep,
  options: ValueFitOptions,
  start: { readonly value: ParameterTree; readonly valueOptimiser: AdamState },
  observations: Tensor,
  returns: Tensor,
  key: Key,
): ValueFit => {
  const { valueEpochs: epochs, valueMinibatch, learningRate } = options;
  const { first, second } = start.valueOptimiser;
  let point: AdamPoint = { parameters: start.value, first, second };
  let { count } = start.valueOptimiser;
  for (let epoch = 0; epoch < epochs; epoch += 1) {
    for (const pieces of minibatches(foldIn(key, epoch), returns.size, valueMinibatch)) {
      const updates = pieces?.count ?? 1;
      const schedule = adamSchedule({ learningRate }, count, updates, start.value);
      point = sweep(schedule, point, inPieces(observations, pieces), inPieces(returns, pieces));
      count += updates;
    }
  }
  const optimiser = { count, first: point.first, second: point.second };
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
