/** From the options to a model. */
import { type Either, isLeft, left } from 'fp-ts/lib/Either.js';
import { defaultConfig, type TrpoConfig } from '../config.js';
import { issueError, type TrpoError } from '../errors.js';
import type { Model } from '../model.js';
import { type Spaces, tryMlpModel } from './mlp-model.js';
import { modelOrThrow } from './model-or-throw.js';
import { type HistorySpaces, tryRecurrentModel } from './recurrent-model.js';

/** Spaces of any environment, with or without history; every `Env` of `@natgrad/envs` has them. */
export type AnySpaces = Spaces & Pick<HistorySpaces, 'observationSpace'>;

/**
 * The model that the option `network` names: {@link mlpModel} or {@link recurrentModel}.
 *
 * @returns `Left` where the model does not fit the spaces: a distribution for other actions, or a recurrent network for
 * observations that are no windows of `historySteps` steps
 * @example
 * ```ts
 * const cartPole = { observationSpace: { shape: [4], low: [0, 0, 0, 0] }, actionSpace: { kind: 'discrete', n: 2 } } as const;
 * const model = tryModelFor(cartPole, { network: 'recurrent' });
 * console.log(model._tag === 'Left' && model.left.issues[0].found); // [4]
 * ```
 */
export const tryModelFor = (spaces: AnySpaces, options: Partial<TrpoConfig> = {}): Either<TrpoError, Model> => {
  const { network, historySteps } = { ...defaultConfig, ...options };
  if (network === 'mlp') return tryMlpModel(spaces, options);
  const model = tryRecurrentModel(spaces, options);
  const [steps] = spaces.observationSpace.shape;
  return isLeft(model) || steps === historySteps
    ? model
    : left(
        issueError('InvalidConfig', {
          code: 'contradiction',
          field: 'historySteps',
          found: `${historySteps} for windows of ${steps ?? 0} steps`,
          expected: `${steps ?? 0}, or withHistory(env, ${historySteps})`,
        }),
      );
};

/**
 * {@link tryModelFor} for those who know that it fits.
 *
 * @throws `InvalidArgument` where it does not
 */
export const modelFor = (spaces: AnySpaces, options: Partial<TrpoConfig> = {}): Model =>
  modelOrThrow('modelFor', tryModelFor(spaces, options));
