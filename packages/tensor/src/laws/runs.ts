/** How many random cases a law gets. */
import { invalid } from '../errors.js';

/** The environment of the process, where there is one: browsers have none. */
const environment = (): Readonly<Record<string, string | undefined>> =>
  (globalThis as { readonly process?: { readonly env?: Readonly<Record<string, string | undefined>> } }).process?.env ??
  {};

/**
 * Cases per law: `fallback`, or the value of the environment variable `NATGRAD_LAW_RUNS` where that is more.
 *
 * @throws `InvalidArgument` when the variable is set to anything but a whole number.
 * @example
 * ```ts
 * import { lawRuns } from '@natgrad/tensor/laws';
 * console.log(lawRuns(50) >= 50); // true
 * ```
 */
export const lawRuns = (fallback: number): number => {
  const wanted = environment()['NATGRAD_LAW_RUNS'];
  if (wanted === undefined || wanted.trim() === '') return fallback;
  const runs = Number(wanted);
  if (!Number.isInteger(runs) || runs < 0)
    throw invalid('lawRuns', `NATGRAD_LAW_RUNS is "${wanted}", not a number of cases`, {
      argument: 'NATGRAD_LAW_RUNS',
      found: wanted,
      expected: 'a whole number, e.g. NATGRAD_LAW_RUNS=1000',
    });
  return Math.max(fallback, runs);
};
