/** Backtracking along a direction (TRPO, appendix C: "a line search ... shrinking exponentially until the objective improves"). */
import { powerPortable } from '@natgrad/tensor/internal';

/** What is known of one point on the line. */
export interface Trial {
  /** Mean KL(old ‖ trial), in nats. */
  readonly kl: number;
  /** Surrogate at the trial minus surrogate at the start. */
  readonly gain: number;
  /** False where the parameters or what they lead to are not all finite. */
  readonly finite: boolean;
  /** False where a constraint other than the one on KL is violated; absent where there is none. */
  readonly feasible?: boolean;
}

/** A step that was found. */
export interface Accepted {
  readonly status: 'accepted';
  /** Of the full step. */
  readonly fraction: number;
  readonly kl: number;
  readonly gain: number;
  /** gᵀ(fraction · step): what the linear model promised. */
  readonly expectedGain: number;
  readonly tries: number;
}

/** Why there is no step; of a line search, what was wrong with its last trial. */
export type RejectionReason =
  | 'noImprovement'
  | 'klExceeded'
  /** A constraint other than the one on KL. */
  | 'constraintViolated'
  | 'nonFinite'
  | 'negativeCurvature'
  | 'zeroGradient';

/** No step: the parameters stay what they are. */
export interface Rejected {
  readonly status: 'rejected';
  readonly reason: RejectionReason;
  readonly tries: number;
}

/** How a line search ended. */
export type LineSearchOutcome = Accepted | Rejected;

/** What a trial must keep, and how many there are. */
export interface LineSearchOptions {
  /** Largest mean KL. */
  readonly delta: number;
  /** gᵀ step for the full step. */
  readonly expectedGain: number;
  /** Factor between tries. Default 0.8. */
  readonly shrink?: number;
  /** Default 10. */
  readonly maxTries?: number;
  /** Least gain as a share of the expected one. Default 0. */
  readonly acceptRatio?: number;
}

/**
 * Tries the fractions 1, s, s², … of a step and takes the first with KL ≤ δ, gain > acceptRatio · expected gain, everything
 * finite, and feasible where there is another constraint. `evaluate(fraction)` measures a trial; a rejection names what was
 * wrong with the last one.
 *
 * @example
 * ```ts
 * // Along this line KL is 0.04·f² and the gain f − f².
 * const outcome = lineSearch((f) => ({ kl: 0.04 * f * f, gain: f - f * f, finite: true }), { delta: 0.01, expectedGain: 1, shrink: 0.5 });
 * console.log(outcome.status === 'accepted' && outcome.fraction); // 0.5
 * ```
 */
export const lineSearch = (evaluate: (fraction: number) => Trial, options: LineSearchOptions): LineSearchOutcome => {
  const { delta, expectedGain, shrink = 0.8, maxTries = 10, acceptRatio = 0 } = options;
  let reason: RejectionReason = 'noImprovement';
  for (let k = 0; k < maxTries; k += 1) {
    const fraction = powerPortable(shrink, k);
    const { kl, gain, finite, feasible = true } = evaluate(fraction);
    const expected = fraction * expectedGain;
    if (!finite || !Number.isFinite(kl) || !Number.isFinite(gain)) reason = 'nonFinite';
    else if (!(kl <= delta)) reason = 'klExceeded';
    else if (!feasible) reason = 'constraintViolated';
    else if (!(gain > 0 && gain > acceptRatio * expected)) reason = 'noImprovement';
    else return { status: 'accepted', fraction, kl, gain, expectedGain: expected, tries: k + 1 };
  }
  return { status: 'rejected', reason, tries: maxTries };
};
