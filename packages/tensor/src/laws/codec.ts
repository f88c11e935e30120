import fc, { type Arbitrary } from 'fast-check';
import type { Either } from 'fp-ts/lib/Either.js';
import { isNatgradError } from '../errors.js';
import { fingerprint } from './compare.js';
import { type Law, law } from './law.js';
import { pureLaws } from './pure.js';

/** A pair of functions between values and bytes. */
export interface CodecSubject<A> {
  readonly name: string;
  readonly encode: (value: A) => Uint8Array;
  readonly decode: (bytes: Uint8Array) => Either<unknown, A>;
  readonly values: Arbitrary<A>;
  /** What must survive; by default everything that can be seen of the value, to the bit. */
  readonly observe?: (value: A) => unknown;
}

/** The bytes with one of them changed, some cut off, or some added. */
const damaged = (bytes: Uint8Array): Arbitrary<Uint8Array> =>
  fc.oneof(
    fc
      .tuple(fc.nat(Math.max(0, bytes.length - 1)), fc.integer({ min: 1, max: 255 }))
      .map(([at, change]) => bytes.map((byte, i) => (i === at ? byte ^ change : byte))),
    fc.nat(Math.max(0, bytes.length - 1)).map((length) => bytes.slice(0, length)),
    fc.uint8Array({ minLength: 1, maxLength: 9 }).map((more) => Uint8Array.from([...bytes, ...more])),
  );

/**
 * What was written is read back to the bit; writing is deterministic and leaves the value alone; bytes that are damaged, cut
 * or foreign give an `Either`, its `Left` a `NatgradError`, and never an exception.
 *
 * @example
 * ```ts
 * import { arbitraryTensor, checkLaw, codecLaws } from '@natgrad/tensor/laws';
 * const subject = { name: 'npy', encode: encodeNpy, decode: decodeNpy, values: arbitraryTensor() };
 * for (const law of codecLaws(subject)) checkLaw(law);
 * ```
 */
export const codecLaws = <A>(subject: CodecSubject<A>): readonly Law[] => {
  const { name, encode, decode, values, observe = (value: A): unknown => value } = subject;
  const total = (bytes: Uint8Array): void => {
    const read = decode(bytes);
    if (read._tag === 'Left' && !isNatgradError(read.left)) throw new Error('the Left is not a NatgradError');
  };
  return [
    law(`${name}: decode ∘ encode is the identity`, values, (value) => {
      const read = decode(encode(value));
      if (read._tag === 'Left') throw new Error(`refused what it wrote: ${String(read.left)}`);
      const [wanted, found] = [fingerprint(observe(value)), fingerprint(observe(read.right))];
      if (found !== wanted) throw new Error(`wrote ${wanted}, read ${found}`);
    }),
    law(`${name}: encode ∘ decode ∘ encode is encode`, values, (value) => {
      const bytes = encode(value);
      const read = decode(bytes);
      return read._tag === 'Right' && fingerprint(encode(read.right)) === fingerprint(bytes);
    }),
    law(
      `${name}: decode is total on damaged bytes`,
      values.chain((value) => damaged(encode(value))),
      total,
    ),
    law(`${name}: decode is total on any bytes`, fc.uint8Array({ maxLength: 64 }), total),
    ...pureLaws({
      name: `${name}: encode`,
      apply: encode,
      operands: values.map((value) => [value]),
    }),
  ];
};
