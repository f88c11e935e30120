/** Environments by name. */
import type { NatgradError } from '@natgrad/tensor';
import { describeForeign, invalid, nearestNames } from '@natgrad/tensor/internal';
import { chain, type Either, isLeft, left, map, right } from 'fp-ts/lib/Either.js';
import { classic } from './classic/index.js';
import { constrained } from './constrained/index.js';
import {
  type AnyEnvDefinition,
  type EnvFacts,
  type EnvOptions,
  type EnvSpaces,
  type NumberOption,
  type OptionTable,
  type OptionValues,
  resolveOptions,
} from './definition.js';
import type { Env } from './env.js';
import { memory } from './memory/index.js';
import { mujoco } from './mujoco/index.js';
import { timeLimit } from './time-limit.js';

/** Every environment of this package. */
export const environments: readonly AnyEnvDefinition[] = Object.freeze([
  ...classic,
  ...memory,
  ...constrained,
  ...mujoco,
]);

/** Options that every registered environment takes beside its own, with their defaults for that environment. */
export const optionsOf = (definition: EnvFacts): OptionTable => ({
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

const noId = (id: unknown): NatgradError => {
  const [found, expected] = [describeForeign(id), 'a string, such as CartPole-v1'];
  return invalid('makeEnv', `the id of the environment is ${found}, expected ${expected}`, {
    argument: 'id',
    found,
    expected,
  });
};

/** The definition of an environment; an unknown id is an error that names the nearest ones. */
export const findEnv = (id: string): Either<NatgradError, AnyEnvDefinition> => {
  if (typeof (id as unknown) !== 'string') return left(noId(id));
  const definition = environments.find((candidate) => candidate.id === id);
  if (definition !== undefined) return right(definition);
  const ids = environments.map((candidate) => candidate.id);
  const near = nearestNames(id, ids);
  const expected = near.length > 0 ? `did you mean ${near.join(' or ')}?` : `one of ${ids.join(', ')}`;
  const found = JSON.stringify(id.slice(0, 80));
  return left(invalid('makeEnv', `there is no environment ${found}; ${expected}`, { argument: 'id', found, expected }));
};

/** A definition with every option resolved. */
interface Resolved {
  readonly definition: AnyEnvDefinition;
  readonly own: OptionValues<OptionTable>;
  readonly steps: number;
}

const resolve = (id: string, options: EnvOptions): Either<NatgradError, Resolved> => {
  const definition = findEnv(id);
  if (isLeft(definition)) return definition;
  const resolved = resolveOptions('makeEnv', optionsOf(definition.right), options);
  if (isLeft(resolved)) return resolved;
  const { maxEpisodeSteps, ...own } = resolved.right;
  return right({ definition: definition.right, own, steps: maxEpisodeSteps as number });
};

/**
 * What an environment with these options shows and takes, also where its engine is not installed.
 *
 * @returns `Left` for an unknown id, and for unknown or impossible options (all of them at once)
 * @example
 * ```ts
 * const spaces = spacesOf('HalfCheetah-v5');
 * console.log(spaces._tag === 'Right' && spaces.right.observationSpace.shape); // [ 17 ]
 * ```
 */
export const spacesOf = (id: string, options: EnvOptions = {}): Either<NatgradError, EnvSpaces> =>
  map(({ definition, own }: Resolved): EnvSpaces => {
    const { observationSpace, actionSpace } = 'spaces' in definition ? definition.spaces(own) : definition.create(own);
    return { observationSpace, actionSpace };
  })(resolve(id, options));

/**
 * Makes a registered environment with its time limit, at once.
 *
 * @param id e.g. `CartPole-v1`
 * @param options of this environment, and `maxEpisodeSteps` in place of its usual time limit
 * @returns `Left` for an unknown id (with the nearest ones), for unknown or impossible options (all of them at once), and for an
 * environment whose engine has to be loaded: `loadEnv` makes those
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
export const makeEnv = (id: string, options: EnvOptions = {}): Either<NatgradError, Env> =>
  chain(({ definition, own, steps }: Resolved): Either<NatgradError, Env> => {
    if ('create' in definition) return right(timeLimit(definition.create(own), steps));
    const expected = `await loadEnv({ id: '${definition.id}' })()`;
    return left(
      invalid('makeEnv', `${definition.id} runs on an engine that has to be loaded first: ${expected}`, {
        argument: 'id',
        found: definition.id,
        expected,
      }),
    );
  })(resolve(id, options));

/** {@link makeEnv} for every registered environment; loads the engine of those that run on one. */
export const loadRegistered = async (id: string, options: EnvOptions = {}): Promise<Either<NatgradError, Env>> => {
  const resolved = resolve(id, options);
  if (isLeft(resolved)) return resolved;
  const { definition, own, steps } = resolved.right;
  const env = 'create' in definition ? right(definition.create(own)) : await definition.load(own);
  return map((each: Env): Env => timeLimit(each, steps))(env);
};
