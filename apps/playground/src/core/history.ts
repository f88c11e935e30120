/** The points of a session, as columns for charts and as words. */
import type { Point } from './protocol.js';

/** Charts need no more; beyond that every second point is forgotten. */
const MOST = 2000;

/** One more point. */
export const extended = (points: readonly Point[], point: Point): readonly Point[] =>
  points.length < MOST ? [...points, point] : [...points.filter((_, i) => i % 2 === 1), point];

/** Parts of an iteration, in order, with what they are called. */
export const PARTS = [
  ['rollout', 'rollout'],
  ['advantages', 'advantages'],
  ['gradient', 'gradient'],
  ['conjugateGradient', 'conjugate gradient'],
  ['lineSearch', 'line search'],
  ['policyFit', 'policy fit'],
  ['valueFit', 'value fit'],
] as const;

/** Shares of the time of the latest iterations, by part; those that take none are left out. */
export const sharesOf = (points: readonly Point[]): readonly { readonly part: string; readonly share: number }[] => {
  const latest = points.slice(-20);
  const seconds = PARTS.map(([part]) => latest.reduce((sum, point) => sum + point.seconds[part], 0));
  const total = seconds.reduce((sum, each) => sum + each, 0);
  return total === 0
    ? []
    : PARTS.map(([, part], i) => ({ part, share: (seconds[i] as number) / total })).filter(
        ({ share }) => share > 0.0005,
      );
};

/** Three digits, without an exponent where that is readable. */
export const short = (x: number): string => {
  if (!Number.isFinite(x)) return '–';
  const size = Math.abs(x);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return x.toExponential(1).replace('e+', 'e').replaceAll('-', '−');
  const digits = Number.isInteger(x) || size >= 1000 ? 0 : size >= 100 ? 1 : size >= 1 ? 2 : 4;
  return x.toFixed(digits).replace('-', '−');
};

export const whole = (x: number): string => Math.round(x).toLocaleString('en');

/** How training stands, in a sentence. */
export const progress = (points: readonly Point[]): string => {
  const last = points.at(-1);
  if (last === undefined) return 'No iteration yet.';
  const { mean } = points.findLast(({ returns }) => returns !== null)?.returns ?? { mean: null };
  const kl = last.delta === null ? `KL ${short(last.kl)}` : `KL ${short(last.kl)} of δ ${short(last.delta)}`;
  return `Iteration ${last.iteration}, ${whole(last.totalSteps)} steps: return ${mean === null ? 'not known yet' : short(mean)}, ${kl}.`;
};

/** Text alternatives of the charts. */
export const descriptions = (
  points: readonly Point[],
): { readonly returns: string; readonly kl: string; readonly cg: string; readonly entropy: string } => {
  const last = points.at(-1);
  if (last === undefined) {
    const empty = 'No iteration yet';
    return { returns: empty, kl: empty, cg: empty, entropy: empty };
  }
  const means = points.flatMap(({ returns }) => (returns === null ? [] : [returns.mean]));
  const within = points.filter(({ kl, delta }) => delta === null || kl <= delta).length;
  const residuals = last.cgResiduals;
  return {
    returns:
      means.length === 0
        ? 'No episode has ended yet'
        : `Mean return over ${whole(last.totalSteps)} steps: first ${short(means[0] as number)}, latest ${short(means.at(-1) as number)}, best ${short(Math.max(...means))}`,
    kl: `KL of ${points.length} steps: latest ${short(last.kl)}${last.delta === null ? '' : `, δ ${short(last.delta)}; ${within} within δ`}`,
    cg:
      residuals === null
        ? 'This algorithm solves no system by conjugate gradient'
        : `Relative residual of the latest solve: from ${short(residuals[0] ?? 1)} to ${short(residuals.at(-1) ?? 1)} in ${residuals.length - 1} products`,
    entropy: `Entropy: first ${short(points[0]?.entropy ?? 0)}, latest ${short(last.entropy)} nats`,
  };
};
