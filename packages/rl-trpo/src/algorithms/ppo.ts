/** Proximal policy optimisation with a clipped objective (Schulman, Wolski, Dhariwal, Radford and Klimov 2017, section 3). */
import { exp, jit, maximum, mean, minimum, multiply, subtract } from '@natgrad/autodiff';
import { item, type Scalar, type Tensor } from '@natgrad/tensor';
import { elements } from '@natgrad/tensor/internal';
import { type Either, isLeft } from 'fp-ts/lib/Either.js';
import type { CompiledSetup } from '../compiled.js';
import type { TrpoConfig } from '../config.js';
import { unsupportedBy } from '../contradictions.js';
import { withEntropyBonus } from '../entropy-bonus.js';
import type { TrpoError } from '../errors.js';
import { finish, type StepResult } from '../finish.js';
import { type Algorithm, defineAlgorithm, type StepInput } from '../frame.js';
import type { ParameterTree } from '../model.js';
import type { Distribution, DistributionParameters } from '../policy/distribution.js';
import {
  compileClimb,
  fitPolicy,
  movingFrom,
  optimiserAfter,
  optimiserMemory,
  type PolicyRows,
  stepTo,
} from '../policy-fit.js';
import { estimateAdvantages, fitCritic, policyGradient } from '../stages.js';

/** π(a|s) / π_old(a|s), `[N]`. */
const ratios = (
  distribution: Distribution,
  parameters: DistributionParameters,
  { actions, logProbabilities }: Pick<PolicyRows, 'actions' | 'logProbabilities'>,
): Tensor => exp(subtract(distribution.logProbability(parameters, actions), logProbabilities));

/**
 * E[min(ρ A, clip(ρ, 1 − ε, 1 + ε) A)] + β E[H] with the ratio ρ = π(a|s) / π_old(a|s) (equation 7 of the paper): a bound from
 * below of the surrogate, from which moving ρ further out of the range gains nothing.
 */
export const clippedSurrogate =
  (distribution: Distribution, { clipRange, entropyBonus }: Pick<TrpoConfig, 'clipRange' | 'entropyBonus'>) =>
  (parameters: DistributionParameters, rows: PolicyRows): Scalar => {
    const ratio = ratios(distribution, parameters, rows);
    const within = maximum(minimum(ratio, 1 + clipRange), 1 - clipRange);
    const objective = mean(minimum(multiply(ratio, rows.advantages), multiply(within, rows.advantages)));
    return withEntropyBonus(objective, distribution, parameters, entropyBonus);
  };

/** What PPO alone reports. */
export type PpoOwn = {
  /** Passes over the batch that were made. */
  readonly epochs: number;
  /** True if `targetKl` ended the passes. */
  readonly stoppedEarly: boolean;
  /** Share of the rows whose ratio lies outside the clip range after the step. */
  readonly clipFraction: number;
};

const prepare = (setup: CompiledSetup): ((input: StepInput) => Either<TrpoError, StepResult>) => {
  const { model, options, engine, compiled } = setup;
  const { clipRange, targetKl } = options;
  const climb = compileClimb(setup, clippedSurrogate(model.distribution, options));
  const ratiosAt = jit(
    (theta: ParameterTree, observations: Tensor, actions: Tensor, logProbabilities: Tensor): Tensor =>
      ratios(model.distribution, model.policy(theta, observations), { actions, logProbabilities }),
    { engine },
  );
  return (input) => {
    // 1. and 2. as TRPO, for the report: PPO's own gradient at θ_old is this one.
    const estimated = estimateAdvantages(input);
    if (isLeft(estimated)) return estimated;
    const data = estimated.right;
    const surrogate = policyGradient(input, data);
    if (isLeft(surrogate)) return surrogate;

    // 3. Several passes of minibatches up the clipped objective.
    const before = movingFrom(input);
    const fit = fitPolicy(input, data, before, {
      climb,
      epochs: options.policyEpochs,
      minibatch: options.policyMinibatch,
      enough: (theta) => targetKl !== null && !(item(compiled.measure(theta, data).kl) <= targetKl),
    });
    const taken = stepTo(input, data, surrogate.right, fit.theta);
    const { observations, actions, logProbabilities } = data;
    const after = elements(ratiosAt(taken?.theta ?? input.state.policy, observations, actions, logProbabilities));
    const own: PpoOwn = {
      epochs: fit.epochs,
      stoppedEarly: fit.epochs < options.policyEpochs,
      clipFraction: after.filter((ratio: number) => Math.abs(ratio - 1) > clipRange).length / after.length,
    };

    // 6. as TRPO.
    const critic = fitCritic(input, data, taken?.theta);
    return finish(input, {
      data,
      ...surrogate.right,
      taken,
      critic,
      memory: optimiserAfter(before, taken, fit),
      own,
      warnings: taken === null ? ['policyStepUndone'] : [],
    });
  };
};

/**
 * A step of PPO-clip: TRPO's data, but in place of a trust region the objective itself says how far to go. Options of its own:
 * `clipRange`, `policyEpochs`, `policyMinibatch`, `policyLearningRate`, `policyOptimiser`, `policyGradientClip`, `targetKl`. It
 * keeps the moments of Adam.
 *
 * @example
 * ```ts
 * const model = mlpModel({ observationSpace: { low: [0] }, actionSpace: { kind: 'discrete', n: 2 } });
 * const result = ppoStep({ model, clipRange: 0 })({} as TrpoState, {} as Batch);
 * console.log(result._tag === 'Left' && result.left.issues[0].field); // clipRange
 * ```
 */
export const ppoStep: Algorithm = defineAlgorithm({
  name: 'ppo',
  memory: optimiserMemory,
  refuses: unsupportedBy('ppo', { trunk: false }),
  prepare,
});
