/** TRPO as `step.ts` of the library composes it, with room for stages of one's own: how the broken runs are made. */
import {
  type Algorithm,
  backtrack,
  type CompiledSetup,
  candidatesAlong,
  defineAlgorithm,
  estimateAdvantages,
  finish,
  fitCritic,
  type NaturalGradient,
  naturalDirection,
  type OwnValue,
  type PolicyGradient,
  type PolicyMetric,
  policyGradient,
  policyMetric,
  type StepInput,
  type StepResult,
  sizeStep,
  solveReport,
  type TakenStep,
  type TrpoReport,
} from '@natgrad/rl-trpo';
import type { Result } from './result.js';

/** The stages of TRPO, in the order of a step. */
export interface Stages {
  readonly estimateAdvantages: typeof estimateAdvantages;
  readonly policyGradient: typeof policyGradient;
  readonly policyMetric: typeof policyMetric;
  readonly naturalDirection: typeof naturalDirection;
  readonly candidatesAlong: typeof candidatesAlong;
  readonly sizeStep: typeof sizeStep;
  readonly backtrack: typeof backtrack;
  readonly fitCritic: typeof fitCritic;
}

/** As the library has them. */
export const SOUND: Stages = {
  estimateAdvantages,
  policyGradient,
  policyMetric,
  naturalDirection,
  candidatesAlong,
  sizeStep,
  backtrack,
  fitCritic,
};

/** What `estimateAdvantages` finds. */
export type Estimated = Extract<ReturnType<Stages['estimateAdvantages']>, { readonly _tag: 'Right' }>['right'];

/** What a step has found when its report is made. */
export interface Found {
  readonly data: Estimated;
  readonly objective: PolicyGradient;
  readonly metric: PolicyMetric;
  readonly natural: NaturalGradient;
  readonly taken: TakenStep | null;
}

/** Stages in place of the sound ones, and numbers to report beside the usual ones. */
export interface Replacement extends Partial<Stages> {
  readonly own?: (input: StepInput, found: Found) => Readonly<Record<string, OwnValue>>;
}

const update =
  ({ own, ...replaced }: Replacement) =>
  (input: StepInput): Result<StepResult<TrpoReport>> => {
    const stages = { ...SOUND, ...replaced };
    const estimated = stages.estimateAdvantages(input);
    if (estimated._tag === 'Left') return estimated;
    const data = estimated.right;
    const objective = stages.policyGradient(input, data);
    if (objective._tag === 'Left') return objective;
    const { atOld, gradient, surrogateBefore } = objective.right;
    const metric = stages.policyMetric(input, data, atOld);
    if (metric._tag === 'Left') return metric;
    const natural = stages.naturalDirection(input, metric.right, gradient);
    const candidate = stages.candidatesAlong(input, data, surrogateBefore, natural.solve.x);
    const size = stages.sizeStep(input, natural, candidate);
    const outcome = stages.backtrack(input, natural, size, candidate);
    const taken =
      outcome.status === 'accepted' ? { ...outcome, theta: candidate(outcome.fraction * size.scale).parameters } : null;
    const found = { data, objective: objective.right, metric: metric.right, natural, taken };
    return finish(input, {
      data,
      ...objective.right,
      taken,
      critic: stages.fitCritic(input, data, taken?.theta),
      natural,
      solve: solveReport({ state: input.state, metric: metric.right, natural, size, outcome }),
      ...(own === undefined ? {} : { own: own(input, found) }),
    });
  };

/**
 * TRPO with some stages replaced.
 *
 * @param replace makes the replacements for a setup, once: the place to compile programs of their own
 */
export const trpoWith = (name: string, replace: (setup: CompiledSetup) => Replacement): Algorithm<TrpoReport> =>
  defineAlgorithm({ name, prepare: (setup) => update(replace(setup)) });
