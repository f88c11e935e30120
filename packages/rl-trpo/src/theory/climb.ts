/** The best distribution within a given KL of another: the problem of one state, with its dual solved in closed form. */
import { decreasingRoot } from './root.js';
import { dot, largest, type Row, total, zip } from './tables.js';

/** A distribution q that climbs from p. */
export interface Climb {
  readonly policy: Row;
  /** KL(p ‖ q). */
  readonly kl: number;
  /** Σ_a (q(a) − p(a)) A(a). */
  readonly gain: number;
  /** λ, the gain of the last bit of KL: d gain / d KL. */
  readonly multiplier: number;
}

/** log(1 + y) − y, also where the difference would cancel. */
const log1pMinus = (y: number): number =>
  Math.abs(y) < 0.02
    ? // −y²/2 + y³/3 − …: the first term left out is below 1e-16 of the first.
      y * y * [1 / 10, 1 / 9, 1 / 8, 1 / 7, 1 / 6, 1 / 5, 1 / 4, 1 / 3, 1 / 2].reduce((sum, c) => -y * sum - c, 0)
    : Math.log1p(y) - y;

/** How far the search goes: e⁻¹⁶⁰ and 1 − e⁻⁴⁰ of the largest w. */
const [FIRST, LAST] = [-160, 40];

/**
 * q(a) ∝ p(a)/(1 − wA(a)) for w = σ(x)/max A: as w grows from 0 to 1/max A, q goes from p to the best action alone. With
 * u = Σ p (wA)²/(1 − wA) the normaliser is 1 + u, as Σ pA = 0, and every sum below is one of positive terms.
 */
const along = (p: Row, advantages: Row, x: number): Climb => {
  const best = largest(advantages);
  const [share, rest] = [1 / (1 + Math.exp(-x)), 1 / (1 + Math.exp(x))];
  const w = share / best;
  // 1 − wA without cancellation near the best action.
  const slack = advantages.map((a) => rest + share * ((best - a) / best));
  const u = total(zip(p, slack, (each, s, i) => (each * (w * (advantages[i] as number)) ** 2) / s));
  const logs = zip(advantages, slack, (a, s) => (Math.abs(w * a) < 0.02 ? log1pMinus(-w * a) : Math.log(s) + w * a));
  const multiplier = 1 / (w * (1 + u));
  return {
    policy: zip(p, slack, (each, s) => each / (s * (1 + u))),
    // Σ p log(1 − wA) + log(1 + u)
    kl: Math.log1p(u) + dot(p, logs),
    gain: u * multiplier,
    multiplier,
  };
};

/**
 * Maximises Σ_a q(a) A(a) over distributions q with KL(p ‖ q) ≤ `kl`. Setting the derivative of the Lagrangian to zero gives
 * q(a) = λ p(a)/(ν − A(a)); with w = 1/ν one number is left, which KL determines, as it grows with w.
 *
 * @param p probabilities above 0
 * @param advantages of the same actions, with Σ_a p(a) A(a) = 0 up to rounding
 * @param negligible advantages up to here count as 0
 */
export const climbWithin = (p: Row, advantages: Row, kl: number, negligible: number): Climb => {
  const mean = dot(p, advantages);
  const centred = advantages.map((a) => a - mean);
  if (!(largest(centred) > negligible)) return { policy: p, kl: 0, gain: 0, multiplier: 0 };
  // For small w KL is ½w²·Var A: a guess of w, as its share of the largest.
  const share = Math.min(
    0.5,
    Math.sqrt((2 * kl) / total(zip(p, centred, (each, a) => each * a ** 2))) * largest(centred),
  );
  const guess = Math.log(share / (1 - share));
  const x = decreasingRoot((at) => Math.log(kl / along(p, centred, at).kl), guess, FIRST, LAST);
  return along(p, centred, x);
};
