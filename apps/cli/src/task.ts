/** A description of a run, made real: environments, model, keys. */
import { type AnyEnvDefinition, type Env, makeEnv, vectorise, withHistory } from '@natgrad/envs';
import {
  type Evaluation,
  type EvaluationMode,
  evaluate,
  type Model,
  type Snapshot,
  startOfTraining,
  type TrainConfig,
  tryModelFor,
} from '@natgrad/rl-trpo';
import type { RunDescription, RunError } from '@natgrad/rl-trpo/runs';
import { foldIn, key } from '@natgrad/tensor';
import { type Either, isLeft } from 'fp-ts/lib/Either.js';
import { EXIT, Failure } from './failure.js';
import { findDefinition } from './settings.js';

export interface Task {
  readonly definition: AnyEnvDefinition;
  readonly env: Env;
  readonly model: Model;
  readonly training: TrainConfig;
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
export const environmentAndModel = ({
  environment: { id, options: own },
  options,
}: Pick<RunDescription, 'environment' | 'options'>): Pick<Task, 'env' | 'model'> => {
  const made = makeEnv(id, own);
  if (isLeft(made)) throw new Failure(made.left.message, EXIT.usage);
  const env = options.network === 'recurrent' ? withHistory(made.right, options.historySteps) : made.right;
  const model = tryModelFor(env, options);
  if (isLeft(model)) throw new Failure(model.left.message, EXIT.usage);
  return { env, model: model.right };
};

export const taskOf = ({ environment, algorithm, options, seed, steps }: RunDescription): Task => {
  const definition = findDefinition(environment.id);
  const { env, model } = environmentAndModel({ environment, options });
  const training = { envs: vectorise(env, options.environments), model, algorithm, options, key: key(seed), steps };
  return { definition, env, model, training, threshold: env.rewardThreshold };
};

/** Where a run stands: its snapshot, or its beginning. */
export const snapshotOf = ({ training }: Task, saved: Snapshot | null): Snapshot => saved ?? startOfTraining(training);

/** Episodes that a policy is judged by. They depend on the seed of the run, and have no random number in common with training. */
export const evaluateTask = (
  { env, model }: Task,
  description: RunDescription,
  snapshot: Snapshot,
  episodes: number,
  mode: EvaluationMode = 'deterministic',
): Evaluation =>
  evaluate({ env, model, ...description.options }, snapshot.state, {
    key: foldIn(key(description.seed), 0),
    episodes,
    mode,
  });

/** True or false where there is a threshold to reach. */
export const isSolved = ({ threshold }: Task, { mean }: Pick<Evaluation, 'mean'>): boolean | null =>
  threshold === null ? null : mean >= threshold;
