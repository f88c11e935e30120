/** Training runs over seeds, kept in a file: what benchmarks of learning have in common. Can be stopped and resumed. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { loadEnv } from '@natgrad/envs';
import {
  type AlgorithmName,
  defaultConfig,
  evaluate,
  type IterationRecord,
  mlpModel,
  presetConfig,
  type Snapshot,
  type TrpoConfig,
  train,
  type WorkerCount,
} from '@natgrad/rl-trpo';
import { foldIn, key } from '@natgrad/tensor';
import { type Benchmark, named, type Values } from './command-line.js';
import { orThrow } from './or-throw.js';
import { bootstrapInterval, interquartileMean, mean } from './statistics.js';

/** Episodes of the evaluation after training, unless a task says otherwise. */
export const EPISODES = 100;

/** Training episodes, the last ones, whose mean return is kept. */
export const LAST_EPISODES = 100;

/** Points of a learning curve. */
const CURVE_POINTS = 50;

/** What is trained: an algorithm in a task, with the preset of the task and what differs from it. */
export interface Task {
  readonly id: string;
  readonly steps: number;
  readonly algorithm?: AlgorithmName;
  readonly options?: Partial<TrpoConfig>;
  /** Tells apart what one algorithm does with different options. */
  readonly variant?: string;
  /** Of the evaluation. */
  readonly episodes?: number;
  /** True where the course of training is kept, not only its end. */
  readonly curve?: boolean;
}

export interface Result {
  readonly environment: string;
  /** Null for TRPO with the preset. */
  readonly variant: string | null;
  readonly seed: number;
  readonly steps: number;
  /** The preset as it was: results of another one are made again. */
  readonly options: unknown;
  /** Mean and deviation of the evaluation. */
  readonly mean: number;
  readonly deviation: number;
  /** Mean return of the last training episodes: of the last iterations that hold {@link LAST_EPISODES}. */
  readonly training?: number;
  /** Steps, and the mean return of training episodes that ended since the point before; where the course is kept. */
  readonly curve?: readonly (readonly [number, number])[];
  /** Mean share of the trust region that was used, and the share of iterations whose step was rejected. */
  readonly klShare: number;
  readonly rejected: number;
  readonly stepsPerSecond: number;
  /** Share of the time by part. */
  readonly time: Readonly<Record<string, number>>;
  readonly node: string;
  /** What computed; not kept of old results. */
  readonly engine?: string;
}

const summary = (
  records: readonly IterationRecord[],
  delta: number,
): Pick<Result, 'klShare' | 'rejected' | 'stepsPerSecond' | 'time'> => {
  const total = records.reduce((sum, { seconds }) => sum + seconds.total, 0);
  const parts = Object.keys(records[0]?.seconds ?? {}).filter(
    (part) => part !== 'total',
  ) as (keyof IterationRecord['seconds'])[];
  const rejected = records.filter(({ report }) => report.lineSearch?.status === 'rejected').length;
  return {
    klShare: mean(records.map(({ report }) => report.klShare ?? report.kl / delta)),
    rejected: rejected / records.length,
    stepsPerSecond: records.reduce((sum, { report }) => sum + report.steps, 0) / total,
    time: Object.fromEntries(
      parts.map((part) => [part, records.reduce((sum, { seconds }) => sum + seconds[part], 0) / total]),
    ),
  };
};

/** Mean return of the episodes that ended in some iterations; null where none did. */
const meanReturn = (records: readonly IterationRecord[]): number | null => {
  const ended = records.map(({ report }) => report.episodes).filter(({ count }) => count > 0);
  const count = ended.reduce((sum, each) => sum + each.count, 0);
  return count === 0 ? null : ended.reduce((sum, each) => sum + each.count * (each.returnMean ?? 0), 0) / count;
};

const lastEpisodes = (records: readonly IterationRecord[]): number => {
  let [from, episodes] = [records.length, 0];
  while (from > 0 && episodes < LAST_EPISODES) {
    from -= 1;
    episodes += records[from]?.report.episodes.count ?? 0;
  }
  return meanReturn(records.slice(from)) ?? Number.NaN;
};

const curveOf = (records: readonly IterationRecord[], steps: number): readonly (readonly [number, number])[] =>
  Array.from({ length: CURVE_POINTS }, (_, i): readonly [number, number] | null => {
    const [from, to] = [(i * steps) / CURVE_POINTS, ((i + 1) * steps) / CURVE_POINTS];
    const found = meanReturn(records.filter(({ report: { totalSteps } }) => totalSteps > from && totalSteps <= to));
    return found === null ? null : [Math.round(to), Math.round(found * 100) / 100];
  }).filter((point) => point !== null);

/** The options of a task: its preset, and what differs. */
const optionsOf = ({ id, options = {} }: Task): TrpoConfig => orThrow(presetConfig(id, options));

const runSeed = async (task: Task, seed: number, workers: WorkerCount): Promise<Result> => {
  const { id, steps, algorithm = 'trpo', variant = null, episodes = EPISODES } = task;
  const env = orThrow(await loadEnv({ id })());
  const options = optionsOf(task);
  const model = mlpModel(env, options);
  const records: IterationRecord[] = [];
  let last: Snapshot | undefined;
  for await (const iteration of train({ environment: { id }, algorithm, options, key: key(seed), steps, workers })) {
    records.push(iteration.record);
    last = iteration;
  }
  if (last === undefined) throw new Error(`${id}: no iteration in ${steps} steps`);
  // As `natgrad eval` does it.
  const judged = evaluate({ env, model, ...options }, last.state, { key: foldIn(key(seed), 0), episodes });
  return {
    environment: id,
    variant,
    seed,
    steps: last.state.steps,
    options,
    mean: judged.mean,
    deviation: judged.deviation,
    ...(task.curve === true ? { training: lastEpisodes(records), curve: curveOf(records, last.state.steps) } : {}),
    ...summary(records, options.delta),
    node: process.versions.node,
    ...(records[0] === undefined ? {} : { engine: records[0].report.engine }),
  };
};

/** Results of a file, none where there is no such file. */
const load = (file: string): readonly Result[] =>
  existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as readonly Result[]) : [];

/** Writes a file whole or not at all. */
const write = (file: string, text: string): void => {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.writing`, text);
  renameSync(`${file}.writing`, file);
};

/** What decides what is learnt: the engine changes bits, not the algorithm, and options that did not exist had their default. */
const decisive = (options: unknown): string => {
  const { engine: _engine, deterministic: _deterministic, ...rest } = { ...defaultConfig, ...(options as TrpoConfig) };
  return JSON.stringify(Object.entries(rest).sort(([a], [b]) => (a < b ? -1 : 1)));
};

const isOf = (task: Task, { environment, variant }: Result): boolean =>
  environment === task.id && (variant ?? null) === (task.variant ?? null);

const isCurrent = (tasks: readonly Task[], result: Result): boolean => {
  const task = tasks.find((each) => isOf(each, result));
  return task !== undefined && result.steps >= task.steps && decisive(result.options) === decisive(optionsOf(task));
};

export const number = (x: number): string => x.toFixed(Math.abs(x) < 10 ? 2 : 1).replace('-', '−');
export const percent = (x: number): string => `${Math.round(100 * x)} %`;

/** Trains what the file does not hold yet, seed after seed, and adds it; says what came of each run. */
const learn = async (
  tasks: readonly Task[],
  only: (task: Task) => boolean,
  seeds: number,
  workers: WorkerCount,
  out: string,
): Promise<void> => {
  for (let seed = 0; seed < seeds; seed += 1)
    for (const task of tasks.filter(only)) {
      const isThis = (result: Result): boolean => isOf(task, result) && result.seed === seed;
      if (load(out).some((result) => isThis(result) && isCurrent(tasks, result))) continue;
      const result = await runSeed(task, seed, workers);
      const name = task.variant === undefined ? task.id : `${task.id} ${task.variant}`;
      console.log(
        `${name} seed ${seed}: ${number(result.mean)} ± ${number(result.deviation)}, ${Math.round(result.stepsPerSecond)} steps/s`,
      );
      // Read again: another process may have added to it meanwhile.
      const all = [...load(out).filter((other) => !isThis(other) && isCurrent(tasks, other)), result];
      const place = ({ environment, variant, seed: at }: Result): string =>
        `${environment} ${variant ?? ''} ${String(at).padStart(6)}`;
      all.sort((a, b) => (place(a) < place(b) ? -1 : 1));
      write(out, `${JSON.stringify(all, null, 1)}\n`);
    }
};

/** Of a task over its seeds: how many, the interquartile mean with its interval, the worst and the best, and means of the rest. */
export const summarise = (
  task: Task,
  all: readonly Result[],
): { readonly cells: readonly string[]; readonly results: readonly Result[] } | null => {
  const results = all.filter((result) => isOf(task, result));
  if (results.length === 0) return null;
  const means = results.map((result) => result.mean);
  const [low, high] = bootstrapInterval(means, interquartileMean, key(0));
  return {
    results,
    cells: [
      `${number(interquartileMean(means))} [${number(low)}, ${number(high)}]`,
      `${number(Math.min(...means))} … ${number(Math.max(...means))}`,
    ],
  };
};

/** The mean over runs of a number. */
export const averageOf = (results: readonly Result[], of: (result: Result) => number): number => mean(results.map(of));

/** What differs between benchmarks of learning. */
export interface Learning {
  readonly name: string;
  readonly brief: string;
  readonly help: string;
  readonly tasks: readonly Task[];
  /** The page beside the results. */
  readonly markdown: (all: readonly Result[]) => string;
  /** Further files beside them, by name. */
  readonly files?: (all: readonly Result[]) => Readonly<Record<string, string>>;
}

/** A benchmark that trains tasks over seeds and writes results and a page of them; its flags are `--seeds`, `--env`, `--workers`, `--out`. */
export const learningBenchmark = ({ name, brief, help, tasks, markdown, files }: Learning): Benchmark => {
  const environments = [...new Set(tasks.map(({ id }) => id))].map((id) => ({ name: id }));
  return {
    name,
    brief,
    help,
    flags: { seeds: { type: 'string' }, env: { type: 'string' }, workers: { type: 'string' }, out: { type: 'string' } },
    run: async (values: Values) => {
      const out = values.text('out') ?? `bench/results/${name}.json`;
      const env = values.text('env');
      const only = env === undefined ? undefined : named('env', env, environments).name;
      const workers =
        values.text('workers') === '0' ? 0 : values.text('workers') === undefined ? 'auto' : values.count('workers', 1);
      await learn(tasks, ({ id }) => only === undefined || id === only, values.count('seeds', 10), workers, out);
      const all = load(out);
      const text = markdown(all);
      write(out.replace(/(\.json)?$/, '.md'), text);
      for (const [file, content] of Object.entries(files?.(all) ?? {})) write(join(dirname(out), file), content);
      console.log(`\n${text}`);
    },
  };
};
