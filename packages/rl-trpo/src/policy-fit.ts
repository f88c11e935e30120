/** Climbing an objective with a first-order optimiser: what vanilla policy gradient, PPO and KL-penalised TRPO have in common. */
import { jit, multiply, negate, scan, subtract, valueAndGrad } from '@natgrad/autodiff';
import { foldIn, item, type Scalar, treeMap } from '@natgrad/tensor';
import {
  type AdamPoint,
  type AdamRates,
  type AdamState,
  adamMove,
  adamSchedule,
  adamState,
  adamUpdate,
} from './adam.js';
import type { CompiledSetup, PolicyData } from './compiled.js';
import type { TrpoConfig } from './config.js';
import type { TakenStep } from './finish.js';
import type { StepInput } from './frame.js';
import { iterationKeys } from './keys.js';
import { type AdamMemory, adamMemory, adamOf, checkAdam, type MemoryForm } from './memory.js';
import { clipped, inPieces, minibatches } from './minibatches.js';
import type { ParameterTree } from './model.js';
import type { DistributionParameters } from './policy/distribution.js';
import type { PolicyGradient } from './stages.js';
import { addScaled, inner, isFiniteTree } from './vector.js';

/** What an objective is made of: the rows of a batch, or of a piece of it. */
export type PolicyRows = Pick<
  PolicyData,
  'observations' | 'actions' | 'logProbabilities' | 'oldParameters' | 'advantages'
>;

/** Numbers of an objective that change from step to step, such as a multiplier. */
export type Coefficients = { readonly [name: string]: Scalar };

/** An objective to climb, as a function of the distributions' parameters: the policy network is not in it. */
export type PolicyObjective = (
  parameters: DistributionParameters,
  rows: PolicyRows,
  coefficients: Coefficients,
) => Scalar;

/** The gradient of −objective: what an optimiser goes down. */
export type Descent = (theta: ParameterTree, rows: PolicyRows, coefficients: Coefficients) => ParameterTree;

const descentOf =
  (model: CompiledSetup['model'], objective: PolicyObjective): Descent =>
  (theta, rows, coefficients) =>
    valueAndGrad(
      (each: ParameterTree): Scalar => negate(objective(model.policy(each, rows.observations), rows, coefficients)),
    )(theta).gradient;

/** Compiles the gradient of an objective, once for each number of rows. */
export const compileDescent = (
  { model, engine }: Pick<CompiledSetup, 'model' | 'engine'>,
  objective: PolicyObjective,
): Descent => {
  const program = jit(descentOf(model, objective), { engine });
  return (theta, rows, coefficients) => program(theta, rows, coefficients);
};

/** A policy and the optimiser that moves it. */
export interface Moving {
  readonly theta: ParameterTree;
  readonly optimiser: AdamState;
}

/** One update down a gradient, clipped first if that is on: Adam's, or the learning rate times the gradient. */
export const updatePolicy = (
  {
    policyOptimiser,
    policyLearningRate: learningRate,
    policyGradientClip,
  }: Pick<TrpoConfig, 'policyOptimiser' | 'policyLearningRate' | 'policyGradientClip'>,
  { theta, optimiser }: Moving,
  gradient: ParameterTree,
): Moving => {
  const slope = clipped(gradient, policyGradientClip);
  if (policyOptimiser === 'plain') return { theta: addScaled(theta, -learningRate, slope), optimiser };
  const { parameters, state } = adamUpdate({ learningRate }, optimiser, theta, slope);
  return { theta: parameters, optimiser: state };
};

/** Updates by pieces of a batch, one after another: rows `[K, size, …]`. */
export type Climb = (from: Moving, rows: PolicyRows, coefficients: Coefficients) => Moving;

/** {@link compileDescent} and {@link updatePolicy} for one piece after another, as one program. */
export const compileClimb = (
  { model, engine, options }: Pick<CompiledSetup, 'model' | 'engine' | 'options'>,
  objective: PolicyObjective,
): Climb => {
  const { policyOptimiser, policyLearningRate: learningRate, policyGradientClip } = options;
  const slope = descentOf(model, objective);
  const move = (rates: AdamRates, from: AdamPoint, gradient: ParameterTree): AdamPoint =>
    policyOptimiser === 'adam'
      ? adamMove(rates, from, gradient)
      : {
          ...from,
          parameters: treeMap((x, g) => subtract(x, multiply(g, rates.learningRate)), from.parameters, gradient),
        };
  const program = jit(
    (schedule: AdamRates, from: AdamPoint, all: PolicyRows, coefficients: Coefficients): AdamPoint =>
      scan(
        (point: AdamPoint, [rates, rows]: readonly [AdamRates, PolicyRows]) => {
          const gradient = clipped(slope(point.parameters, rows, coefficients), policyGradientClip);
          return [move(rates, point, gradient), null] as const;
        },
        from,
        [schedule, all] as const,
      ).carry,
    { engine },
  );
  return ({ theta, optimiser: { count, first, second } }, rows, coefficients) => {
    const updates = rows.advantages.shape[0] as number;
    const schedule = adamSchedule({ learningRate }, count, updates, theta);
    const moved = program(schedule, { parameters: theta, first, second }, rows, coefficients);
    return {
      theta: moved.parameters,
      optimiser: {
        count: policyOptimiser === 'adam' ? count + updates : count,
        first: moved.first,
        second: moved.second,
      },
    };
  };
};

/** How long to climb, and in which steps. */
export interface PolicyFitOptions {
  readonly climb: Climb;
  readonly coefficients?: Coefficients;
  readonly epochs: number;
  /** Rows; null for the whole batch. */
  readonly minibatch: number | null;
  /** Asked after each epoch; true ends the fit. */
  readonly enough?: (theta: ParameterTree) => boolean;
}

/** A policy after some passes. */
export interface PolicyFit extends Moving {
  /** Passes made. */
  readonly epochs: number;
}

/** Passes over a batch, each in a fresh random order, with an update for each minibatch of rows. */
export const fitPolicy = (
  { probe, state }: StepInput,
  { observations, actions, logProbabilities, oldParameters, advantages }: PolicyRows,
  start: Moving,
  { climb, coefficients = {}, epochs, minibatch, enough = () => false }: PolicyFitOptions,
): PolicyFit =>
  probe('policyFit', () => {
    const all: PolicyRows = { observations, actions, logProbabilities, oldParameters, advantages };
    const key = iterationKeys(state.key).policyFit;
    let now = start;
    for (let epoch = 1; epoch <= epochs; epoch += 1) {
      for (const pieces of minibatches(foldIn(key, epoch), advantages.size, minibatch))
        now = climb(
          now,
          treeMap((x) => inPieces(x, pieces), all),
          coefficients,
        );
      if (enough(now.theta)) return { ...now, epochs: epoch };
    }
    return { ...now, epochs };
  });

/**
 * The step to a new policy without a search: taken wherever it leads, unless a number on the way or there is not finite; then
 * null, and the policy stays.
 */
export const stepTo = (
  { setup: { compiled }, probe, state }: StepInput,
  data: PolicyData,
  { surrogateBefore, gradient }: PolicyGradient,
  theta: ParameterTree,
): TakenStep | null => {
  if (!isFiniteTree(theta)) return null;
  const measured = probe('policyFit', () => compiled.measure(theta, data));
  const [kl, gain] = [item(measured.kl), item(measured.surrogate) - surrogateBefore];
  const expectedGain = inner(gradient, addScaled(theta, -1, state.policy));
  return [kl, gain, expectedGain].every(Number.isFinite) ? { theta, kl, gain, expectedGain } : null;
};

/** A memory that is the optimiser of the policy, alone or beside other numbers. */
export const optimiserMemory: MemoryForm = {
  like: ({ policy }) => adamMemory(adamState(policy)),
  check: (memory) => checkAdam('state.memory', memory as AdamMemory),
};

/** Where a fit begins: the policy of the state, and the optimiser as the last step left it. */
export const movingFrom = ({ state, memory }: StepInput, optimiser: AdamMemory = memory as AdamMemory): Moving => ({
  theta: state.policy,
  optimiser: adamOf(optimiser),
});

/** The optimiser after a step; where the step was undone, that before it. */
export const optimiserAfter = (before: Moving, taken: TakenStep | null, after: Moving): AdamMemory => {
  const memory = adamMemory(after.optimiser);
  return taken === null || !isFiniteTree(memory) ? adamMemory(before.optimiser) : memory;
};
