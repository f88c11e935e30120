/**
 * TRPO with a penalty in place of the constraint, whose multiplier adapts (Schulman, Wolski, Dhariwal, Radford and Klimov 2017,
 * section 4).
 */
import { multiply, subtract } from '@natgrad/autodiff';
import { item, type Scalar, scalar } from '@natgrad/tensor';
import { type Either, isLeft } from 'fp-ts/lib/Either.js';
import { adamState } from '../adam.js';
import type { CompiledSetup } from '../compiled.js';
import type { TrpoConfig } from '../config.js';
import { unsupportedBy } from '../contradictions.js';
import type { TrpoError } from '../errors.js';
import { finish, type StepResult } from '../finish.js';
import { type Algorithm, defineAlgorithm, type StepInput } from '../frame.js';
import { type AdamMemory, adamMemory, checkAdam, type MemoryForm } from '../memory.js';
import type { Distribution } from '../policy/distribution.js';
import { compileClimb, fitPolicy, movingFrom, optimiserAfter, type PolicyObjective, stepTo } from '../policy-fit.js';
import type { Known } from '../report.js';
import { estimateAdvantages, fitCritic, policyGradient } from '../stages.js';
import { meanKl, surrogate } from '../surrogate.js';

/** L − β · E[KL(old ‖ π)] (equation 8 of the paper), with `coefficients.beta` as β. */
export const penalisedSurrogate =
  (distribution: Distribution, { entropyBonus }: Pick<TrpoConfig, 'entropyBonus'>): PolicyObjective =>
  (parameters, rows, { beta }) =>
    subtract(
      surrogate({ ...rows, distribution, entropyBonus })(parameters),
      multiply(meanKl(distribution, rows.oldParameters, parameters), beta as Scalar),
    );

/** Beyond these the objective is one of its two terms alone, and β would need as many steps to come back. */
const [LEAST, MOST] = [1e-8, 1e8];

/**
 * The multiplier for the next step: doubled after a KL of more than 1.5 δ, halved after one of less than δ / 1.5, within
 * [1e-8, 1e8]. A KL that is not finite counts as too large.
 *
 * @example
 * ```ts
 * console.log([0.001, 0.01, 0.1].map((kl) => adaptPenalty(1, kl, 0.01))); // [ 0.5, 1, 2 ]
 * ```
 */
export const adaptPenalty = (beta: number, kl: number, delta: number): number => {
  const next = kl < delta / 1.5 ? beta / 2 : kl <= delta * 1.5 ? beta : beta * 2;
  return Math.min(MOST, Math.max(LEAST, next));
};

/** What KL-penalised TRPO alone reports. */
export type KlPenalisedOwn = {
  /** β of this step. */
  readonly penalty: number;
  /** β of the next one. */
  readonly nextPenalty: number;
  /** L − β · KL at the parameters that were kept, less its value at θ_old. */
  readonly penalisedImprovement: number;
  /** Passes over the batch that were made. */
  readonly epochs: number;
};

type Memory = { readonly beta: Scalar; readonly optimiser: AdamMemory };

const memoryOf = (beta: number, optimiser: AdamMemory): Memory => ({ beta: scalar(beta), optimiser });

const form: MemoryForm = {
  like: ({ policy }) => memoryOf(1, adamMemory(adamState(policy))),
  begin: ({ options }, { policy }) => memoryOf(options.klPenalty, adamMemory(adamState(policy))),
  check: (memory) => {
    const { beta, optimiser } = memory as Memory;
    const found = item(beta);
    return [
      ...checkAdam('state.memory.optimiser', optimiser),
      ...(found > 0
        ? []
        : [
            { code: 'outOfRange' as const, field: 'state.memory.beta', found: String(found), expected: 'a number > 0' },
          ]),
    ];
  },
};

const prepare = (
  setup: CompiledSetup,
): ((input: StepInput) => Either<TrpoError, StepResult<Known<'delta' | 'klShare'>>>) => {
  const { model, options } = setup;
  const climb = compileClimb(setup, penalisedSurrogate(model.distribution, options));
  return (input) => {
    const { beta, optimiser } = input.memory as Memory;
    const { delta } = input.state;
    // 1. and 2. as TRPO.
    const estimated = estimateAdvantages(input);
    if (isLeft(estimated)) return estimated;
    const data = estimated.right;
    const objective = policyGradient(input, data);
    if (isLeft(objective)) return objective;

    // 3. Several passes of minibatches up the penalised objective.
    const before = movingFrom(input, optimiser);
    const fit = fitPolicy(input, data, before, {
      climb,
      coefficients: { beta },
      epochs: options.policyEpochs,
      minibatch: options.policyMinibatch,
    });
    const taken = stepTo(input, data, objective.right, fit.theta);

    // 4. The multiplier follows from how far that went.
    const penalty = item(beta);
    const nextPenalty = adaptPenalty(penalty, taken === null ? Infinity : taken.kl, delta);
    const own: KlPenalisedOwn = {
      penalty,
      nextPenalty,
      penalisedImprovement: taken === null ? 0 : taken.gain - penalty * taken.kl,
      epochs: fit.epochs,
    };

    // 6. as TRPO.
    const critic = fitCritic(input, data, taken?.theta);
    return finish(input, {
      data,
      ...objective.right,
      taken,
      critic,
      memory: memoryOf(nextPenalty, optimiserAfter(before, taken, fit)),
      solve: { delta },
      own,
      warnings: taken === null ? ['policyStepUndone'] : [],
    });
  };
};

/**
 * A step of KL-penalised TRPO: no constraint, but a penalty on KL in the objective, climbed by the optimiser of PPO; its multiplier
 * is adapted so that the KL of a step comes near δ, the target. Options of its own: `klPenalty`, `policyEpochs`,
 * `policyMinibatch`, `policyLearningRate`, `policyOptimiser`, `policyGradientClip`. It keeps the multiplier and the moments of
 * Adam.
 *
 * @example
 * ```ts
 * const model = mlpModel({ observationSpace: { low: [0] }, actionSpace: { kind: 'discrete', n: 2 } });
 * const result = klPenalisedStep({ model, klPenalty: 0 })({} as TrpoState, {} as Batch);
 * console.log(result._tag === 'Left' && result.left.issues[0].field); // klPenalty
 * ```
 */
export const klPenalisedStep: Algorithm<Known<'delta' | 'klShare'>> = defineAlgorithm({
  name: 'kl-penalised',
  memory: form,
  refuses: unsupportedBy('kl-penalised', { trunk: false }),
  prepare,
});
