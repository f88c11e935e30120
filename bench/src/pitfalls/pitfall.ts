/** A pitfall: broken and sound variants of a training run, and what their reports say. */
import { type Env, makeEnv } from '@natgrad/envs';
import type { StepReport, TrpoConfig } from '@natgrad/rl-trpo';
import { orThrow } from '../or-throw.js';
import { mean } from '../statistics.js';

/** Over seeds. */
export interface Spread {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

export type Cell = number | string | Spread | null;

/** What a variant of a run came to. Values are named after the fields of the report. */
export interface Finding {
  readonly variant: string;
  readonly values: Readonly<Record<string, Cell>>;
}

/** How much to spend: seeds from 0, and iterations of each run. */
export interface Effort {
  readonly seeds: number;
  readonly iterations: number;
  /** Leaves out variants. Default: none. */
  readonly wants?: (variant: string) => boolean;
}

/** The variants to run. */
export const wanted = <Variant extends readonly [string, ...unknown[]]>(
  variants: readonly Variant[],
  { wants = () => true }: Effort,
): readonly Variant[] => variants.filter(([name]) => wants(name));

export const EFFORT: Effort = { seeds: 5, iterations: 40 };

export interface Pitfall {
  /** As in the markers of the page. */
  readonly name: string;
  /** What was run, in a line. */
  readonly setting: (effort: Effort) => string;
  /** The same effort gives the same findings, on every machine. */
  readonly measure: (effort: Effort) => Promise<readonly Finding[]> | readonly Finding[];
}

const environment = (id: string): Env => orThrow(makeEnv(id));

/** A small problem: an environment, and options under which sound TRPO learns it in a second or two. */
export interface Problem {
  readonly env: Env;
  readonly options: Partial<TrpoConfig>;
}

const small: Partial<TrpoConfig> = {
  environments: 8,
  hidden: [16],
  valueHidden: [16],
  valueEpochs: 10,
  valueLearningRate: 0.003,
  valueMinibatch: 128,
  scaleRewards: true,
};

export const cartPole: Problem = {
  env: environment('CartPole-v1'),
  options: { ...small, batchSize: 512, delta: 0.02 },
};

export const pendulum: Problem = {
  env: environment('Pendulum-v1'),
  options: { ...small, batchSize: 1024, delta: 0.05, gamma: 0.9, normaliseObservations: true },
};

/** The setting of most pitfalls. */
export const settingOf =
  ({ env, options }: Problem) =>
  ({ seeds, iterations }: Effort): string =>
    `${env.id}, ${seeds} seeds, ${iterations} iterations of ${options.batchSize} steps`;

type Runs<Report extends StepReport> = readonly (readonly Report[])[];

const known = (values: readonly (number | null | undefined)[]): readonly number[] =>
  values.filter((value) => typeof value === 'number');

/** The last quarter of a run. */
const endOf = <Report>(run: readonly Report[]): readonly Report[] => run.slice(Math.floor(0.75 * run.length));

/** Mean over the last quarter of all runs; null where no report has the number. */
export const late = <Report extends StepReport>(
  runs: Runs<Report>,
  field: (report: Report) => number | null | undefined,
): number | null => {
  const values = known(runs.flatMap((run) => endOf(run).map(field)));
  return values.length === 0 ? null : mean(values);
};

/** Share of all steps of which something holds. */
export const share = <Report extends StepReport>(runs: Runs<Report>, holds: (report: Report) => boolean): number => {
  const reports = runs.flat();
  return reports.filter(holds).length / reports.length;
};

/** Share of all steps that were rejected for a reason. */
export const rejected = (runs: Runs<StepReport>, reason: string): number =>
  share(runs, ({ lineSearch }) => lineSearch?.status === 'rejected' && lineSearch.reason === reason);

/** Mean return of the episodes that ended in the last quarter of a run: mean, worst and best seed. */
export const returns = (runs: Runs<StepReport>, unit = 1): Spread | null => {
  const each = known(runs.map((run) => late([run], ({ episodes }) => episodes.returnMean))).map((x) => x / unit);
  return each.length === 0 ? null : { mean: mean(each), low: Math.min(...each), high: Math.max(...each) };
};
