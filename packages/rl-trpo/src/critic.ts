/** Stage 6 for either kind of fit, on what the critic sees and in the units that it learns in. */
import type { CompiledModel } from './compiled.js';
import type { TrpoConfig } from './config.js';
import { iterationKeys } from './keys.js';
import type { ParameterTree } from './model.js';
import type { TrpoState } from './state.js';
import type { TrainingData } from './training-data.js';
import { fitValue, learningRateAt, type ValueFit } from './value-fit.js';
import { fitValueInRegion } from './value-trust-region.js';

/** A critic after its fit. */
export interface FittedCritic extends ValueFit {
  /** The rate of Adam that held; null for a fit by trust region. */
  readonly learningRate: number | null;
  /** (1/N) Σ (V − V_old)² / 2σ², which the trust region bounds; null for a fit by Adam. */
  readonly kl: number | null;
}

type CriticFit = (
  compiled: CompiledModel,
  options: TrpoConfig,
  state: TrpoState,
  data: TrainingData,
  theta: ParameterTree,
) => FittedCritic;

const byAdam: CriticFit = (compiled, options, state, { observations, critic }, theta) => {
  const learningRate = learningRateAt(options, state.steps);
  const inputs = compiled.criticInputs(theta, observations);
  const { valueFit: key } = iterationKeys(state.key);
  const fitted = fitValue(compiled.valueSweep, { ...options, learningRate }, state, inputs, critic.targets, key);
  return { ...fitted, learningRate, kl: null };
};

const byTrustRegion: CriticFit = (compiled, options, { valueOptimiser }, { observations, critic }, theta) => {
  const inputs = compiled.criticInputs(theta, observations);
  const problem = {
    linearise: (parameters: ParameterTree) => compiled.linearisedValues(parameters, inputs),
    values: (parameters: ParameterTree) => compiled.valuesOf(parameters, inputs),
    targets: critic.targets,
  };
  const { parameters, kl } = fitValueInRegion(problem, options, critic.parameters);
  return { parameters, kl, optimiser: valueOptimiser, finite: true, learningRate: null };
};

/** Fits the critic, with the features of the shared trunk at θ if there is one, to the targets of a batch. */
export const fittedCritic: CriticFit = (compiled, options, ...rest) =>
  (options.valueFit === 'trustRegion' ? byTrustRegion : byAdam)(compiled, options, ...rest);
