/** The options of TRPO: one table that holds every default, range and explanation, and the decoder that reads it. */
import { nearestNames } from '@natgrad/tensor/internal';
import { type Either, left, right } from 'fp-ts/lib/Either.js';
import { contradictions } from './contradictions.js';
import { type TrpoError, type TrpoIssue, trpoError } from './errors.js';
import { type Option, type OptionValue, options } from './options.js';

/** Every option with its value: what a run saves. */
export type TrpoConfig = { readonly [Name in OptionName]: OptionValue<(typeof options)[Name]> };

/** Name of an option. */
export type OptionName = keyof typeof options;

const names = Object.keys(options) as readonly OptionName[];

/** The defaults of TRPO.md: γ 0.99, λ 0.95, δ 0.01, damping 0.1, 10 products, shrink 0.8, … */
export const defaultConfig: TrpoConfig = Object.freeze(
  Object.fromEntries(names.map((name) => [name, options[name].default])),
) as unknown as TrpoConfig;

const show = (value: unknown): string => {
  if (typeof value === 'string') return `'${value.slice(0, 60)}'`;
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'bigint') return `${String(value)}n`;
  if (typeof value === 'object' && value !== null) {
    const text = Array.isArray(value)
      ? `[${value.slice(0, 8).map(show).join(', ')}${value.length > 8 ? ', …' : ''}]`
      : 'an object';
    return text.slice(0, 80);
  }
  return String(value);
};

/** What an option takes, in words. */
export const describeOption = (option: Option): string => {
  switch (option.kind) {
    case 'number': {
      const open = option.minimumExcluded === true ? '(' : '[';
      const range = `${open}${option.minimum}, ${option.maximum}${option.maximum === Infinity ? ')' : ']'}`;
      return `a ${option.whole === true ? 'whole ' : ''}number in ${range}${option.nullable === true ? ', or null' : ''}`;
    }
    case 'boolean':
      return 'true or false';
    case 'choice':
      return `one of ${option.choices.map((choice) => `'${choice}'`).join(', ')}`;
    case 'widths':
      return 'a list of whole numbers in [1, 65536]';
  }
};

/** The issue with a value, or null if it is fine. */
const faultOf = (name: string, option: Option, value: unknown): TrpoIssue | null => {
  const issue = (code: TrpoIssue['code'], suggestion?: string): TrpoIssue => ({
    code,
    field: name,
    found: show(value),
    expected: describeOption(option),
    ...(suggestion === undefined ? {} : { suggestion }),
  });
  switch (option.kind) {
    case 'number': {
      if (value === null && option.nullable === true) return null;
      if (typeof value !== 'number') return issue('wrongKind');
      const above = option.minimumExcluded === true ? value > option.minimum : value >= option.minimum;
      const inside = above && value <= option.maximum && Number.isFinite(value);
      return inside && (option.whole !== true || Number.isInteger(value)) ? null : issue('outOfRange');
    }
    case 'boolean':
      return typeof value === 'boolean' ? null : issue('wrongKind');
    case 'choice': {
      if (typeof value !== 'string') return issue('wrongKind');
      if (option.choices.includes(value)) return null;
      const [near] = nearestNames(value, option.choices, 1);
      return issue('outOfRange', near === undefined ? undefined : `'${near}'`);
    }
    case 'widths': {
      if (!Array.isArray(value)) return issue('wrongKind');
      return value.length <= 64 && value.every((width) => Number.isInteger(width) && width >= 1 && width <= 65536)
        ? null
        : issue('outOfRange');
    }
  }
};

/**
 * Completes given options by the defaults, or by another configuration such as a preset.
 *
 * @returns `Left` with every error at once: unknown names with the nearest valid one, values of the wrong kind or out of range,
 * and contradictions.
 * @example
 * ```ts
 * const config = decodeConfig({ gamma: 0.995, hidden: [32, 32] });
 * console.log(config._tag === 'Right' && config.right.delta); // 0.01
 * ```
 * @example
 * ```ts
 * const config = decodeConfig({ gama: 0.9, delta: -1 });
 * console.log(config._tag === 'Left' && config.left.issues.map(({ field }) => field)); // [ 'gama', 'delta' ]
 * ```
 */
export const decodeConfig = (given: unknown, base: TrpoConfig = defaultConfig): Either<TrpoError, TrpoConfig> => {
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    return left(
      trpoError('InvalidConfig', [
        { code: 'wrongKind', field: 'config', found: show(given), expected: 'an object of options' },
      ]),
    );
  const entries = Object.entries(given);
  const issues = entries.flatMap(([name, value]): readonly TrpoIssue[] => {
    if (!Object.hasOwn(options, name)) {
      const [near] = nearestNames(name, names, 1);
      return [
        {
          code: 'unknownField',
          field: name.slice(0, 80),
          found: 'an unknown option',
          expected: near === undefined ? `one of ${names.join(', ')}` : 'the name of an option',
          ...(near === undefined ? {} : { suggestion: near }),
        },
      ];
    }
    const fault = faultOf(name, options[name as OptionName], value);
    return fault === null ? [] : [fault];
  });
  // Copied and frozen: a list in a configuration cannot be changed through the value that it came from.
  const copied = entries.map(
    ([name, value]) =>
      [name, Array.isArray(value) ? Object.freeze([...(value as readonly unknown[])]) : (value as unknown)] as const,
  );
  const config = { ...base, ...Object.fromEntries(copied) } as TrpoConfig;
  const [first, ...rest] = issues.length > 0 ? issues : contradictions(config);
  return first === undefined ? right(Object.freeze(config)) : left(trpoError('InvalidConfig', [first, ...rest]));
};
