/** Roots of functions of one variable. */

interface Point {
  readonly x: number;
  readonly f: number;
}

type Curve = (x: number) => number;

/** Near enough to zero: the functions here are logarithms of numbers that are known to about 1e-13 of themselves. */
const ZERO = 1e-12;

/** Evaluations after which the bracket is taken for narrow enough: bisection alone needs about 60. */
const MOST = 200;

/** Steps in a row that may leave more than half of the bracket: regula falsi is fast by two such steps and a short one. */
const PATIENCE = 3;

/**
 * The x in [low, high] where a decreasing, continuous function is zero, or the nearest end where there is none.
 *
 * From the guess on it strides, in doubling steps, until the root is passed. Then regula falsi in the Illinois variant (Dowell and
 * Jarratt 1971), safeguarded: after three steps that did not halve the bracket comes one that does. So the root stays between the
 * points that are known, and it ends.
 */
export const decreasingRoot = (f: Curve, guess: number, low: number, high: number): number => {
  const x = Math.min(high, Math.max(low, guess));
  const start = { x, f: f(x) };
  return stride(f, start, Math.max(Math.abs(start.f), 1e-6), start.f > 0 ? high : low);
};

/** Goes towards `end` until the sign changes. */
const stride = (f: Curve, from: Point, step: number, end: number): number => {
  if (Math.abs(from.f) <= ZERO || from.x === end) return from.x;
  const right = end > from.x;
  const x = right ? Math.min(end, from.x + step) : Math.max(end, from.x - step);
  const next = { x, f: f(x) };
  if (from.f > 0 === next.f > 0) return stride(f, next, 2 * step, end);
  const [first, last] = right ? [from, next] : [next, from];
  return narrow(f, { low: first, high: last, moved: null, slow: 0 }, MOST);
};

/** Two points on either side of the root. */
interface Bracket {
  readonly low: Point;
  readonly high: Point;
  /** The end that moved last. */
  readonly moved: 'low' | 'high' | null;
  /** Steps in a row that left more than half. */
  readonly slow: number;
}

const narrow = (f: Curve, { low, high, moved, slow }: Bracket, turns: number): number => {
  const width = high.x - low.x;
  const middle = low.x + 0.5 * width;
  if (turns === 0 || width <= 4 * Number.EPSILON * (1 + Math.abs(middle))) return middle;
  const secant = low.x + width * (low.f / (low.f - high.f));
  const x = slow < PATIENCE && secant > low.x && secant < high.x ? secant : middle;
  const value = f(x);
  if (Math.abs(value) <= ZERO) return x;
  const now = value > 0 ? 'low' : 'high';
  // The end that stays a second time counts half, so that it does not stay for ever.
  const weight = now === moved ? 0.5 : 1;
  const ends =
    now === 'low'
      ? { low: { x, f: value }, high: { x: high.x, f: weight * high.f } }
      : { low: { x: low.x, f: weight * low.f }, high: { x, f: value } };
  const left = ends.high.x - ends.low.x;
  return narrow(f, { ...ends, moved: now, slow: left > 0.5 * width ? slow + 1 : 0 }, turns - 1);
};
