/**
 * A cursor over text for the two small header grammars (JSON and Python's dict literal). It moves forward only, so that a
 * parser made of it takes time linear in the text; it uses no regular expressions, whose stack a long text could exhaust.
 */
import { quote, type Refuse } from './refuse.js';

export interface Scanner {
  /** The next character, or `''` at the end. */
  readonly peek: () => string;
  /** Skips blanks, then `token` where it stands next; tells whether it did. */
  readonly accept: (token: string) => boolean;
  /** Skips blanks, then `token`, which must stand next. */
  readonly expect: (token: string) => void;
  /** A whole number ≥ 0 without leading zeros that a double holds exactly. */
  readonly wholeNumber: () => number;
  /** From a quote (one of `quotes`) to the next quote like it, both included; a backslash hides the character after it. */
  readonly quoted: (quotes: string) => string;
  /** Skips blanks; nothing may follow. */
  readonly end: () => void;
  /** The error that `expected` does not stand here. */
  readonly fail: (expected: string) => Error;
}

const isDigit = (character: string): boolean => character >= '0' && character <= '9' && character.length === 1;

/** Scans `text`, which messages call `field`; `blanks` are the characters between tokens that mean nothing. */
export const scan = (text: string, blanks: string, field: string, refuse: Refuse): Scanner => {
  let at = 0;
  const skip = (): void => {
    while (at < text.length && blanks.includes(text[at] as string)) at += 1;
  };
  const fail = (expected: string): Error =>
    refuse.malformed(
      field,
      `${at < text.length ? quote(text.slice(at, at + 20)) : 'the end'} at character ${at}`,
      expected,
    );
  const accept = (token: string): boolean => {
    skip();
    if (!text.startsWith(token, at)) return false;
    at += token.length;
    return true;
  };
  return {
    peek: () => {
      skip();
      return text[at] ?? '';
    },
    accept,
    expect: (token) => {
      if (!accept(token)) throw fail(quote(token));
    },
    wholeNumber: () => {
      skip();
      const start = at;
      let end = at;
      while (isDigit(text[end] ?? '')) end += 1;
      const value = Number(text.slice(start, end));
      const leadingZero = text[start] === '0' && end - start > 1;
      if (end === start || leadingZero || !Number.isSafeInteger(value) || '.eE_xX'.includes(text[end] ?? ' '))
        throw fail('a whole number from 0 to 2⁵³−1');
      at = end;
      return value;
    },
    quoted: (quotes) => {
      skip();
      const start = at;
      const mark = text[at] ?? '';
      if (mark === '' || !quotes.includes(mark)) throw fail('a string in quotes');
      let end = at + 1;
      while (end < text.length && text[end] !== mark) end += text[end] === '\\' ? 2 : 1;
      if (end >= text.length) throw fail('a string that ends with its quote');
      at = end + 1;
      return text.slice(start, at);
    },
    end: () => {
      skip();
      if (at < text.length) throw fail('the end');
    },
    fail,
  };
};
