/** A description of a run, made real: environments, model, keys. */
import { type AnyEnvDefinition, type Env, vectorise } from '@natgrad/envs';
import {
  type Evaluation,
  type EvaluationMode,
  type EvaluationProgress,
  evaluation,
  finished,
  type Model,
  type Snapshot,
  type SpecTrainConfig,
  startOfTraining,
  type TrpoConfig,
  tryModelFor,
} from '@natgrad/rl-trpo';
import { loadEnvironment, type RunDescription, type RunError } from '@natgrad/rl-trpo/runs';
import { foldIn, key } from '@natgrad/tensor';
import { type Either, isLeft } from 'fp-ts/lib/Either.js';
import { EXIT, Failure, headline } from './failure.js';
import { findDefinition } from './settings.js';

export interface Task {
  readonly definition: AnyEnvDefinition;
  readonly env: Env;
  readonly model: Model;
  readonly training: SpecTrainConfig & { readonly options: TrpoConfig };
  /** Mean return from which it counts as solved; null if nobody has agreed on a number. */
  readonly threshold: number | null;
}

/** The value, or a failure that says what is wrong with a run's folder. */
export const orFail = <T>(result: Either<RunError, T>): T => {
  if (isLeft(result))
    throw new Failure(result.left.message, result.left.code === 'NotFound' ? EXIT.usage : EXIT.failed);
  return result.right;
};

/** The environment as the network sees it, with its history for a recurrent one, and the model for it. */
export const environmentAndModel = async ({
  environment,
  options,
}: Pick<RunDescription, 'environment' | 'options'>): Promise<Pick<Task, 'env' | 'model'>> => {
  const env = await loadEnvironment(environment, options)();
  if (isLeft(env)) throw new Failure(headline(env.left), EXIT.usage);
  const model = tryModelFor(env.right, options);
  if (isLeft(model)) throw new Failure(model.left.message, EXIT.usage);
  return { env: env.right, model: model.right };
};

export const taskOf = async ({ environment, algorithm, options, seed, steps }: RunDescription): Promise<Task> => {
  const { env, model } = await environmentAndModel({ environment, options });
  const training = { environment, algorithm, options, key: key(seed), steps };
  return { definition: findDefinition(environment.id), env, model, training, threshold: env.rewardThreshold };
};

/** Where a run stands: its snapshot, or its beginning. */
export const snapshotOf = ({ env, training }: Task, saved: Snapshot | null): Snapshot => {
  if (saved !== null) return saved;
  const { environment: _, ...rest } = training;
  return startOfTraining({ ...rest, envs: vectorise(env, training.options.environments) });
};

/**
 * Episodes that a policy is judged by, step by step. They depend on the seed of the run, and have no random number in common with
 * training.
 */
export const evaluationOf = (
  { env, model }: Task,
  description: RunDescription,
  snapshot: Snapshot,
  episodes: number,
  mode: EvaluationMode = 'deterministic',
): Generator<EvaluationProgress, Evaluation> =>
  evaluation({ env, model, ...description.options }, snapshot.state, {
    key: foldIn(key(description.seed), 0),
    episodes,
    mode,
  });

/** The whole of {@link evaluationOf}. */
export const evaluateTask = (...args: Parameters<typeof evaluationOf>): Evaluation => finished(evaluationOf(...args));

/** True or false where there is a threshold to reach. */
export const isSolved = ({ threshold }: Task, { mean }: Pick<Evaluation, 'mean'>): boolean | null =>
  threshold === null ? null : mean >= threshold;
