/** Laws are values: a name and a property of fast-check, to be run by any test runner or by `checkLaw`. */
import fc, { type IProperty, type Parameters } from 'fast-check';
import { lawRuns } from './runs.js';

export interface Law {
  /** What holds, in a few words, e.g. `sum: agrees with a loop over the elements`. */
  readonly name: string;
  /** Throws (or gives false) for a counterexample. */
  readonly property: IProperty<unknown>;
}

/** A law from an arbitrary and a check that throws, or gives false, for a counterexample. */
export const law = <T>(name: string, cases: fc.Arbitrary<T>, holds: (value: T) => unknown): Law => ({
  name,
  property: fc.property(cases, (value) => holds(value) !== false),
});

/** Cases of a law where nothing else is said. */
export const DEFAULT_RUNS = 100;

/**
 * Runs a law; throws with its name, what is wrong, the shrunken counterexample and the seed that reproduces it.
 * The number of cases is `lawRuns(numRuns)`.
 *
 * @example
 * ```ts
 * import { checkLaw, law, arbitraryTensor } from '@natgrad/tensor/laws';
 * checkLaw(law('negation is its own inverse', arbitraryTensor(), (x) => identical(negate(negate(cast(x, 'f64'))), cast(x, 'f64'))));
 * ```
 */
export const checkLaw = ({ name, property }: Law, parameters: Parameters<unknown> = {}): void => {
  const details = fc.check(property, { ...parameters, numRuns: lawRuns(parameters.numRuns ?? DEFAULT_RUNS) });
  if (!details.failed) return;
  const cause = details.errorInstance instanceof Error ? details.errorInstance.message : '';
  const report = fc.defaultReportMessage(details) ?? '';
  throw new Error(`the law "${name}" does not hold: ${cause}\n${report}`, { cause: details.errorInstance });
};
