/**
 * JSON for file headers, stricter than `JSON.parse`: keys of an object must differ, objects come as maps, nesting is bounded,
 * and numbers are whole and not negative, as everything that counts or points is.
 */
import { isWellFormed } from './names.js';
import { quote, type Refuse } from './refuse.js';
import { type Scanner, scan } from './scanner.js';

export type Json = string | number | boolean | null | readonly Json[] | ReadonlyMap<string, Json>;

const string = (scanner: Scanner): string => {
  const token = scanner.quoted('"');
  try {
    // On one string token the built-in parser does exactly what the grammar says.
    const text = JSON.parse(token) as string;
    if (isWellFormed(text)) return text;
  } catch {
    // Falls through to the error below.
  }
  throw scanner.fail(`valid escapes in the string ${quote(token)} before it`);
};

/** Parses `text`, which messages call `field`. */
export const parseJson = (text: string, maxDepth: number, field: string, refuse: Refuse): Json => {
  const scanner = scan(text, ' \t\n\r', field, refuse);
  const object = (depth: number): ReadonlyMap<string, Json> => {
    const map = new Map<string, Json>();
    if (scanner.accept('}')) return map;
    do {
      const key = string(scanner);
      if (map.has(key)) throw refuse.malformed(field, `the key ${quote(key)} twice`, 'each key once');
      scanner.expect(':');
      map.set(key, value(depth));
    } while (scanner.accept(','));
    scanner.expect('}');
    return map;
  };
  const array = (depth: number): readonly Json[] => {
    const items: Json[] = [];
    if (scanner.accept(']')) return items;
    do items.push(value(depth));
    while (scanner.accept(','));
    scanner.expect(']');
    return items;
  };
  const value = (depth: number): Json => {
    if (scanner.peek() === '"') return string(scanner);
    if (depth === 0 && '{['.includes(scanner.peek() || ' '))
      throw scanner.fail(`at most ${maxDepth} levels of nesting`);
    if (scanner.accept('{')) return object(depth - 1);
    if (scanner.accept('[')) return array(depth - 1);
    if (scanner.accept('true')) return true;
    if (scanner.accept('false')) return false;
    if (scanner.accept('null')) return null;
    return scanner.wholeNumber();
  };
  const result = value(maxDepth);
  scanner.end();
  return result;
};

/** Names the kind of a JSON value, for messages. */
export const describeJson = (value: Json | undefined): string => {
  if (value === undefined) return 'nothing';
  if (typeof value === 'string') return `the string ${quote(value)}`;
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (value instanceof Map) return 'an object';
  return JSON.stringify(value);
};
