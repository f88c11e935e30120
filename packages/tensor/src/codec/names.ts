/** Names of tensors inside files: text in UTF-8, and records in which every name is only a name. */
import { invalid } from '../errors.js';
import { describeForeign, isTensor, type Tensor } from '../tensor.js';

interface Decoder {
  readonly decode: (bytes: Uint8Array) => string;
}
interface Encoder {
  readonly encode: (text: string) => Uint8Array;
}

/** The standard globals, typed here so that the sources need neither the DOM's types nor Node's. */
const { TextDecoder, TextEncoder } = globalThis as unknown as {
  readonly TextDecoder: new (
    label: string,
    options: { readonly fatal: boolean; readonly ignoreBOM: boolean },
  ) => Decoder;
  readonly TextEncoder: new () => Encoder;
};

/** The text, or `undefined` when the bytes are not UTF-8. */
export const decodeUtf8 = (bytes: Uint8Array): string | undefined => {
  try {
    // With `ignoreBOM`, a leading U+FEFF stays part of the text: two names that differ by it must stay two names.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
};

export const encodeUtf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** False for text with half of a surrogate pair, which UTF-8 has no bytes for. */
export const isWellFormed = (text: string): boolean => !/\p{Surrogate}/u.test(text);

/** Order of the UTF-8 bytes, which is the order of the code points and not JavaScript's order of UTF-16 units. */
export const compareNames = (a: string, b: string): number => {
  const x = encodeUtf8(a);
  const y = encodeUtf8(b);
  for (let i = 0; i < x.length && i < y.length; i += 1) if (x[i] !== y[i]) return (x[i] as number) - (y[i] as number);
  return x.length - y.length;
};

/** A frozen record without a prototype: in it `__proto__` and `constructor` are names like any other. */
export const nameRecord = <A>(entries: Iterable<readonly [string, A]>): Readonly<Record<string, A>> => {
  const record = Object.create(null) as Record<string, A>;
  for (const [name, value] of entries) record[name] = value;
  return Object.freeze(record);
};

/** The named tensors that a writer was given. */
export const namedTensors = (record: Readonly<Record<string, Tensor>>, operation: string): [string, Tensor][] => {
  if (typeof record !== 'object' || record === null || isTensor(record))
    throw invalid(
      operation,
      `expected a record of tensors, found ${isTensor(record) ? 'a tensor' : describeForeign(record)}`,
      {
        expected: `a record by name: ${operation}({ weights, bias })`,
      },
    );
  return Object.entries(record);
};
