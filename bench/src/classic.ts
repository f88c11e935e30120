/** `npm run bench -- classic`: what TRPO with the presets learns in the classic tasks, over seeds. Can be stopped and resumed. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { makeEnv, vectorise } from '@natgrad/envs';
import { evaluate, type IterationRecord, mlpModel, presetConfig, type Snapshot, train } from '@natgrad/rl-trpo';
import { foldIn, key } from '@natgrad/tensor';
import { type Benchmark, UsageError, type Values } from './command-line.js';
import { bootstrapInterval, interquartileMean, mean } from './statistics.js';

const CLASSIC_HELP = `Usage: npm run bench -- classic [options]

Trains every classic task with its preset, seed after seed, and evaluates each
policy on 100 episodes. Seeds that are in the results already are not repeated.

  --seeds N      seeds 0 to N - 1 (10)
  --env ID       only this task
  --out FILE     results (bench/results/classic.json); a table beside it as .md`;

/** What is asked of each task: environment steps, and the interquartile mean (or, of CartPole, the worst seed) to reach. */
const TASKS = [
  { id: 'CartPole-v1', steps: 100_000, goal: 'every seed ≥ 475' },
  { id: 'Acrobot-v1', steps: 100_000, goal: 'IQM ≥ −100' },
  { id: 'Pendulum-v1', steps: 200_000, goal: 'IQM ≥ −250' },
  { id: 'MountainCarContinuous-v0', steps: 100_000, goal: '–' },
] as const;

const EPISODES = 100;

interface Result {
  readonly environment: string;
  readonly seed: number;
  readonly steps: number;
  /** The preset as it was: results of another one are made again. */
  readonly options: unknown;
  /** Mean and deviation of the evaluation. */
  readonly mean: number;
  readonly deviation: number;
  /** Mean share of the trust region that was used, and the share of iterations whose step was rejected. */
  readonly klShare: number;
  readonly rejected: number;
  readonly stepsPerSecond: number;
  /** Share of the time by part. */
  readonly time: Readonly<Record<string, number>>;
  readonly node: string;
}

const summary = (
  records: readonly IterationRecord[],
): Pick<Result, 'klShare' | 'rejected' | 'stepsPerSecond' | 'time'> => {
  const total = records.reduce((sum, { seconds }) => sum + seconds.total, 0);
  const parts = Object.keys(records[0]?.seconds ?? {}).filter(
    (part) => part !== 'total',
  ) as (keyof IterationRecord['seconds'])[];
  const rejected = records.filter(({ report }) => report.lineSearch.status === 'rejected').length;
  return {
    klShare: mean(records.map(({ report }) => report.klShare)),
    rejected: rejected / records.length,
    stepsPerSecond: records.reduce((sum, { report }) => sum + report.steps, 0) / total,
    time: Object.fromEntries(
      parts.map((part) => [part, records.reduce((sum, { seconds }) => sum + seconds[part], 0) / total]),
    ),
  };
};

const runSeed = async (id: string, seed: number, steps: number): Promise<Result> => {
  const made = makeEnv(id);
  if (made._tag === 'Left') throw made.left;
  const env = made.right;
  const preset = presetConfig(id);
  if (preset._tag === 'Left') throw new Error(preset.left.message);
  const options = preset.right;
  const model = mlpModel(env, options);
  const records: IterationRecord[] = [];
  let last: Snapshot | undefined;
  for await (const iteration of train({
    envs: vectorise(env, options.environments),
    model,
    options,
    key: key(seed),
    steps,
  })) {
    records.push(iteration.record);
    last = iteration;
  }
  if (last === undefined) throw new Error(`${id}: no iteration in ${steps} steps`);
  // As `natgrad eval` does it.
  const judged = evaluate({ env, model, ...options }, last.state, { key: foldIn(key(seed), 0), episodes: EPISODES });
  return {
    environment: id,
    seed,
    steps: last.state.steps,
    options,
    mean: judged.mean,
    deviation: judged.deviation,
    ...summary(records),
    node: process.versions.node,
  };
};

const load = (file: string): readonly Result[] =>
  existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as readonly Result[]) : [];

const write = (file: string, text: string): void => {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.writing`, text);
  renameSync(`${file}.writing`, file);
};

/** What decides what is learnt: the engine changes bits, not the algorithm. */
const withoutEngine = (options: unknown): string => {
  const { engine: _engine, deterministic: _deterministic, ...rest } = options as Readonly<Record<string, unknown>>;
  return JSON.stringify(rest);
};

const isCurrent = ({ environment, steps, options }: Result): boolean => {
  const task = TASKS.find(({ id }) => id === environment);
  const preset = presetConfig(environment);
  return (
    task !== undefined &&
    preset._tag === 'Right' &&
    steps >= task.steps &&
    withoutEngine(options) === withoutEngine(preset.right)
  );
};

const number = (x: number): string => x.toFixed(Math.abs(x) < 10 ? 2 : 1).replace('-', '−');
const percent = (x: number): string => `${Math.round(100 * x)} %`;

const row = ({ id, steps, goal }: (typeof TASKS)[number], all: readonly Result[]): string => {
  const results = all.filter(({ environment }) => environment === id);
  if (results.length === 0) return '';
  const means = results.map((result) => result.mean);
  const [low, high] = bootstrapInterval(means, interquartileMean, key(0));
  const average = (of: (result: Result) => number): number => mean(results.map(of));
  const part = (name: string): string => percent(average(({ time }) => time[name] ?? 0));
  const cells = [
    id,
    String(steps),
    String(results.length),
    goal,
    `${number(interquartileMean(means))} [${number(low)}, ${number(high)}]`,
    `${number(Math.min(...means))} … ${number(Math.max(...means))}`,
    percent(average(({ klShare }) => klShare)),
    percent(average(({ rejected }) => rejected)),
    String(Math.round(average(({ stepsPerSecond }) => stepsPerSecond))),
    ['rollout', 'gradient', 'conjugateGradient', 'lineSearch', 'valueFit'].map(part).join(' / '),
  ];
  return `| ${cells.join(' | ')} |\n`;
};

const markdown = (all: readonly Result[]): string => `# Classic tasks

Presets of \`@natgrad/rl-trpo\`, which were chosen on seeds that are not among these. A policy's score is the mean return of ${EPISODES}
deterministic episodes after training. IQM: interquartile mean over the seeds, with the 95 % interval of a percentile bootstrap. KL: mean
share of the trust region used. Time: rollout / gradient / conjugate gradient / line search / value fit. Results whose options name no
engine were computed by the interpreter.

Made by \`npm run bench -- classic\`.

| Task | Steps | Seeds | Asked for | IQM | Worst … best seed | KL | Rejected | Steps/s | Time |
|---|---|---|---|---|---|---|---|---|---|
${TASKS.map((task) => row(task, all)).join('')}`;

const runClassic = async (values: Values): Promise<void> => {
  const seeds = values.count('seeds', 10);
  const only = values.text('env');
  const out = values.text('out') ?? 'bench/results/classic.json';
  const tasks = TASKS.filter(({ id }) => only === undefined || id === only);
  if (tasks.length === 0)
    throw new UsageError(`--env takes one of ${TASKS.map(({ id }) => id).join(', ')}, found ${String(only)}`);
  for (let seed = 0; seed < seeds; seed += 1)
    for (const { id, steps } of tasks) {
      const isThis = (result: Result): boolean => result.environment === id && result.seed === seed;
      if (load(out).some((result) => isThis(result) && isCurrent(result))) continue;
      const result = await runSeed(id, seed, steps);
      console.log(
        `${id} seed ${seed}: ${number(result.mean)} ± ${number(result.deviation)}, ${Math.round(result.stepsPerSecond)} steps/s`,
      );
      // Read again: another process may have added to it meanwhile.
      const all = [...load(out).filter((other) => !isThis(other) && isCurrent(other)), result];
      all.sort((a, b) => a.environment.localeCompare(b.environment) || a.seed - b.seed);
      write(out, `${JSON.stringify(all, null, 1)}\n`);
    }
  const all = load(out);
  write(out.replace(/(\.json)?$/, '.md'), markdown(all));
  console.log(`\n${markdown(all)}`);
};

export const classic: Benchmark = {
  name: 'classic',
  brief: 'what TRPO with the presets learns in the classic tasks, over seeds',
  help: CLASSIC_HELP,
  flags: { seeds: { type: 'string' }, env: { type: 'string' }, out: { type: 'string' } },
  run: runClassic,
};
