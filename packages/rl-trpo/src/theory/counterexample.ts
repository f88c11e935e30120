/** An MDP and two policies that show that ε′ does not belong into theorem 1. */
import { foldIn, type Key, randomIntAt } from '@natgrad/tensor';
import { mistakenBound } from './bounds.js';
import { evaluateChecked } from './evaluate.js';
import { type FiniteMdp, sealMdp } from './mdp.js';
import type { Row, Table } from './tables.js';

/** An MDP, a policy π in it, and a new policy π′. */
export interface Counterexample {
  readonly mdp: FiniteMdp;
  readonly policy: Table;
  readonly next: Table;
}

const SIZE = 2;
const GAMMA = 0.8;
const both = <T>(make: (i: number) => T): readonly T[] => Array.from({ length: SIZE }, (_, i) => make(i));

/** A candidate of two states and two actions: P in halves, rewards −1, 0 or 1, policies in hundredths, from state 0. */
const candidate = (key: Key): Counterexample => {
  const draw = (index: number, count: number): number => randomIntAt(key, index, { maximum: count });
  const pair = (p: number): Row => [p, 1 - p];
  // 100 − n hundredths, and not 1 − n/100, which is 0.30000000000000004 for n = 70.
  const percent = (n: number): Row => [n / 100, (100 - n) / 100];
  const at = (s: number): number => 2 + draw(8 + s, 97);
  return {
    mdp: sealMdp({
      transitions: both((s) => both((a) => pair(draw(SIZE * s + a, 3) / 2))),
      rewards: both((s) => both((a) => draw(4 + SIZE * s + a, 3) - 1)),
      start: [1, 0],
      gamma: GAMMA,
    }),
    policy: both((s) => percent(at(s))),
    // One hundredth to either side, or none.
    next: both((s) => percent(at(s) + draw(10 + s, 3) - 1)),
  };
};

/** By how much the mistaken bound promises a rise while J falls: the smaller of promise and fall. */
const shortfall = ({ mdp, policy, next }: Counterexample): number => {
  const old = evaluateChecked(mdp, policy);
  const promise = mistakenBound(old, next) - old.expectedReturn;
  return Math.min(promise, old.expectedReturn - evaluateChecked(mdp, next).expectedReturn);
};

/** Promises and falls up to here are rounding. */
const ROUNDING = 1e-9;

/**
 * Looks for an MDP where {@link mistakenBound} promises that J rises while J falls, and gives the most striking of `count`
 * candidates: the one with the largest promise and fall, by the smaller of both. Null where none is one.
 */
export const searchCounterexample = (key: Key, count: number): Counterexample | null =>
  Array.from({ length: count }, (_, i) => candidate(foldIn(key, i))).reduce<{
    readonly found: Counterexample | null;
    readonly score: number;
  }>(
    (best, each) => {
      const score = shortfall(each);
      return score > best.score ? { found: each, score } : best;
    },
    { found: null, score: ROUNDING },
  ).found;

/**
 * What {@link searchCounterexample} finds with `key(0)` among 10,000 candidates. Theorem 1 with ε′ in place of ε promises that J rises by
 * 5e-4, and it falls by 1e-4.
 *
 * Two states, each with an action that stays and costs 1, and a free one that leaves: from 0 always, from 1 half of the time. The new
 * policy stays in 0 a little more, which loses, and leaves 1 a little more, which gains. By the old policy's visits the gain is the
 * larger one, so L rises; but the new policy is in 0 more often.
 *
 * @example
 * ```ts
 * import { counterexample, evaluatePolicy, mistakenBound, theoremBound } from '@natgrad/rl-trpo/theory';
 *
 * const { mdp, policy, next } = counterexample();
 * const [old, after] = [evaluatePolicy(mdp, policy), evaluatePolicy(mdp, next)];
 * if (old._tag === 'Left' || after._tag === 'Left') throw new Error('not an MDP');
 * console.log(old.right.expectedReturn.toFixed(6), after.right.expectedReturn.toFixed(6)); // -2.824176 -2.824309
 * console.log(mistakenBound(old.right, next).toFixed(6)); // -2.823651
 * console.log(theoremBound(old.right, next).toFixed(6)); // -2.833125
 * ```
 */
export const counterexample = (): Counterexample => ({
  mdp: sealMdp({
    transitions: [
      [
        [1, 0],
        [0, 1],
      ],
      [
        [0.5, 0.5],
        [0, 1],
      ],
    ],
    rewards: [
      [-1, 0],
      [0, -1],
    ],
    start: [1, 0],
    gamma: GAMMA,
  }),
  policy: [
    [0.55, 0.45],
    [0.42, 0.58],
  ],
  next: [
    [0.56, 0.44],
    [0.43, 0.57],
  ],
});
