/**
 * How the readers say no. A parser throws `NatgradError`s made here, and `reading` turns them into `Left` at the border, so
 * that parsers read top to bottom and callers never meet an exception.
 */
import { type Either, left, right } from 'fp-ts/lib/Either.js';
import { isNatgradError, NatgradError } from '../errors.js';
import { describeForeign } from '../tensor.js';

/** Makes the errors of one reader or writer: each names the field, what was found there and what was expected. */
export interface Refuse {
  /** The file contradicts its format. */
  readonly malformed: (field: string, found: string, expected: string) => NatgradError;
  /** The file may be right, but says something that tensors here cannot hold; `expected` tells the way out. */
  readonly unsupported: (field: string, found: string, expected: string) => NatgradError;
  /** The same for a part of the file: fields are reported as `part: field`. */
  readonly within: (part: string) => Refuse;
}

export const refuseFor = (operation: string, prefix = ''): Refuse => {
  const make =
    (code: 'Malformed' | 'Unsupported') =>
    (field: string, found: string, expected: string): NatgradError =>
      new NatgradError(code, `${prefix}${field}: found ${found}, expected ${expected}`, {
        operation,
        argument: `${prefix}${field}`,
        found,
        expected,
      });
  return {
    malformed: make('Malformed'),
    unsupported: make('Unsupported'),
    within: (part) => refuseFor(operation, `${prefix}${part}: `),
  };
};

/** Text from a file as it may stand in a message: escaped, and short however long the file made it. */
export const quote = (text: string): string =>
  text.length <= 60 ? JSON.stringify(text) : `${JSON.stringify(text.slice(0, 60))}… (${text.length} characters)`;

/** Also true for a `Uint8Array` of another realm, which `instanceof` does not recognise. */
const isBytes = (value: unknown): value is Uint8Array =>
  Object.prototype.toString.call(value) === '[object Uint8Array]';

/** Runs a parser of `bytes`; what it refuses becomes `Left`. */
export const reading = <A>(
  operation: string,
  bytes: Uint8Array,
  parse: (bytes: Uint8Array, refuse: Refuse) => A,
): Either<NatgradError, A> => {
  const refuse = refuseFor(operation);
  try {
    if (!isBytes(bytes))
      return left(refuse.malformed('bytes', describeForeign(bytes), 'a Uint8Array with the whole file'));
    return right(parse(bytes, refuse));
  } catch (error) {
    if (isNatgradError(error)) return left(error);
    // Nothing is allocated beyond what the file's own length justifies, but the machine may not have that much.
    if (error instanceof RangeError)
      return left(
        refuse.unsupported('bytes', `${bytes.length} bytes (${error.message})`, 'a file that fits into memory'),
      );
    throw error;
  }
};
