/** Generalised advantage estimation (Schulman, Moritz, Levine, Jordan and Abbeel 2016), with episode ends done right. */
import type { Segment } from './batch.js';

/** A batch as advantage estimation sees it: plain columns, one number per row. */
export interface GaeInput {
  /** `[N]`. */
  readonly rewards: ArrayLike<number>;
  /** `[N]`: V(s_t). */
  readonly values: ArrayLike<number>;
  /** Value of the final observation for each bootstrap row, in order. */
  readonly finalValues: ArrayLike<number>;
  /** `[N]`, 0 or 1. */
  readonly terminated: ArrayLike<number>;
  readonly truncated: ArrayLike<number>;
  readonly segments: readonly Segment[];
  readonly gamma: number;
  readonly lambda: number;
}

/** What {@link gae} estimates. */
export interface Advantages {
  /** `[N]`: Σ (γλ)ˡ δ_{t+l}, not normalised. */
  readonly advantages: Float64Array;
  /** `[N]`: advantages + values, the targets of the critic. */
  readonly returns: Float64Array;
}

/**
 * Advantages by the backward recursion A_t = δ_t + γλ A_{t+1}, δ_t = r_t + γ V(s_{t+1}) − V(s_t), within each episode (equation
 * 16 of the paper, the sum as a recursion, with a base case that many implementations lack):
 *
 * - the task ended (`terminated`): nothing follows, V(s_{t+1}) = 0;
 * - the episode was cut (`truncated`) or the segment ends within it: V(s_{t+1}) is the value of the final observation;
 *
 * and in both cases A_{t+1} = 0: nothing leaks in from the next episode.
 *
 * @example
 * ```ts
 * const { advantages } = gae({
 *   rewards: [1, 1], values: [0, 0], finalValues: [10], terminated: [0, 0], truncated: [0, 1],
 *   segments: [{ environment: 0, length: 2 }], gamma: 0.5, lambda: 1,
 * });
 * console.log([...advantages]); // [ 4, 6 ]
 * ```
 */
export const gae = ({
  rewards,
  values,
  finalValues,
  terminated,
  truncated,
  segments,
  gamma,
  lambda,
}: GaeInput): Advantages => {
  const count = rewards.length;
  const advantages = new Float64Array(count);
  const returns = new Float64Array(count);
  let row = count - 1;
  let final = finalValues.length - 1;
  for (let s = segments.length - 1; s >= 0; s -= 1) {
    const first = row - (segments[s] as Segment).length + 1;
    const last = row;
    let following = 0; // A_{t+1}
    for (; row >= first; row -= 1) {
      const isEnd = terminated[row] === 1 || truncated[row] === 1 || row === last;
      let nextValue = 0;
      if (terminated[row] !== 1) {
        nextValue = (isEnd ? finalValues[final] : values[row + 1]) as number;
        if (isEnd) final -= 1;
      }
      const value = values[row] as number;
      const delta = (rewards[row] as number) + gamma * nextValue - value;
      following = delta + (isEnd ? 0 : gamma * lambda * following);
      advantages[row] = following;
      returns[row] = following + value;
    }
  }
  return { advantages, returns };
};

/**
 * Advantages shifted and scaled to mean 0 and (population) deviation 1. Where all are equal up to rounding there is nothing to
 * prefer: zeros, and `constant` says so.
 */
export const normaliseAdvantages = (
  advantages: Float64Array,
): { readonly advantages: Float64Array; readonly constant: boolean } => {
  const count = advantages.length;
  const largest = advantages.reduce((most, a) => Math.max(most, Math.abs(a)), 0);
  if (largest === 0) return { advantages: new Float64Array(count), constant: true };
  // Divided by the largest, so that neither sums nor squares overflow or vanish.
  const relative = advantages.map((a) => a / largest);
  const mean = relative.reduce((sum, a) => sum + a / count, 0);
  const deviation = Math.sqrt(relative.reduce((sum, a) => sum + (a - mean) ** 2 / count, 0));
  // Rounding alone makes deviations of about 1e-16.
  const constant = deviation <= 1e-12;
  return { advantages: constant ? new Float64Array(count) : relative.map((a) => (a - mean) / deviation), constant };
};
