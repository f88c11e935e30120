/** What can be wrong with a step, as data: nothing in the core of this package throws. */
import { isNatgradError } from '@natgrad/tensor';
import type { NonEmptyArray } from 'fp-ts/lib/NonEmptyArray.js';

/** Which part was at fault. */
export type TrpoErrorCode =
  /** An option is unknown, of the wrong kind or out of range, or two contradict each other. */
  | 'InvalidConfig'
  /** The batch is empty, its parts do not fit together, or an element is not usable. */
  | 'InvalidBatch'
  /** The state does not belong to the model, or holds a number that is not finite. */
  | 'InvalidState'
  /** The tables of a finite MDP, or of a policy in it, are none (`@natgrad/rl-trpo/theory`). */
  | 'InvalidMdp'
  /** Valid inputs led to numbers beyond the range of floats, e.g. rewards of 1e300 summed. */
  | 'Overflow'
  /** The model's own functions threw, or returned something of another shape than they promise. */
  | 'ModelFailed'
  /** A worker was lost with its share of a rollout, and so was the one that took its place. */
  | 'WorkerCrashed';

/** What exactly is wrong with one field. */
export type TrpoIssueCode =
  | 'unknownField'
  | 'wrongKind'
  | 'outOfRange'
  | 'contradiction'
  | 'missing'
  | 'empty'
  | 'wrongLength'
  | 'wrongShape'
  | 'nonFinite'
  /** Valid, but not on this platform. */
  | 'unsupported'
  | 'threw'
  /** A thread ended before its answer. */
  | 'crashed';

/** One thing that is wrong: a code, the field, what was found and what was expected. */
export interface TrpoIssue {
  readonly code: TrpoIssueCode;
  /** The field as one would write it, e.g. `delta`, `observations`, `state.policy`. */
  readonly field: string;
  readonly found: string;
  readonly expected: string;
  /** The nearest valid name or value, where one is near. */
  readonly suggestion?: string;
  /** Row of the first bad element, for fields with rows. */
  readonly index?: number;
}

/** All that is wrong with a configuration, a state or a batch. */
export interface TrpoError {
  readonly _tag: 'TrpoError';
  readonly code: TrpoErrorCode;
  /** All issues in sentences, one a line. */
  readonly message: string;
  /** Everything that was found wrong, not only the first. */
  readonly issues: NonEmptyArray<TrpoIssue>;
}

const sentence = ({ field, found, expected, suggestion, index }: TrpoIssue): string =>
  `${field}${index === undefined ? '' : ` (row ${index})`}: found ${found}, expected ${expected}${
    suggestion === undefined ? '' : `; did you mean ${suggestion}?`
  }`;

/** An error from what is wrong. */
export const trpoError = (code: TrpoErrorCode, issues: NonEmptyArray<TrpoIssue>): TrpoError => ({
  _tag: 'TrpoError',
  code,
  message: issues.map(sentence).join('\n'),
  issues,
});

/** An error about one field. */
export const issueError = (code: TrpoErrorCode, issue: TrpoIssue): TrpoError => trpoError(code, [issue]);

/** What a model's function threw, as data. `field` names the function. */
export const thrownError = (field: string, error: unknown): TrpoError =>
  issueError('ModelFailed', {
    code: 'threw',
    field,
    found: error instanceof Error ? error.message : String(error),
    expected:
      isNatgradError(error) && error.expected !== undefined
        ? error.expected
        : 'a function that returns for every valid input',
  });
