/** Random finite MDPs and policies. */
import { foldIn, type Key, normal, permutation, split, toTypedArray, uniform } from '@natgrad/tensor';
import { type Either, left, right } from 'fp-ts/lib/Either.js';
import { type TrpoError, type TrpoIssue, trpoError } from '../errors.js';
import { type FiniteMdp, gammaIssues, sealMdp } from './mdp.js';
import { softmaxPolicy } from './policies.js';
import type { Row, Table } from './tables.js';

export interface RandomMdpOptions {
  readonly states: number;
  readonly actions: number;
  /** States that an action can lead to, at most `states`. */
  readonly branching: number;
  readonly gamma: number;
  /** Where episodes begin: anywhere alike, or in state 0, so that some states may never be visited. Default `anywhere`. */
  readonly start?: 'anywhere' | 'first';
}

/** The lengths of the parts into which uniform points divide the unit interval: uniform on the simplex. */
const cuts = (key: Key, parts: number): Row => {
  const points = [0, ...[...toTypedArray(uniform(key, [parts - 1]))].sort((a, b) => a - b), 1];
  return points.slice(1).map((point, i) => point - (points[i] as number));
};

const successors = (key: Key, states: number, branching: number): Row => {
  const [forStates, forParts] = split(key);
  const chosen = toTypedArray(permutation(forStates, states)).slice(0, branching);
  const parts = cuts(forParts, branching);
  return Array.from({ length: states }, (_, s) => parts[chosen.indexOf(s)] ?? 0);
};

const normalTable = (key: Key, rows: number, columns: number, deviation = 1): Table => {
  const x = toTypedArray(normal(key, [rows * columns]));
  return Array.from({ length: rows }, (_, i) =>
    Array.from(x.slice(i * columns, (i + 1) * columns), (each) => deviation * each),
  );
};

const sizeIssues = ({ states, actions, branching }: RandomMdpOptions): readonly TrpoIssue[] =>
  Object.entries({ states, actions, branching }).flatMap(([field, size]): readonly TrpoIssue[] => {
    const most = field === 'branching' ? states : 1000;
    return Number.isInteger(size) && size >= 1 && size <= most
      ? []
      : [{ code: 'outOfRange', field, found: String(size), expected: `a whole number in [1, ${most}]` }];
  });

/** The MDP of options that are known to be valid. */
export const drawMdp = (key: Key, options: RandomMdpOptions): FiniteMdp => {
  const { states, actions, branching, gamma, start = 'anywhere' } = options;
  const [forTransitions, forRewards] = split(key);
  return sealMdp({
    transitions: Array.from({ length: states }, (_, s) =>
      Array.from({ length: actions }, (_a, a) =>
        successors(foldIn(forTransitions, s * actions + a), states, branching),
      ),
    ),
    rewards: normalTable(forRewards, states, actions),
    start: Array.from({ length: states }, (_, s) => (start === 'anywhere' ? 1 / states : s === 0 ? 1 : 0)),
    gamma,
  });
};

/**
 * A random MDP in the manner of Archibald, McKinnon and Thomas 1995, "On the generation of Markov decision processes": each action
 * of each state leads to a few random states, with probabilities uniform on the simplex, and has a standard normal reward.
 *
 * @returns `Left` for sizes that are no whole numbers from 1, branching above the count of states, γ outside [0, 1)
 * @example
 * ```ts
 * import { randomMdp } from '@natgrad/rl-trpo/theory';
 *
 * const mdp = randomMdp(key(0), { states: 5, actions: 2, branching: 3, gamma: 0.9 });
 * console.log(mdp._tag === 'Right' && mdp.right.transitions[0]?.[0]?.filter((p) => p > 0).length); // 3
 * ```
 */
export const randomMdp = (key: Key, options: RandomMdpOptions): Either<TrpoError, FiniteMdp> => {
  const [first, ...rest] = [...sizeIssues(options), ...gammaIssues(options.gamma)];
  return first === undefined ? right(drawMdp(key, options)) : left(trpoError('InvalidMdp', [first, ...rest]));
};

/** Normal logits, `[states][actions]`. */
export const randomLogits = (key: Key, { states, actions }: FiniteMdp, deviation = 1): Table =>
  normalTable(key, states, actions, deviation);

/** The softmax of normal logits. */
export const randomPolicy = (key: Key, mdp: FiniteMdp, deviation = 1): Table =>
  softmaxPolicy(randomLogits(key, mdp, deviation));
