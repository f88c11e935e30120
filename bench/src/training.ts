/** `npm run bench -- training`: environment steps per second from end to end, and what the time goes to. */
import { setTimeout } from 'node:timers/promises';
import { blasLibrary } from '@natgrad/autodiff';
import { loadEnv, vectorise } from '@natgrad/envs';
import {
  type IterationRecord,
  presetConfig,
  type RolloutConfig,
  rollout,
  type Snapshot,
  type TrpoConfig,
  train,
  tryModelFor,
} from '@natgrad/rl-trpo';
import { foldIn, key, toTypedArray } from '@natgrad/tensor';
import { type Benchmark, type Values, writeRows } from './command-line.js';
import { pureTurn, rate } from './environments.js';
import { machine } from './machine.js';
import { orThrow } from './or-throw.js';
import { median } from './statistics.js';

const HELP = `Usage: npm run bench -- training [options]

Training with the preset of a task: steps per second of whole iterations, and the
milliseconds of their parts; a rollout's are those that it was waited for. Rollouts
in this process and in two workers with the preset's number of environments, and
in one worker with one environment; each on every engine. A few iterations of
each in turns, between them as many steps of the bare environment under random
actions, and rollouts beside the bare steps that they consist of: what acting and
keeping the batch cost beyond the physics.

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
}

const SETUPS: readonly Omit<Setup, 'engine'>[] = [
  { environments: null, workers: 0 },
  { environments: null, workers: 2 },
  { environments: 1, workers: 1 },
];

/** Iterations of each setup that are not counted: code, that of the physics too, is compiled, workers start. */
const WARMING = 20;

/** Iterations of a turn. The first is not counted: its rollout was begun in the turn before. */
const TURN = 6;

/** Seconds in which a rollout that workers have begun is over, of most tasks: the next setup has the machine for itself. */
const REST = 0.5;

/** Rollouts in a row; the first finds cold caches. */
const ROLLOUTS = 4;

/**
 * Milliseconds of rollouts in this process, each beside those of its own steps on the bare environment: the same states, the same
 * actions. Null for environments of choices, or whose actions pass through a bijection.
 */
const besidePhysics = (
  config: RolloutConfig,
  { state, environments }: Snapshot,
): readonly (readonly [rollout: number, physics: number])[] | null => {
  const { env, actionSpace, count } = config.envs;
  if (actionSpace.kind !== 'box' || config.model.distribution.bijection !== undefined) return null;
  const { low, high } = actionSpace;
  const pairs: (readonly [rollout: number, physics: number])[] = [];
  let from = environments;
  for (let turn = 0; turn < ROLLOUTS; turn += 1) {
    const began = performance.now();
    const { batch, environments: after } = rollout(config, state, from);
    const taken = performance.now() - began;
    const numbers = toTypedArray(batch.actions);
    const actions = Array.from({ length: batch.rewards.size }, (_, row) =>
      low.map((least, j) => {
        const sampled = numbers[row * low.length + j] as number;
        return config.clipActions ? Math.min(high[j] as number, Math.max(least, sampled)) : sampled;
      }),
    );
    const { key: episodes, states, episodes: begun } = from.vector;
    const start = performance.now();
    let row = 0;
    for (let i = 0; i < count; i += 1) {
      let [standing, episode] = [states[i], begun[i] as number];
      for (let left = batch.segments[i]?.length ?? 0; left > 0; left -= 1, row += 1) {
        const next = env.step(standing, actions[row] as number[]);
        standing = next.state;
        if (!next.terminated && !next.truncated) continue;
        episode += 1;
        standing = env.reset(foldIn(foldIn(episodes, i), episode)).state;
      }
    }
    pairs.push([taken, performance.now() - start]);
    from = after;
  }
  return pairs.slice(1);
};

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
  const env = orThrow(await loadEnv({ id })());
  const bare = pureTurn(env);
  const { options: first } = running[0] as (typeof running)[number];
  const acting = { model: orThrow(tryModelFor(env, first)), envs: vectorise(env, first.environments), ...first };
  const beside: (readonly [rollout: number, physics: number])[] = [];
  const batch = (running[0] as (typeof running)[number]).options.batchSize;
  const rates: number[] = [];
  const warmTurns = Math.ceil(WARMING / TURN);
  for (let turn = 0; turn < warmTurns + iterations / (TURN - 1); turn += 1) {
    const speeds = Array.from({ length: TURN }, () => rate(bare, batch));
    if (turn >= warmTurns) rates.push(...speeds);
    let latest: Snapshot | null = null;
    for (const { iterator, records } of running) {
      for (let i = 0; i < TURN; i += 1) {
        const next = await iterator.next();
        if (next.done === true) throw new Error(`${id}: training ended by itself`);
        if (turn >= warmTurns && i > 0) records.push(next.value.record);
        if (records === running[0]?.records) latest = next.value;
      }
      await setTimeout(1000 * REST);
    }
    if (turn >= warmTurns && latest !== null) beside.push(...(besidePhysics(acting, latest) ?? []));
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
    };
  });
  console.log(`${id}, ${batch} steps in an iteration. Bare environment, one thread: ${Math.round(speed)} steps/s.\n`);
  console.log(`| engine | environments | workers | steps/s | / bare | ${PARTS.join(' | ')} |`);
  console.log(`|---|---:|---:|---:|---:|${PARTS.map(() => '---:|').join('')}`);
  for (const { engine, environments, workers, stepsPerSecond, time } of rows)
    console.log(
      `| ${[engine, environments, workers, stepsPerSecond, (stepsPerSecond / speed).toFixed(2), ...PARTS.map((part) => time[part].toFixed(1))].join(' | ')} |`,
    );
  const [whole, physics] = [0, 1].map((k) => median(beside.map((pair) => pair[k] as number))) as [number, number];
  const beyond = median(beside.map(([own, raw]) => own / raw)) - 1;
  if (beside.length > 0)
    console.log(
      `\nA rollout in this process takes ${whole.toFixed(0)} ms, its steps alone ${physics.toFixed(0)} ms: ${(100 * beyond).toFixed(0)} % beyond the physics.`,
    );
  console.log(`Milliseconds, medians. ${machine()}`);
  const alone = beside.length === 0 ? {} : { rollout: whole, physics, beyondPhysics: beyond };
  writeRows(values, [{ bare: Math.round(speed), ...alone }, ...rows]);
};

export const trainingBenchmark: Benchmark = {
  name: 'training',
  brief: 'environment steps per second from end to end, by part',
  help: HELP,
  flags: { env: { type: 'string' }, iterations: { type: 'string' }, json: { type: 'string' } },
  run: runTraining,
};
