/** What the runs come to: rows of the tables, curves of the plot. */
import {
  counterexample,
  evaluatePolicy,
  falsify,
  largestAdvantage,
  largestExpectedAdvantage,
  maxKl,
  mistakenBound,
  surrogate,
  theoremBound,
  variationBound,
} from '@natgrad/rl-trpo/theory';
import { key } from '@natgrad/tensor';
import { orThrow } from '../or-throw.js';
import { bootstrapInterval, interquartileMean, mean, median } from '../statistics.js';
import { ALGORITHMS, GAMMAS, type RunRecord, type UpdateRecord } from './measure.js';

/** One algorithm at one γ. Only updates before 99.9 % of the gap are closed count: what comes after is about rounding. */
export interface Row {
  readonly gamma: number;
  readonly algorithm: string;
  /** Share of updates that the line search rejected; the numbers below are about the others. */
  readonly rejected: number;
  /** Medians over the updates of all runs. */
  readonly maxKl: number;
  readonly meanKl: number;
  /** C·KL_max by the gain of L: below 1 the theorem vouches for the update. */
  readonly fear: number;
  /** Share of updates for which L − C·KL_max > J. */
  readonly certified: number;
  /** Share of updates that lower J. */
  readonly lowered: number;
  /** The largest such fall, as a share of J* − J₀. */
  readonly largestFall: number;
  /** How near its own best a run is where J falls, median; null where it never does. */
  readonly fallsAt: number | null;
  /** Interquartile mean of the gap closed after some updates. */
  readonly closed: readonly { readonly after: number; readonly mean: number }[];
  /** 95 % bootstrap interval of the last of them. */
  readonly interval: readonly [number, number];
}

/** Quartiles over the runs, update by update; of KL_max as long as half of the runs make steps. */
export interface Curve {
  readonly gamma: number;
  readonly algorithm: string;
  readonly quantity: 'closed' | 'maxKl';
  readonly lower: readonly number[];
  readonly middle: readonly number[];
  readonly upper: readonly number[];
}

const share = (updates: readonly UpdateRecord[], holds: (update: UpdateRecord) => boolean): number =>
  mean(updates.map((each) => (holds(each) ? 1 : 0)));

const fell = ({ rise, rounding }: UpdateRecord): boolean => rise < -rounding;

const ENOUGH = 0.999;

const rowOf = (runs: readonly RunRecord[], gamma: number, algorithm: string): Row => {
  const tried = runs.flatMap((run) => run.updates.filter((_, k) => (run.closed[k] as number) < ENOUGH));
  const updates = tried.filter(({ maxKl }) => maxKl > 0);
  const last = runs[0]?.updates.length ?? 0;
  const at = (k: number): readonly number[] => runs.map(({ closed }) => closed[k] as number);
  const steps = [1, 10, last].filter((k, i, all) => k <= last && all.indexOf(k) === i);
  const places = runs.flatMap(({ closed, updates: all }) =>
    all.flatMap((each, k) => (fell(each) ? [(closed[k] as number) / Math.max(...closed)] : [])),
  );
  const falls = runs.flatMap(({ closed }) => closed.slice(1).map((x, k) => (closed[k] as number) - x));
  return {
    gamma,
    algorithm,
    rejected: 1 - updates.length / tried.length,
    maxKl: median(updates.map((each) => each.maxKl)),
    meanKl: median(updates.map((each) => each.meanKl)),
    fear: median(updates.map(({ penalty, gain }) => penalty / gain)),
    certified: share(updates, ({ gain, penalty }) => gain > penalty),
    lowered: share(updates, fell),
    largestFall: updates.some(fell) ? Math.max(...falls) : 0,
    fallsAt: places.length === 0 ? null : median(places),
    closed: steps.map((after) => ({ after, mean: interquartileMean(at(after)) })),
    interval: bootstrapInterval(at(last), interquartileMean, key(0)),
  };
};

const quantile = (x: readonly number[], at: number): number => {
  const sorted = [...x].sort((a, b) => a - b);
  return sorted[Math.round(at * (sorted.length - 1))] as number;
};

const curveOf = (runs: readonly RunRecord[], gamma: number, algorithm: string, quantity: Curve['quantity']): Curve => {
  // Steps of those runs that still make some.
  const at = (k: number): readonly number[] =>
    runs.flatMap(({ closed, updates }) => {
      if (quantity === 'closed') return [closed[k] as number];
      const kl = updates[k]?.maxKl ?? 0;
      return kl > 0 && (closed[k] as number) < ENOUGH ? [kl] : [];
    });
  const all = (runs[0]?.closed ?? []).map((_, k) => at(k));
  const end = all.findIndex((each) => each.length < 0.5 * runs.length);
  const over = (share: number): readonly number[] =>
    all.slice(0, end < 0 ? undefined : end).map((each) => quantile(each, share));
  return { gamma, algorithm, quantity, lower: over(0.25), middle: over(0.5), upper: over(0.75) };
};

/** How often each bound is wrong, for policies at a distance. */
export type Violations = ReturnType<typeof falsify> & { readonly step: number };

const STEPS = [1, 0.1, 0.03, 0.01, 0.001] as const;

const violationsOf = (mdps: number): readonly Violations[] =>
  STEPS.map((step) => ({ step, ...falsify(key(0), { mdps, step }) }));

const counterexampleOf = (): Readonly<Record<string, number>> => {
  const { mdp, policy, next } = counterexample();
  const [old, after] = [orThrow(evaluatePolicy(mdp, policy)), orThrow(evaluatePolicy(mdp, next))];
  return {
    'J(π)': old.expectedReturn,
    'J(π′)': after.expectedReturn,
    'L_π(π′)': surrogate(old, next),
    'theorem 1, with ε': theoremBound(old, next),
    'theorem 1, with ε′ by mistake': mistakenBound(old, next),
    'variation bound, with ε′': variationBound(old, next),
    ε: largestAdvantage(old),
    'ε′': largestExpectedAdvantage(old, next),
    KL_max: maxKl(policy, next),
  };
};

export interface Summary {
  readonly seeds: number;
  readonly rows: readonly Row[];
  readonly curves: readonly Curve[];
  readonly violations: readonly Violations[];
  readonly counterexample: Readonly<Record<string, number>>;
}

/** MDPs behind each row of the table of violations. */
const MDPS = 4000;

export const summarise = (runs: readonly RunRecord[], mdps: number = MDPS): Summary => {
  const groups = GAMMAS.flatMap((gamma) =>
    ALGORITHMS.map(({ name }) => ({
      gamma,
      name,
      of: runs.filter((run) => run.gamma === gamma && run.algorithm === name),
    })),
  );
  return {
    seeds: new Set(runs.map(({ seed }) => seed)).size,
    rows: groups.map(({ gamma, name, of }) => rowOf(of, gamma, name)),
    curves: groups.flatMap(({ gamma, name, of }) =>
      (['closed', 'maxKl'] as const).map((quantity) => curveOf(of, gamma, name, quantity)),
    ),
    violations: violationsOf(mdps),
    counterexample: counterexampleOf(),
  };
};
