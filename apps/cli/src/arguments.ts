/**
 * Command lines as data, parsed strictly: what is not declared is refused, with the nearest valid name. Stands on Node's own
 * `parseArgs`, which splits a line into tokens; the parser of citty takes unknown flags without a word.
 */
import { parseArgs } from 'node:util';
import { nearestNames } from '@natgrad/tensor/internal';
import { usage } from './failure.js';

export interface Flag {
  /** Without the dashes. */
  readonly name: string;
  /** Name of its value, in capitals; absent for a switch. */
  readonly value?: string;
  readonly repeatable?: true;
  readonly description: string;
}

export interface CommandLine {
  /** Words that select the command, e.g. `envs replay`. */
  readonly name: string;
  /** A few words for the list of commands. */
  readonly brief: string;
  readonly summary: string;
  /** What is expected beside flags, e.g. `FILE`; `…` at the end for one or more. */
  readonly operand?: string;
  readonly flags: readonly Flag[];
  /** Lines after the flags. */
  readonly notes?: readonly string[];
}

export interface Arguments {
  readonly operands: readonly string[];
  readonly has: (flag: string) => boolean;
  /** The value of a flag, or undefined. */
  readonly value: (flag: string) => string | undefined;
  readonly values: (flag: string) => readonly string[];
}

export const HELP: Flag = { name: 'help', description: 'show this' };

/** `; did you mean X?`, or nothing. */
export const suggestion = (word: string, names: readonly string[], prefix = ''): string => {
  const [near] = nearestNames(word, names, 1);
  return near === undefined ? '' : `; did you mean ${prefix}${near}?`;
};

/** Shows text from outside on one line, without characters that drive a terminal. */
export const quoted = (text: string): string => JSON.stringify(text.replace(/\p{C}/gu, '�').slice(0, 80));

/** Checks arguments against a command line; throws a usage failure for the first that does not fit. */
export const parseCommandLine = (command: CommandLine, argv: readonly string[]): Arguments => {
  const flags = [...command.flags, HELP];
  const { tokens } = parseArgs({
    args: [...argv],
    strict: false,
    allowPositionals: true,
    tokens: true,
    options: {
      help: { type: 'boolean', short: 'h' },
      ...Object.fromEntries(
        command.flags.map(({ name, value }) => [
          name,
          { type: value === undefined ? ('boolean' as const) : ('string' as const), multiple: true },
        ]),
      ),
    },
  });
  const given = tokens.flatMap((token): readonly (readonly [string, string])[] => {
    if (token.kind !== 'option') return [];
    const flag = flags.find(({ name }) => name === token.name);
    if (flag === undefined || !(token.rawName.startsWith('--') || token.rawName === '-h'))
      throw usage(
        `there is no flag ${quoted(token.rawName)}${suggestion(
          token.name,
          flags.map(({ name }) => name),
          '--',
        )}`,
      );
    if (flag.value === undefined && token.value !== undefined)
      throw usage(`--${flag.name} takes no value, found ${quoted(token.value)}`);
    if (
      flag.value !== undefined &&
      (token.value === undefined || token.value === '' || (token.value.startsWith('--') && !token.inlineValue))
    )
      throw usage(`--${flag.name} needs a value: --${flag.name} ${flag.value}`);
    return [[flag.name, token.value ?? '']];
  });
  const twice = flags.find(
    ({ name, repeatable }) => repeatable !== true && given.filter(([flag]) => flag === name).length > 1,
  );
  if (twice !== undefined) throw usage(`--${twice.name} is given twice`);
  const operands = tokens.flatMap((token) => (token.kind === 'positional' ? [token.value] : []));
  const values = (flag: string): readonly string[] => given.filter(([name]) => name === flag).map(([, value]) => value);
  const has = (flag: string): boolean => values(flag).length > 0;
  if (!has('help')) checkOperands(command, operands);
  return { operands, has, values, value: (flag) => values(flag)[0] };
};

const checkOperands = ({ name, operand }: CommandLine, operands: readonly string[]): void => {
  const most = operand === undefined ? 0 : operand.endsWith('…') ? Infinity : 1;
  if (operands.length > most) throw usage(`unexpected argument ${quoted(operands[most] ?? '')}`);
  if (operands.length === 0 && most > 0) throw usage(`${name} needs ${operand ?? ''}`);
};

/** A whole number of at least `least`. */
export const wholeNumber = (flag: string, text: string, least: number): number => {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least)) throw usage(`--${flag} takes a whole number ≥ ${least}, found ${quoted(text)}`);
  return value;
};

/** The help of a command: at most 80 columns and 24 lines. */
export const helpText = ({ name, summary, operand, flags, notes = [] }: CommandLine): string => {
  const rows = [...flags, HELP].map((flag): readonly [string, string] => [
    `--${flag.name}${flag.value === undefined ? '' : ` ${flag.value}`}`,
    flag.description,
  ]);
  const width = Math.max(...rows.map(([left]) => left.length));
  return [
    `Usage: natgrad ${name}${operand === undefined ? '' : ` ${operand}`} [options]`,
    '',
    summary,
    '',
    ...rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`),
    ...(notes.length > 0 ? ['', ...notes] : []),
  ].join('\n');
};
