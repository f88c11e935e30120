/** A trust region that finds its own size. */
import type { TrpoConfig } from './config.js';
import type { LineSearchOutcome } from './line-search.js';

/** The options of a configuration that concern it. */
export type AdaptiveDeltaOptions = Pick<
  TrpoConfig,
  'adaptiveDelta' | 'delta' | 'deltaTarget' | 'deltaBand' | 'deltaMinimum' | 'deltaMaximum'
>;

/** What δ is multiplied or divided by. */
const FACTOR = 1.5;

/** Half of what the linear model promised: with a band of 1.5 δ falls below a third and grows above three quarters. */
const IMPROVEMENT_TARGET = 0.5;

/** What is held near, if `deltaTarget` does not say so: half of the promised gain, or the KL that the configuration calls δ. */
const targetOf = ({ adaptiveDelta, deltaTarget, delta }: AdaptiveDeltaOptions): number =>
  deltaTarget ?? (adaptiveDelta === 'improvement' ? IMPROVEMENT_TARGET : delta);

/** −1, 0 or 1: whether the region should shrink, stay or grow. */
const direction = (options: AdaptiveDeltaOptions, outcome: LineSearchOutcome): number => {
  const { adaptiveDelta, deltaBand: band } = options;
  const target = targetOf(options);
  if (outcome.status === 'rejected') {
    if (outcome.reason === 'zeroGradient' || outcome.reason === 'negativeCurvature') return 0;
    // No try was good. That is too far for the linear model; for the KL only if it was the KL.
    return adaptiveDelta === 'improvement' || outcome.reason !== 'noImprovement' ? -1 : 0;
  }
  if (adaptiveDelta === 'kl') return outcome.kl > target * band ? -1 : outcome.kl < target / band ? 1 : 0;
  const ratio = outcome.gain / outcome.expectedGain;
  return ratio > target * band ? 1 : ratio < target / band ? -1 : 0;
};

/**
 * δ of the next step: the one given, times 1.5 or divided by it where what was measured of this step lies outside a band around
 * its target, [target / band, target · band], and always between `deltaMinimum` and `deltaMaximum`.
 *
 * - `improvement`: the share of the gain that the linear model promised, gᵀ(θ − θ_old), which came true. A large share says that
 *   the model holds farther out, a small one that it does not (the rule of trust-region methods: Nocedal and Wright, "Numerical
 *   Optimization", 2nd edition, algorithm 4.1, whose ¼ and ¾ the defaults come near). A step without improvement counts as none.
 * - `kl`: the KL of the step, for step sizes that miss δ (`damped`, `undamped`); on the boundary the KL is δ already. (The rule of
 *   the adaptive penalty in Schulman, Wolski, Dhariwal, Radford and Klimov 2017, section 4, applied to δ.)
 *
 * A step that was not tried, for want of a gradient or of curvature, says nothing and changes nothing.
 *
 * @example
 * ```ts
 * const options = { adaptiveDelta: 'improvement', delta: 0.01, deltaTarget: null, deltaBand: 1.5, deltaMinimum: 1e-3, deltaMaximum: 0.1 } as const;
 * const outcome = { status: 'accepted', fraction: 1, kl: 0.01, gain: 0.02, expectedGain: 0.1, tries: 1 } as const;
 * console.log(nextDelta(options, 0.015, outcome)); // 0.01
 * ```
 */
export const nextDelta = (options: AdaptiveDeltaOptions, delta: number, outcome: LineSearchOutcome): number => {
  if (options.adaptiveDelta === 'off') return delta;
  const turn = direction(options, outcome);
  const next = turn > 0 ? delta * FACTOR : turn < 0 ? delta / FACTOR : delta;
  return Math.min(options.deltaMaximum, Math.max(options.deltaMinimum, next));
};

/** The options of {@link deltaAfter}. */
export type DeltaOptions = AdaptiveDeltaOptions & Pick<TrpoConfig, 'deltaDecaySteps'>;

/**
 * δ of the step after `steps` environment steps: with `deltaDecaySteps` it falls linearly from the one of the configuration, so that
 * what was learnt is not lost in steps which by then are mostly noise; or else {@link nextDelta}, or the one of the last step where
 * that step says nothing.
 */
export const deltaAfter = (
  options: DeltaOptions,
  last: number,
  outcome: LineSearchOutcome | null,
  steps: number,
): number => {
  const { delta, deltaDecaySteps, deltaMinimum } = options;
  if (deltaDecaySteps !== null) return Math.max(deltaMinimum, delta * (1 - steps / deltaDecaySteps));
  return outcome === null ? last : nextDelta(options, last, outcome);
};
