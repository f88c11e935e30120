/** The expectation of log cosh under a normal distribution: what squashing by tanh does to entropies. */
import {
  add,
  cast,
  divide,
  erf,
  exp,
  expandDims,
  lessEqual,
  multiply,
  select,
  sqrt,
  square,
  subtract,
  sum,
} from '@natgrad/autodiff';
import type { Tensor } from '@natgrad/tensor';
import { adopt } from '@natgrad/tensor/internal';
import { logCosh } from './softplus.js';

/** Step of both grids, and how far they reach. */
const STEP = 0.35;
const REACH_Z = 8.5;
const REACH_U = 12;

const grid = (reach: number): Tensor => {
  const half = Math.ceil(reach / STEP);
  return adopt(
    Float64Array.from({ length: 2 * half + 1 }, (_, k) => (k - half) * STEP),
    'f64',
    [2 * half + 1],
  );
};

/** e^(−z²/2) / √2π */
const density = (z: Tensor): Tensor => multiply(exp(multiply(square(z), -0.5)), 1 / Math.sqrt(2 * Math.PI));

/** E|x + s·z| for a standard normal z: s √(2/π) e^(−x²/2s²) + x erf(x / s√2), a smooth |x|. */
const smoothAbsolute = (x: Tensor, s: Tensor | number): Tensor => {
  const scaled = divide(x, s);
  return add(
    multiply(exp(multiply(square(scaled), -0.5)), multiply(s, Math.sqrt(2 / Math.PI))),
    multiply(x, erf(multiply(scaled, Math.SQRT1_2))),
  );
};

/** Nodes of both grids and what stands at them; the step is in the weights. */
const Z = grid(REACH_Z);
const Z_WEIGHTS = multiply(density(Z), STEP);
const U = grid(REACH_U);
/** log cosh u + log 2 − E|u + z|: smooth, and nothing beyond |u| = 12, where it is e^−24. */
const U_REMAINDERS = multiply(subtract(add(logCosh(U), Math.LN2), smoothAbsolute(U, 1)), STEP);

/** Σ over the nodes of a grid, which is the last axis of what `terms` gives. */
const over = (nodes: Tensor, weights: Tensor, x: Tensor, terms: (nodes: Tensor) => Tensor): Tensor => {
  const dtype = x.dtype === 'f32' ? 'f32' : 'f64';
  return sum(multiply(terms(cast(nodes, dtype)), cast(weights, dtype)), x.shape.length);
};

/**
 * E[log cosh(μ + σ z)] for a standard normal z, element by element, by the trapezoidal rule, which converges exponentially for
 * functions that are analytic in a strip about the real line (Trefethen and Weideman 2014, "The exponentially convergent
 * trapezoidal rule", theorem 5.1). The poles of log cosh lie at ± iπ/2.
 *
 * - σ ≤ 1: over z, where the strip is π/2σ wide.
 * - σ > 1: E[log cosh u] = E|u + z′| − log 2 + E[rest(u)] with another standard normal z′. The first is known in closed form,
 *   and the rest is smooth and small beyond |u| = 12: over u, with the density of u.
 *
 * With a step of 0.35 the error of both is below e^(−π²/0.35) = 6e-13 (relative where the value is large), plus rounding.
 *
 * @param mean μ, any shape
 * @param logDeviation log σ, of the same shape
 */
export const expectedLogCosh = (mean: Tensor, logDeviation: Tensor): Tensor => {
  const isNarrow = lessEqual(logDeviation, 0);
  // A choice and not a minimum: at log σ = 0 that would have half a derivative.
  const narrow = exp(select(isNarrow, logDeviation, 0));
  const wide = exp(select(isNarrow, 0, logDeviation));
  const axis = mean.shape.length;
  const column = (x: Tensor): Tensor => expandDims(x, axis);
  const overZ = over(Z, Z_WEIGHTS, mean, (z) => logCosh(add(column(mean), multiply(column(narrow), z))));
  const overU = over(U, U_REMAINDERS, mean, (u) => density(divide(subtract(u, column(mean)), column(wide))));
  const closed = smoothAbsolute(mean, sqrt(add(square(wide), 1)));
  return select(isNarrow, overZ, add(subtract(closed, Math.LN2), divide(overU, wide)));
};
