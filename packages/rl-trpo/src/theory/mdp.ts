/** Finite Markov decision processes with everything known. */
import { describeForeign } from '@natgrad/tensor/internal';
import { type Either, left, right } from 'fp-ts/lib/Either.js';
import { type TrpoError, type TrpoIssue, trpoError } from '../errors.js';
import { type Row, type Table, total } from './tables.js';

/** What a finite MDP consists of. */
export interface MdpTables {
  /** P(s′ | s, a) as `[states][actions][states]`; each innermost row sums to one. */
  readonly transitions: readonly Table[];
  /** r(s, a), the expected reward, as `[states][actions]`. */
  readonly rewards: Table;
  /** ρ₀(s), the distribution of the first state, as `[states]`. */
  readonly start: Row;
  /** The discount γ, at least 0 and below 1. */
  readonly gamma: number;
}

/** A finite MDP that was checked: {@link finiteMdp} makes it, and nobody can change it. */
export interface FiniteMdp extends MdpTables {
  readonly _tag: 'FiniteMdp';
  readonly states: number;
  readonly actions: number;
}

/** How far the sum of probabilities may be from 1: their decimals are often written to a few digits less than they have. */
const SUM_TOLERANCE = 1e-9;

const listIssues = (field: string, value: unknown, length: number | null): readonly TrpoIssue[] => {
  const expected = length === null ? 'a list with at least one element' : `a list of ${length}`;
  if (!Array.isArray(value)) return [{ code: 'wrongKind', field, found: describeForeign(value), expected }];
  if (value.length === (length ?? value.length) && value.length > 0) return [];
  return [{ code: 'wrongLength', field, found: `a list of ${value.length}`, expected }];
};

/** Whatever is wrong with a list, or else with one of its elements. */
const eachIssue = (
  field: string,
  value: unknown,
  length: number | null,
  element: (field: string, value: unknown) => readonly TrpoIssue[],
): readonly TrpoIssue[] => {
  const whole = listIssues(field, value, length);
  return whole.length > 0
    ? whole
    : Array.from(value as readonly unknown[], (each, i) => element(`${field}[${i}]`, each)).flat();
};

const numberIssues = (field: string, value: unknown): readonly TrpoIssue[] => {
  if (typeof value !== 'number')
    return [{ code: 'wrongKind', field, found: describeForeign(value), expected: 'a number' }];
  return Number.isFinite(value)
    ? []
    : [{ code: 'nonFinite', field, found: String(value), expected: 'a finite number' }];
};

/** What is wrong with a list as a distribution over `length` choices. */
const distributionIssues = (field: string, value: unknown, length: number | null): readonly TrpoIssue[] => {
  const issues = eachIssue(field, value, length, (place, p) => {
    const faults = numberIssues(place, p);
    if (faults.length > 0 || (p as number) >= 0) return faults;
    return [{ code: 'outOfRange', field: place, found: String(p), expected: 'a probability' }];
  });
  if (issues.length > 0) return issues;
  const sum = total(value as Row);
  return Math.abs(sum - 1) <= SUM_TOLERANCE
    ? []
    : [{ code: 'outOfRange', field, found: `probabilities that sum to ${sum}`, expected: 'a sum of 1' }];
};

const tablesIssues = ({ transitions, rewards, start, gamma }: Partial<MdpTables>): readonly TrpoIssue[] => {
  const states = Array.isArray(transitions) ? transitions.length : null;
  const first: unknown = transitions?.[0];
  const actions = Array.isArray(first) ? first.length : null;
  return [
    ...eachIssue('transitions', transitions, null, (field, table) =>
      eachIssue(field, table, actions, (place, row) => distributionIssues(place, row, states)),
    ),
    ...eachIssue('rewards', rewards, states, (field, row) => eachIssue(field, row, actions, numberIssues)),
    ...distributionIssues('start', start, states),
    ...gammaIssues(gamma),
  ];
};

export const gammaIssues = (gamma: unknown): readonly TrpoIssue[] =>
  typeof gamma === 'number' && gamma >= 0 && gamma < 1
    ? []
    : [{ code: 'outOfRange', field: 'gamma', found: String(gamma), expected: 'a number in [0, 1)' }];

const frozen = (table: Table): Table => Object.freeze(table.map((row) => Object.freeze([...row])));

/** An MDP of tables that are known to be valid. */
export const sealMdp = ({ transitions, rewards, start, gamma }: MdpTables): FiniteMdp =>
  Object.freeze({
    _tag: 'FiniteMdp',
    states: transitions.length,
    actions: transitions[0]?.length as number,
    transitions: Object.freeze(transitions.map(frozen)),
    rewards: frozen(rewards),
    start: Object.freeze([...start]),
    gamma,
  });

/**
 * A finite MDP from its tables, which are copied.
 *
 * @returns `Left` with everything that is wrong: lists of other lengths, rows of P that do not sum to one, numbers that are not
 * finite, γ outside [0, 1)
 * @example
 * ```ts
 * import { finiteMdp } from '@natgrad/rl-trpo/theory';
 *
 * const stay = finiteMdp({ transitions: [[[1]]], rewards: [[1]], start: [1], gamma: 0.5 });
 * console.log(stay._tag === 'Right' && stay.right.states); // 1
 * const leak = finiteMdp({ transitions: [[[0.9]]], rewards: [[1]], start: [1], gamma: 1 });
 * console.log(leak._tag === 'Left' && leak.left.issues.map(({ field }) => field)); // [ 'transitions[0][0]', 'gamma' ]
 * ```
 */
export const finiteMdp = (given: MdpTables): Either<TrpoError, FiniteMdp> => {
  const tables: unknown = given;
  if (typeof tables !== 'object' || tables === null)
    return left(
      trpoError('InvalidMdp', [
        { code: 'wrongKind', field: 'mdp', found: describeForeign(tables), expected: 'the tables of a finite MDP' },
      ]),
    );
  const [first, ...rest] = tablesIssues(given);
  return first === undefined ? right(sealMdp(given)) : left(trpoError('InvalidMdp', [first, ...rest]));
};

/**
 * A policy for an MDP from its probabilities π(a|s), `[states][actions]`, which are copied.
 *
 * @returns `Left` for another shape, and for rows that are no distributions
 */
export const checkPolicy = (mdp: FiniteMdp, policy: Table): Either<TrpoError, Table> => {
  const [first, ...rest] = eachIssue('policy', policy, mdp.states, (field, row) =>
    distributionIssues(field, row, mdp.actions),
  );
  return first === undefined ? right(frozen(policy)) : left(trpoError('InvalidMdp', [first, ...rest]));
};

/** Logits of a policy, finite, `[rows][actions]`. `Left` for another shape. */
export const checkLogits = (mdp: FiniteMdp, logits: Table, rows: number): Either<TrpoError, Table> => {
  const [first, ...rest] = eachIssue('logits', logits, rows, (field, row) =>
    eachIssue(field, row, mdp.actions, numberIssues),
  );
  return first === undefined ? right(frozen(logits)) : left(trpoError('InvalidMdp', [first, ...rest]));
};

/** What each state looks like, `[states]`: whole numbers from 0. `Left` for anything else. */
export const checkObservations = (mdp: FiniteMdp, observations: Row): Either<TrpoError, Row> => {
  const [first, ...rest] = eachIssue('observations', observations, mdp.states, (field, row) =>
    Number.isInteger(row) && (row as number) >= 0 && (row as number) < mdp.states
      ? []
      : [
          {
            code: 'outOfRange',
            field,
            found: typeof row === 'number' ? String(row) : describeForeign(row),
            expected: `a whole number from 0 to ${mdp.states - 1}`,
          },
        ],
  );
  return first === undefined
    ? right(Object.freeze([...observations]))
    : left(trpoError('InvalidMdp', [first, ...rest]));
};
