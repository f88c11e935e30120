/** Environments by name. */
import type { NatgradError } from '@natgrad/tensor';
import { invalid, nearestNames } from '@natgrad/tensor/internal';
import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js';
import { classic } from './classic/index.js';
import { constrained } from './constrained/index.js';
import {
  type EnvDefinition,
  type EnvOptions,
  type NumberOption,
  type OptionTable,
  resolveOptions,
} from './definition.js';
import type { Env } from './env.js';
import { memory } from './memory/index.js';
import { timeLimit } from './time-limit.js';

/** Every environment of this package. */
export const environments: readonly EnvDefinition[] = Object.freeze([...classic, ...memory, ...constrained]);

/** Options that every registered environment takes beside its own, with their defaults for that environment. */
export const optionsOf = (definition: EnvDefinition): OptionTable => ({
  ...definition.options,
  maxEpisodeSteps: {
    kind: 'number',
    default: definition.timeLimit,
    minimum: 1,
    maximum: 1e9,
    whole: true,
    description: 'steps after which an episode is truncated',
  } satisfies NumberOption,
});

/** The definition of an environment; an unknown id is an error that names the nearest ones. */
export const findEnv = (id: string): Either<NatgradError, EnvDefinition> => {
  const definition = environments.find((candidate) => candidate.id === id);
  if (definition !== undefined) return right(definition);
  const ids = environments.map((candidate) => candidate.id);
  const near = nearestNames(id, ids);
  const expected = near.length > 0 ? `did you mean ${near.join(' or ')}?` : `one of ${ids.join(', ')}`;
  const found = JSON.stringify(id.slice(0, 80));
  return left(invalid('makeEnv', `there is no environment ${found}; ${expected}`, { argument: 'id', found, expected }));
};

/**
 * Makes a registered environment with its time limit.
 *
 * @param id e.g. `CartPole-v1`
 * @param options of this environment, and `maxEpisodeSteps` in place of its usual time limit
 * @returns `Left` for an unknown id (with the nearest ones), and for unknown or impossible options (all of them at once)
 * @example
 * ```ts
 * const env = makeEnv('CartPole-v1');
 * console.log(env._tag === 'Right' && env.right.timeLimit); // 500
 * ```
 * @example
 * ```ts
 * const env = makeEnv('CartPoel-v1');
 * console.log(env._tag === 'Left' && env.left.expected); // did you mean CartPole-v1?
 * ```
 */
export const makeEnv = (id: string, options: EnvOptions = {}): Either<NatgradError, Env> => {
  const definition = findEnv(id);
  if (isLeft(definition)) return definition;
  const resolved = resolveOptions('makeEnv', optionsOf(definition.right), options);
  if (isLeft(resolved)) return resolved;
  const { maxEpisodeSteps, ...own } = resolved.right;
  return right(timeLimit(definition.right.create(own), maxEpisodeSteps as number));
};
