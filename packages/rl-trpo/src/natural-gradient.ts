/** x = (F + damping)⁻¹ g by conjugate gradient. */
import { type CgResult, conjugateGradient } from './conjugate-gradient.js';
import { damped, type Operator } from './fisher.js';
import type { RejectionReason } from './line-search.js';
import type { ParameterTree } from './model.js';
import type { Warning } from './report.js';
import { undampedCurvature } from './step-size.js';
import { inner } from './vector.js';

/** The direction x, with the numbers that sizing and line search need of it. */
export interface NaturalGradient {
  readonly solve: CgResult<ParameterTree>;
  /** gᵀx: what a unit step along x promises to first order. */
  readonly slope: number;
  /** xᵀFx. */
  readonly curvature: number;
  /** xᵀ(F + damping)x. */
  readonly dampedCurvature: number;
  readonly warnings: readonly Warning[];
}

/** How exactly to solve, and from where. */
export interface NaturalGradientOptions {
  readonly iterations: number;
  readonly tolerance: number;
  readonly damping: number;
  /** A warm start; null for none. */
  readonly initial?: ParameterTree | null;
  /** r ↦ P⁻¹r, symmetric positive definite. */
  readonly preconditioner?: (residual: ParameterTree) => ParameterTree;
}

/**
 * The direction of steepest ascent in the metric of the policy's distribution (TRPO, appendix C), from the Fisher operator and
 * the gradient. A warm start that ends in a direction that does not climb is repeated from zero, with the warning `notAscent`.
 */
export const naturalGradient = (
  fisher: Operator,
  gradient: ParameterTree,
  options: NaturalGradientOptions,
): NaturalGradient => {
  const { iterations, tolerance, damping, initial = null, preconditioner } = options;
  const operator = damped(fisher, damping);
  const from = (start: ParameterTree | null): CgResult<ParameterTree> =>
    conjugateGradient(operator, gradient, {
      iterations,
      tolerance,
      ...(start === null ? {} : { initial: start }),
      ...(preconditioner === undefined ? {} : { preconditioner }),
    });
  const first = from(initial);
  const restart = initial !== null && first.status !== 'zeroGradient' && !(inner(gradient, first.x) > 0);
  const solve = restart ? from(null) : first;
  const [slope, xr, xx] = [inner(gradient, solve.x), inner(solve.x, solve.residual), inner(solve.x, solve.x)];
  const failed = solve.status === 'negativeCurvature' || solve.status === 'nonFinite';
  return {
    solve,
    slope,
    curvature: undampedCurvature(slope, xr, xx, damping),
    dampedCurvature: undampedCurvature(slope, xr, 0, 0),
    warnings: [...(restart ? (['notAscent'] as const) : []), ...(failed ? (['conjugateGradientFailed'] as const) : [])],
  };
};

/** Why there is no step to try along the natural gradient, or null if there is one. */
export const reasonToStay = ({ solve, slope }: NaturalGradient, scale: number): RejectionReason | null => {
  if (solve.status === 'zeroGradient' || solve.status === 'nonFinite') return solve.status;
  return scale > 0 && slope > 0 ? null : 'negativeCurvature';
};
