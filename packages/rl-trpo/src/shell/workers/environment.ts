/** The environment of a run, from data alone. */
import { type Env, type EnvSpec, loadEnv, type VectorEnv, vectorise, withHistory } from '@natgrad/envs';
import type { NatgradError } from '@natgrad/tensor';
import { isLeft } from 'fp-ts/lib/Either.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { TrpoConfig } from '../../config.js';

/**
 * The environment that a specification names, as the network sees it: a recurrent one is shown the latest `historySteps`
 * observations.
 *
 * @returns `Left` as `loadEnv` does
 * @example
 * ```ts
 * import { loadEnvironment } from '@natgrad/rl-trpo/runs';
 * const env = await loadEnvironment({ id: 'CartPole-v1' }, { network: 'recurrent', historySteps: 3 })();
 * console.log(env._tag === 'Right' && env.right.observationSpace.shape); // [ 3, 5 ]
 * ```
 */
export const loadEnvironment = (
  spec: EnvSpec,
  { network, historySteps }: Pick<TrpoConfig, 'network' | 'historySteps'>,
): TE.TaskEither<NatgradError, Env> =>
  TE.map((env: Env) => (network === 'recurrent' ? withHistory(env, historySteps) : env))(loadEnv(spec));

/**
 * The environments of a configuration, made in this process: for what training needs to know of them, for the start of the first
 * episodes, and for rollouts without workers.
 *
 * @throws what `loadEnv` has as data
 */
export const environmentsOf = async (environment: EnvSpec, options: TrpoConfig): Promise<VectorEnv> => {
  const env = await loadEnvironment(environment, options)();
  if (isLeft(env)) throw env.left;
  return vectorise(env.right, options.environments);
};
