/**
 * The step of constrained policy optimisation (Achiam, Held, Tamar and Abbeel 2017): a linear objective in a ball, with one linear
 * constraint, in closed form.
 */

/** Inner products in the metric H⁻¹ of the objective's gradient g and the constraint's gradient b. */
export interface ConstrainedProblem {
  /** gᵀH⁻¹g. */
  readonly q: number;
  /** gᵀH⁻¹b. */
  readonly r: number;
  /** bᵀH⁻¹b. */
  readonly s: number;
  /** What the constraint is at x = 0: violated where it is > 0. */
  readonly c: number;
  /** δ > 0. */
  readonly delta: number;
}

/** The step x = `alongGradient` · H⁻¹g + `alongCost` · H⁻¹b. */
export interface ConstrainedStep {
  /**
   * - `inactive`: the step without the constraint keeps it;
   * - `active`: the best step ends on the constraint;
   * - `recovery`: no step in the ball satisfies the constraint, and this one comes nearest to it.
   */
  readonly kind: 'inactive' | 'active' | 'recovery';
  readonly alongGradient: number;
  readonly alongCost: number;
  /** λ, multiplier of the ball; null where the ball does not bind the step along the constraint, and in a recovery. */
  readonly lambda: number | null;
  /** ν, multiplier of the constraint; null likewise. */
  readonly nu: number | null;
}

/** A remainder q − r²/s this small beside q is rounding: g and b are parallel. */
const PARALLEL = 1e-12;

/**
 * The x that maximises gᵀx subject to bᵀx + c ≤ 0 and ½ xᵀHx ≤ δ; where nothing satisfies both, the one that minimises bᵀx in the
 * ball (theorem 2 and appendix C of the paper, for an objective that is maximised).
 *
 * On the constraint x is the sum of two parts that are orthogonal in H: −(c/s) H⁻¹b, which reaches it, and a multiple of
 * H⁻¹g − (r/s) H⁻¹b, which runs along it as far as the ball allows. That is the paper's dual solution λ = √((q − r²/s)/(2δ − c²/s)),
 * ν = (λc + r)/s, without its cancellation for parallel g and b.
 *
 * @example
 * ```ts
 * // g = (1, 0), b = (0, 1), H = I, δ = ½: the unit disc, in which the second coordinate must stay below −0.6.
 * const { kind, alongGradient, alongCost } = constrainedStep({ q: 1, r: 0, s: 1, c: 0.6, delta: 0.5 });
 * console.log(kind, alongGradient, alongCost); // active 0.8 -0.6
 * ```
 */
export const constrainedStep = ({ q, r, s, c, delta }: ConstrainedProblem): ConstrainedStep => {
  const radius = Math.sqrt(2 * delta);
  // Without the constraint: √(2δ/q) H⁻¹g, where the constraint has the value √(2δ/q) r + c.
  const free = q > 0 ? radius / Math.sqrt(q) : 0;
  if (!(s > 0) && c > 0) return { kind: 'recovery', alongGradient: 0, alongCost: 0, lambda: null, nu: null };
  if (!(s > 0) || free * r + c <= 0)
    return { kind: 'inactive', alongGradient: free, alongCost: 0, lambda: free > 0 ? 1 / free : null, nu: 0 };
  const reach = Math.sqrt(s);
  // The ball reaches down to c − √(2δs).
  if (!(c <= radius * reach))
    return { kind: 'recovery', alongGradient: 0, alongCost: -radius / reach, lambda: null, nu: null };
  const along = q - (r / reach) ** 2;
  const left = 2 * delta - (c / reach) ** 2;
  const run = Math.sqrt(Math.max(0, left) / along);
  const a = along > PARALLEL * q && Number.isFinite(run) ? run : 0;
  const bound = a > 0 ? 1 / a : null;
  return {
    kind: 'active',
    alongGradient: a,
    alongCost: -(a * r + c) / s,
    lambda: bound,
    nu: bound === null ? null : (bound * c + r) / s,
  };
};
