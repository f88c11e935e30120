/** How far to go along the natural gradient. */
import type { Trial } from './line-search.js';

/** How far to go along a direction. */
export interface StepSize {
  /** Factor on the direction: 0 where there is none. */
  readonly scale: number;
  /** Evaluations of KL that it took. */
  readonly evaluations: number;
}

/**
 * β = √(2δ / xᵀFx): the step whose KL is δ if KL were the quadratic ½ β² xᵀFx (TRPO, appendix C). With the damped curvature
 * xᵀ(F + damping)x it is the textbook's, which is shorter. 0 if there is no positive curvature.
 */
export const quadraticStep = (delta: number, curvature: number): number => {
  const scale = Math.sqrt((2 * delta) / curvature);
  return curvature > 0 && Number.isFinite(scale) ? scale : 0;
};

/**
 * xᵀFx from what conjugate gradient left: (F + damping)x = b − r, so xᵀFx = xᵀ(b − r) − damping·xᵀx and no further product is
 * needed. `r` must be the residual of that x.
 */
export const undampedCurvature = (xb: number, xr: number, xx: number, damping: number): number =>
  xb - xr - damping * xx;

/** Where the boundary is, and how long to look for it. */
export interface BoundaryOptions {
  readonly delta: number;
  /** Where to begin, β. */
  readonly initial: number;
  /** Least KL to be content with, as a share of δ. Default 0.95. */
  readonly share?: number;
  /** Default 30. */
  readonly maxEvaluations?: number;
}

/** What one trial says about the boundary; KL that is not finite lies beyond it. */
const klOf = ({ kl, finite }: Trial): number => (finite && Number.isFinite(kl) ? Math.max(0, kl) : Infinity);

/**
 * The factor α with KL(α) in [0.95 δ, δ], by a safeguarded secant iteration on √KL, which is nearly linear in α. The search
 * keeps a bracket: `low` has KL below the band, `high` above, and a step that would leave it or shrink it too little becomes a
 * bisection. Where KL never reaches the band (it may be bounded, or jump) the largest factor found with KL ≤ δ is taken.
 */
export const boundaryStep = (evaluate: (scale: number) => Trial, options: BoundaryOptions): StepSize => {
  const { delta, initial, share = 0.95, maxEvaluations = 30 } = options;
  if (!(initial > 0)) return { scale: 0, evaluations: 0 };
  // Aim at the middle of the band in √KL.
  const target = Math.sqrt(delta * (1 + share) * 0.5);
  let low = { scale: 0, root: 0 };
  let high: { readonly scale: number; readonly root: number } | null = null;
  let scale = initial;
  for (let n = 1; n <= maxEvaluations; n += 1) {
    const kl = klOf(evaluate(scale));
    if (kl <= delta && kl >= share * delta) return { scale, evaluations: n };
    if (kl > delta) high = { scale, root: Math.sqrt(kl) };
    else low = { scale, root: Math.sqrt(kl) };
    scale = nextScale(low, high, target);
    if (!(scale < Number.MAX_VALUE) || (high !== null && !(scale > low.scale && scale < high.scale)))
      return { scale: low.scale, evaluations: n };
  }
  return { scale: low.scale, evaluations: maxEvaluations };
};

interface Point {
  readonly scale: number;
  readonly root: number;
}

const nextScale = (low: Point, high: Point | null, target: number): number => {
  // Not bracketed yet: √KL ∝ α says how far to go on, within a factor of 4.
  if (high === null) return low.scale * Math.min(4, Math.max(1.05, target / low.root));
  // Ends that are orders apart say nothing of what lies between them: a secant would creep along from the lower one.
  if (low.scale > 0 && high.scale > 4 * low.scale) return Math.sqrt(low.scale * high.scale);
  const width = high.scale - low.scale;
  // Where KL is infinite at the upper end, this is the lower one.
  const secant = low.scale + (width * (target - low.root)) / (high.root - low.root);
  // Too near an end, the bracket would hardly shrink.
  if (secant > low.scale + 1e-3 * width && secant < high.scale - 1e-3 * width) return secant;
  return low.scale === 0 ? high.scale / 8 : 0.5 * (low.scale + high.scale);
};

/** The kind of sizing, and the curvatures along the direction. */
export interface StepSizeInput {
  readonly kind: 'boundary' | 'undamped' | 'damped';
  readonly delta: number;
  /** xᵀFx. */
  readonly curvature: number;
  /** xᵀ(F + damping)x. */
  readonly dampedCurvature: number;
}

/** The factor on the natural gradient with which the line search begins; 0 where there is no positive curvature. */
export const chooseStepSize = (
  { kind, delta, curvature, dampedCurvature }: StepSizeInput,
  evaluate: (scale: number) => Trial,
): StepSize => {
  const initial = quadraticStep(delta, kind === 'damped' ? dampedCurvature : curvature);
  if (kind !== 'boundary') return { scale: initial, evaluations: 0 };
  const found = boundaryStep(evaluate, { delta, initial });
  // Where no factor at all stays inside, the line search begins at β and names the reason.
  return found.scale > 0 ? found : { ...found, scale: initial };
};
