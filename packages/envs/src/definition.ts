/** What the registry knows about an environment: its facts, its options as data, and how to make it. */
import type { NatgradError } from '@natgrad/tensor';
import { describeForeign, invalid, nearestNames } from '@natgrad/tensor/internal';
import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js';
import type { Env } from './env.js';
import type { Box, Space } from './spaces.js';

/** A finite number within bounds, which may be infinite. */
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

/** Two numbers, the lower one first; they and the bounds may be infinite. */
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
  if (option.minimum === -Infinity && option.maximum === Infinity) return 'a finite number';
  return `a ${option.whole === true ? 'whole ' : ''}number in [${option.minimum}, ${option.maximum}]`;
};

/** What was given, in words; of a short list what is in it. */
const describeGiven = (value: unknown): string =>
  Array.isArray(value) && value.length <= 4
    ? `[${value.map((each: unknown) => (typeof each === 'number' ? String(each) : describeForeign(each))).join(', ')}]`
    : describeForeign(value);

/** True for records: what options and specifications are. */
export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const accepts = (option: EnvOption, value: unknown): boolean => {
  if (option.kind === 'boolean') return typeof value === 'boolean';
  const within = (x: unknown): x is number => typeof x === 'number' && x >= option.minimum && x <= option.maximum;
  if (option.kind === 'number')
    return within(value) && Number.isFinite(value) && (option.whole !== true || Number.isInteger(value));
  if (!Array.isArray(value) || value.length !== 2) return false;
  const [low, high] = value as readonly unknown[];
  return within(low) && within(high) && low < high;
};

/** An error about options that are no record. */
export const noOptions = (operation: string, given: unknown): NatgradError => {
  const [found, expected] = [describeForeign(given), 'an object from names of options to values'];
  return invalid(operation, `the options are ${found}, expected ${expected}`, { argument: 'options', found, expected });
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
  if (!isRecord(given)) return left(noOptions(operation, given));
  const names = Object.keys(table);
  const wrong: { readonly name: string; readonly found: string; readonly expected: string; readonly text: string }[] =
    [];
  const resolved: Record<string, unknown> = Object.fromEntries(names.map((name) => [name, table[name]?.default]));
  for (const [name, value] of Object.entries(given)) {
    const option = Object.hasOwn(table, name) ? table[name] : undefined;
    if (option === undefined) {
      const near = nearestNames(name, names);
      const all = `one of ${names.join(', ')}`;
      const expected = near.length > 0 ? `did you mean ${near.join(' or ')}? It is ${all}` : all;
      wrong.push({ name, found: name, expected, text: `unknown option ${name}: ${expected}` });
    } else if (value === undefined || !accepts(option, value)) {
      const found = option.kind === 'range' ? describeGiven(value) : describeForeign(value);
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

/** {@link resolveOptions} for constructors, which throw what is wrong. */
export const optionsOrThrow = <Table extends OptionTable>(
  operation: string,
  table: Table,
  given: object,
): OptionValues<Table> => {
  const resolved = resolveOptions(operation, table, given as EnvOptions);
  if (isLeft(resolved)) throw resolved.left;
  return resolved.right;
};
