/** The best that can be had. */
import { type Evaluation, evaluateChecked, roundingOf } from './evaluate.js';
import type { FiniteMdp } from './mdp.js';
import { greedy } from './policies.js';
import { largest, type Table, zip } from './tables.js';

/** Where an action beats the present one by more than rounding, the best; elsewhere what was. */
const improved = (old: Evaluation): Table =>
  zip(
    old.policy,
    zip(greedy(old.advantages), old.advantages, (best, row) => ({ best, gain: largest(row) })),
    (row, { best, gain }) => (gain > roundingOf(old) ? best : row),
  );

const iterate = (old: Evaluation): Evaluation => {
  const policy = improved(old);
  return policy.every((row, s) => row === old.policy[s]) ? old : iterate(evaluateChecked(old.mdp, policy));
};

/**
 * An optimal policy and its values, by policy iteration (Howard 1960): it ends, for each turn gains more than rounding and there
 * are finitely many deterministic policies.
 */
export const optimalPolicy = (mdp: FiniteMdp): Evaluation => iterate(evaluateChecked(mdp, greedy(mdp.rewards)));
