/** `npm run bench -- training`: environment steps per second from end to end, and what the time goes to. */
import { setTimeout } from 'node:timers/promises';
import { blasLibrary } from '@natgrad/autodiff';
import { loadEnv } from '@natgrad/envs';
import { type IterationRecord, presetConfig, type TrpoConfig, train } from '@natgrad/rl-trpo';
import { key } from '@natgrad/tensor';
import { type Benchmark, type Values, writeRows } from './command-line.js';
import { pureTurn, rate } from './environments.js';
import { machine } from './machine.js';
import { orThrow } from './or-throw.js';
import { median } from './statistics.js';

const HELP = `Usage: npm run bench -- training [options]

Training with the preset of a task: steps per second of whole iterations, and the
milliseconds of their parts; a rollout's are those that it was waited for. Rollouts
in this process and in one worker with the preset's number of environments, and
with two environments in two workers; each on every engine. A few iterations of
each in turns, between them as many steps of the bare environment.

  --env ID        the task (HalfCheetah-v5)
  --iterations N  iterations to take the median of, at least (50)
  --json FILE     also write the rows as JSON
  --help          show this`;

const PARTS = ['rollout', 'advantages', 'gradient', 'conjugateGradient', 'lineSearch', 'valueFit', 'total'] as const;

type Part = (typeof PARTS)[number];

interface Setup {
  readonly engine: TrpoConfig['engine'];
  readonly environments: number | null;
  readonly workers: number;
}

interface Row {
  readonly engine: string;
  readonly environments: number;
  readonly workers: number;
  readonly stepsPerSecond: number;
  /** Milliseconds, medians. */
  readonly time: Readonly<Record<Part, number>>;
  /** Time of a rollout in this process beyond that of as many bare steps, as a share of the latter; null for workers. */
  readonly overhead: number | null;
}

const SETUPS: readonly Omit<Setup, 'engine'>[] = [
  { environments: null, workers: 0 },
  { environments: null, workers: 1 },
  { environments: 2, workers: 2 },
];

/** Iterations of each setup that are not counted: code, that of the physics too, is compiled, workers start. */
const WARMING = 20;

/** Iterations of a turn. The first is not counted: its rollout was begun in the turn before. */
const TURN = 6;

/** Seconds in which a rollout that workers have begun is over, of most tasks: the next setup has the machine for itself. */
const REST = 0.5;

const runTraining = async (values: Values): Promise<void> => {
  const id = values.text('env') ?? 'HalfCheetah-v5';
  const iterations = values.count('iterations', 50);
  const engines: readonly TrpoConfig['engine'][] = blasLibrary()._tag === 'Right' ? ['wasm', 'blas'] : ['wasm'];
  const setups = engines.flatMap((engine) => SETUPS.map((setup): Setup => ({ engine, ...setup })));
  const running = setups.map(({ engine, environments, workers }) => {
    const options = orThrow(presetConfig(id, { engine, ...(environments === null ? {} : { environments }) }));
    const iterator = train({ environment: { id }, options, key: key(0), workers })[Symbol.asyncIterator]();
    return { options, iterator, records: [] as IterationRecord[] };
  });
  const bare = pureTurn(orThrow(await loadEnv({ id })()));
  const batch = (running[0] as (typeof running)[number]).options.batchSize;
  const rates: number[] = [];
  const warmTurns = Math.ceil(WARMING / TURN);
  for (let turn = 0; turn < warmTurns + iterations / (TURN - 1); turn += 1) {
    const speeds = Array.from({ length: TURN }, () => rate(bare, batch));
    if (turn >= warmTurns) rates.push(...speeds);
    for (const { iterator, records } of running) {
      for (let i = 0; i < TURN; i += 1) {
        const next = await iterator.next();
        if (next.done === true) throw new Error(`${id}: training ended by itself`);
        if (turn >= warmTurns && i > 0) records.push(next.value.record);
      }
      await setTimeout(1000 * REST);
    }
  }
  for (const { iterator } of running) await iterator.return?.(undefined);

  const speed = median(rates);
  const rows = running.map(({ options, records }): Row => {
    const time = Object.fromEntries(
      PARTS.map((part) => [part, 1000 * median(records.map(({ seconds }) => seconds[part]))]),
    ) as Record<Part, number>;
    return {
      engine: records[0]?.report.engine ?? options.engine,
      environments: options.environments,
      workers: records[0]?.workers ?? 0,
      stepsPerSecond: Math.round(median(records.map(({ stepsPerSecond }) => stepsPerSecond))),
      time,
      overhead: records[0]?.workers === 0 ? time.rollout / ((1000 * batch) / speed) - 1 : null,
    };
  });
  console.log(`${id}, ${batch} steps in an iteration. Bare environment, one thread: ${Math.round(speed)} steps/s.\n`);
  console.log(`| engine | environments | workers | steps/s | ${PARTS.join(' | ')} | rollout beyond bare steps |`);
  console.log(`|---|---:|---:|---:|${PARTS.map(() => '---:|').join('')}---:|`);
  for (const { engine, environments, workers, stepsPerSecond, time, overhead } of rows)
    console.log(
      `| ${[engine, environments, workers, stepsPerSecond, ...PARTS.map((part) => time[part].toFixed(1)), overhead === null ? '–' : `${(100 * overhead).toFixed(0)} %`].join(' | ')} |`,
    );
  console.log(`\nMilliseconds, medians. ${machine()}`);
  writeRows(values, rows);
};

export const trainingBenchmark: Benchmark = {
  name: 'training',
  brief: 'environment steps per second from end to end, by part',
  help: HELP,
  flags: { env: { type: 'string' }, iterations: { type: 'string' }, json: { type: 'string' } },
  run: runTraining,
};
