/** Command lines of the benchmarks: strict, with a message that names what is wrong. */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

/** A wrong command line: exit code 2, and where to read how it should be. */
export class UsageError extends Error {}

export interface Benchmark {
  readonly name: string;
  /** A few words for the list of benchmarks. */
  readonly brief: string;
  /** At most 80 columns and 24 lines. */
  readonly help: string;
  readonly flags: Readonly<Record<string, { readonly type: 'string' | 'boolean' }>>;
  readonly run: (values: Values) => Promise<void>;
}

export interface Values {
  readonly text: (flag: string) => string | undefined;
  readonly has: (flag: string) => boolean;
  /** A whole number above 0. */
  readonly count: (flag: string, otherwise: number) => number;
  /** Whole numbers above 0, with commas between them. */
  readonly counts: (flag: string, otherwise: readonly number[]) => readonly number[];
  /** One of some words. */
  readonly choice: <T extends string>(flag: string, words: readonly T[], otherwise: T) => T;
}

const count = (flag: string, text: string): number => {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (value === 0) throw new UsageError(`--${flag} takes a whole number above 0, found ${JSON.stringify(text)}`);
  return value;
};

const choice = <T extends string>(flag: string, text: string, words: readonly T[]): T => {
  const found = words.find((word) => word === text);
  if (found === undefined) throw new UsageError(`--${flag} takes ${words.join(', ')}, found ${JSON.stringify(text)}`);
  return found;
};

/** That of some named things which a flag names. */
export const named = <T extends { readonly name: string }>(flag: string, name: string, known: readonly T[]): T => {
  const found = known.find((each) => each.name === name);
  if (found === undefined)
    throw new UsageError(`--${flag} takes ${known.map((each) => each.name).join(', ')}, found ${JSON.stringify(name)}`);
  return found;
};

/** Writes rows to the file that `--json` names, if it does. */
export const writeRows = (values: Values, rows: readonly unknown[]): void => {
  const file = values.text('json');
  if (file !== undefined) writeFileSync(file, `${JSON.stringify(rows, null, 2)}\n`);
};

/** Null when help is asked for. */
export const parseFlags = (flags: Benchmark['flags'], argv: readonly string[]): Values | null => {
  let values: Readonly<Record<string, string | boolean | undefined>>;
  try {
    const options = { ...flags, help: { type: 'boolean' as const, short: 'h' } };
    ({ values } = parseArgs({ args: [...argv], options }));
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
  if (values['help'] === true) return null;
  const text = (flag: string): string | undefined => values[flag] as string | undefined;
  const or = <T>(flag: string, otherwise: T, read: (given: string) => T): T => {
    const given = text(flag);
    return given === undefined ? otherwise : read(given);
  };
  return {
    text,
    has: (flag) => values[flag] === true,
    count: (flag, otherwise) => or(flag, otherwise, (given) => count(flag, given)),
    counts: (flag, otherwise) => or(flag, otherwise, (given) => given.split(',').map((each) => count(flag, each))),
    choice: (flag, words, otherwise) => or(flag, otherwise, (given) => choice(flag, given, words)),
  };
};
