/** Environments as data, so that they can travel to workers and into files: functions cannot. */
import type { NatgradError } from '@natgrad/tensor';
import { describeForeign, invalid } from '@natgrad/tensor/internal';
import { type Either, left, right } from 'fp-ts/lib/Either.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import { type EnvOptions, isRecord, noOptions } from './definition.js';
import type { Env } from './env.js';
import { loadRegistered } from './registry.js';

/** A registered environment, or one that a module exports. Plain data. */
export type EnvSpec =
  | {
      readonly id: string;
      readonly options?: EnvOptions;
      /** An environment itself is no specification: it has functions. */
      readonly step?: never;
    }
  | {
      /** URL of an ES module, e.g. `file:///home/me/walk.mjs`. Loading it runs it: name only modules you trust. */
      readonly module: string;
      /** Name of an exported `Env`, or of a function from options to one. */
      readonly export: string;
      readonly options?: EnvOptions;
    };

const isEnv = (value: unknown): value is Env => {
  if (typeof value !== 'object' || value === null) return false;
  const env = value as Partial<Record<keyof Env, unknown>>;
  return (
    typeof env.id === 'string' &&
    typeof env.reset === 'function' &&
    typeof env.step === 'function' &&
    typeof env.observationSpace === 'object' &&
    typeof env.actionSpace === 'object'
  );
};

const refuse = (argument: string, message: string, expected: string): Either<NatgradError, never> =>
  left(invalid('loadEnv', message, { argument, expected }));

/** What is wrong with the shape of a specification; null if nothing is. Ids and options of registered ones are for the registry to check. */
const wrongShape = (spec: unknown): NatgradError | null => {
  const wrong = (argument: string, value: unknown, expected: string): NatgradError => {
    const found = describeForeign(value);
    return invalid('loadEnv', `${argument} is ${found}, expected ${expected}`, { argument, found, expected });
  };
  if (!isRecord(spec) || !('id' in spec || 'module' in spec))
    return wrong('spec', spec, "{ id: 'CartPole-v1' }, or { module, export }, either with options");
  if ('id' in spec) return null;
  const { module, export: name, options = {} } = spec;
  if (typeof module !== 'string') return wrong('module', module, 'the URL of an ES module');
  if (typeof name !== 'string') return wrong('export', name, 'the name of an export');
  return isRecord(options) ? null : noOptions('loadEnv', options);
};

const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/**
 * The environment that a specification names. Two loads of one specification, in whatever thread or process, behave alike.
 *
 * @returns `Left` if the specification is none, the id or an option is wrong, the module cannot be loaded, or its export is no environment
 * @example
 * ```ts
 * const env = await loadEnv({ id: 'Pendulum-v1', options: { g: 9.81 } })();
 * console.log(env._tag); // Right
 * ```
 */
export const loadEnv =
  (spec: EnvSpec): TaskEither<NatgradError, Env> =>
  async () => {
    const wrong = wrongShape(spec);
    if (wrong !== null) return left(wrong);
    if ('id' in spec) return loadRegistered(spec.id, spec.options);
    const place = `${spec.export} of ${spec.module}`;
    try {
      const module = (await import(spec.module)) as Readonly<Record<string, unknown>>;
      if (!Object.hasOwn(module, spec.export))
        return refuse('export', `${spec.module} exports no ${spec.export}`, `one of ${Object.keys(module).join(', ')}`);
      const exported = module[spec.export];
      const made: unknown =
        typeof exported === 'function'
          ? await (exported as (options: unknown) => unknown)(spec.options ?? {})
          : exported;
      return isEnv(made)
        ? right(made)
        : refuse('export', `${place} is ${describeForeign(made)}`, 'an environment: { id, reset, step, … }');
    } catch (error) {
      return refuse('module', `${place} cannot be loaded: ${reason(error)}`, 'a module that loads without error');
    }
  };
