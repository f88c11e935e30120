import type { Arbitrary } from 'fast-check';
import { isNatgradError } from '../errors.js';
import { fingerprint, storageFingerprint } from './compare.js';
import { type Law, law } from './law.js';

/** A function and what to call it with. A typed error of the library is a result like any other. */
export interface PureSubject {
  readonly name: string;
  readonly apply: (...operands: never[]) => unknown;
  readonly operands: Arbitrary<readonly unknown[]>;
}

const outcome = (apply: (...operands: never[]) => unknown, operands: readonly unknown[]): unknown => {
  try {
    return apply(...(operands as never[]));
  } catch (error) {
    if (isNatgradError(error)) return error;
    throw error;
  }
};

/**
 * What a function of this library owes its caller: it leaves its arguments as they are, storage included, and gives the
 * same result for the same arguments.
 *
 * @example
 * ```ts
 * import { arbitraryTensor, checkLaw, pureLaws } from '@natgrad/tensor/laws';
 * import fc from 'fast-check';
 * const subject = { name: 'double', apply: (x: Tensor) => multiply(x, 2), operands: fc.tuple(arbitraryTensor()) };
 * for (const law of pureLaws(subject)) checkLaw(law);
 * ```
 */
export const pureLaws = ({ name, apply, operands }: PureSubject): readonly Law[] => [
  law(`${name} leaves its arguments as they are`, operands, (values) => {
    const before = storageFingerprint(values);
    outcome(apply, values);
    const after = storageFingerprint(values);
    if (after !== before) throw new Error(`the arguments were ${before}, now they are ${after}`);
  }),
  law(`${name} gives the same result twice`, operands, (values) => {
    const [first, second] = [0, 1].map(() => fingerprint(outcome(apply, values)));
    if (first !== second) throw new Error(`first ${first}, then ${second}`);
  }),
];
