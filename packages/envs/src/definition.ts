/** What the registry knows about an environment: its facts, its options as data, and how to make it. */
import type { NatgradError } from '@natgrad/tensor';
import { describeForeign, invalid, nearestNames } from '@natgrad/tensor/internal';
import { type Either, left, right } from 'fp-ts/lib/Either.js';
import type { Env } from './env.js';
import type { Box, Space } from './spaces.js';

/** A number within bounds. */
export interface NumberOption {
  readonly kind: 'number';
  readonly default: number;
  readonly minimum: number;
  readonly maximum: number;
  /** True where only whole numbers make sense. */
  readonly whole?: boolean;
  readonly description: string;
}

/** A switch. */
export interface BooleanOption {
  readonly kind: 'boolean';
  readonly default: boolean;
  readonly description: string;
}

/** Two numbers, the lower one first; a bound may be infinite. */
export interface RangeOption {
  readonly kind: 'range';
  readonly default: readonly [number, number];
  readonly minimum: number;
  readonly maximum: number;
  readonly description: string;
}

/** An option of an environment. */
export type EnvOption = NumberOption | BooleanOption | RangeOption;

/** Options by name. */
export type OptionTable = Readonly<Record<string, EnvOption>>;

/** The values that a table of options resolves to. */
export type OptionValues<Table extends OptionTable> = {
  readonly [Name in keyof Table]: Table[Name]['default'];
};

/** Options as a caller or a file gives them: any subset, checked by `resolveOptions`. */
export type EnvOptions = Readonly<Record<string, unknown>>;

/** What is known of a registered environment before it is made. */
export interface EnvFacts<Table extends OptionTable = OptionTable> {
  readonly id: string;
  /** One line for lists. */
  readonly summary: string;
  /** Steps after which the registry truncates an episode, unless `maxEpisodeSteps` says otherwise. */
  readonly timeLimit: number;
  /** Mean return from which the task counts as solved; null if there is no agreed number. */
  readonly rewardThreshold: number | null;
  readonly options: Table;
}

/** One registered environment. */
export interface EnvDefinition<Table extends OptionTable = OptionTable> extends EnvFacts<Table> {
  /** The environment without its time limit. A method, so that every definition is an `EnvDefinition`. */
  create(options: OptionValues<Table>): Env;
}

/** What an environment shows and takes. */
export interface EnvSpaces {
  readonly observationSpace: Box;
  readonly actionSpace: Space;
}

/** One registered environment that runs on an engine, which has to be loaded first: `await loadEnv({ id })()`. */
export interface EngineEnvDefinition<Table extends OptionTable = OptionTable> extends EnvFacts<Table> {
  /** Known without the engine. */
  spaces(options: OptionValues<Table>): EnvSpaces;
  /** Loads the engine, once for all, and makes the environment without its time limit. */
  load(options: OptionValues<Table>): Promise<Either<NatgradError, Env>>;
}

/** Whatever is registered. */
export type AnyEnvDefinition = EnvDefinition | EngineEnvDefinition;

const describeOption = (option: EnvOption): string => {
  if (option.kind === 'boolean') return 'true or false';
  if (option.kind === 'range') return `two numbers in [${option.minimum}, ${option.maximum}], the lower one first`;
  return `a ${option.whole === true ? 'whole ' : ''}number in [${option.minimum}, ${option.maximum}]`;
};

const accepts = (option: EnvOption, value: unknown): boolean => {
  if (option.kind === 'boolean') return typeof value === 'boolean';
  const within = (x: unknown): x is number => typeof x === 'number' && x >= option.minimum && x <= option.maximum;
  if (option.kind === 'number') return within(value) && (option.whole !== true || Number.isInteger(value));
  if (!Array.isArray(value) || value.length !== 2) return false;
  const [low, high] = value as readonly unknown[];
  return within(low) && within(high) && low < high;
};

/**
 * Completes given options by the defaults. All that is wrong is in one error: unknown names with the nearest valid ones, and
 * values of the wrong kind or outside their range.
 */
export const resolveOptions = <Table extends OptionTable>(
  operation: string,
  table: Table,
  given: EnvOptions,
): Either<NatgradError, OptionValues<Table>> => {
  const names = Object.keys(table);
  const wrong: { readonly name: string; readonly found: string; readonly expected: string; readonly text: string }[] =
    [];
  const resolved: Record<string, unknown> = Object.fromEntries(names.map((name) => [name, table[name]?.default]));
  for (const [name, value] of Object.entries(given)) {
    const option = Object.hasOwn(table, name) ? table[name] : undefined;
    if (option === undefined) {
      const near = nearestNames(name, names);
      const expected = near.length > 0 ? `did you mean ${near.join(' or ')}?` : `one of ${names.join(', ')}`;
      wrong.push({ name, found: name, expected, text: `unknown option ${name}: ${expected}` });
    } else if (value === undefined || !accepts(option, value)) {
      const found = describeForeign(value);
      const expected = describeOption(option);
      wrong.push({ name, found, expected, text: `${name} is ${found}, expected ${expected}` });
    } else resolved[name] = value;
  }
  const first = wrong[0];
  if (first === undefined) return right(resolved as OptionValues<Table>);
  return left(
    invalid(operation, wrong.map(({ text }) => text).join('; '), {
      argument: first.name,
      found: wrong.map(({ found }) => found).join('; '),
      expected: wrong.map(({ expected }) => expected).join('; '),
    }),
  );
};
