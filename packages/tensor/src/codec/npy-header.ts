/** The header of an `.npy` file: a Python dict literal with three keys, read by a parser that knows no more than that. */
import type { Refuse } from './refuse.js';
import { quote } from './refuse.js';
import { type Scanner, scan } from './scanner.js';

export interface NpyHeader {
  /** Element type with byte order, e.g. `<f8`. */
  readonly descr: string;
  /** True when the first axis varies fastest. */
  readonly fortranOrder: boolean;
  readonly shape: readonly number[];
}

const string = (scanner: Scanner): string => {
  const text = scanner.quoted(`'"`).slice(1, -1);
  // None of the three keys and no numeric type needs an escape.
  if (text.includes('\\')) throw scanner.fail('a string without escapes');
  return text;
};

const boolean = (scanner: Scanner): boolean => {
  if (scanner.accept('True')) return true;
  if (scanner.accept('False')) return false;
  throw scanner.fail('True or False');
};

const tuple = (scanner: Scanner): readonly number[] => {
  scanner.expect('(');
  const extents: number[] = [];
  let comma = true;
  while (!scanner.accept(')')) {
    if (!comma) throw scanner.fail('"," or ")"');
    extents.push(scanner.wholeNumber());
    // Python 2 wrote long integers as `3L`.
    scanner.accept('L');
    comma = scanner.accept(',');
  }
  if (extents.length === 1 && !comma) throw scanner.fail('a tuple: the one-element tuple is written (n,)');
  return extents;
};

const descriptor = (scanner: Scanner, refuse: Refuse): string => {
  if (scanner.peek() === '[')
    throw refuse.unsupported('descr', 'a structured type', 'one numeric type: save each field of the array by itself');
  return string(scanner);
};

export const parseNpyHeader = (text: string, refuse: Refuse): NpyHeader => {
  const scanner = scan(text, ' \n', 'header', refuse);
  const found = new Map<string, unknown>();
  const once = (key: string): string => {
    if (found.has(key)) throw refuse.malformed('header', `the key ${quote(key)} twice`, 'each key once');
    return key;
  };
  scanner.expect('{');
  let comma = true;
  while (!scanner.accept('}')) {
    if (!comma) throw scanner.fail('"," or "}"');
    const key = once(string(scanner));
    scanner.expect(':');
    if (key === 'descr') found.set(key, descriptor(scanner, refuse));
    else if (key === 'fortran_order') found.set(key, boolean(scanner));
    else if (key === 'shape') found.set(key, tuple(scanner));
    else throw refuse.malformed('header', `the key ${quote(key)}`, 'the keys descr, fortran_order and shape only');
    comma = scanner.accept(',');
  }
  scanner.end();
  for (const key of ['descr', 'fortran_order', 'shape'])
    if (!found.has(key))
      throw refuse.malformed(key, 'no such key in the header', 'the keys descr, fortran_order and shape');
  return {
    descr: found.get('descr') as string,
    fortranOrder: found.get('fortran_order') as boolean,
    shape: found.get('shape') as readonly number[],
  };
};
