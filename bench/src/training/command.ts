/** `npm run bench -- training`: environment steps per second from end to end, and what the time goes to. */
import { setTimeout } from 'node:timers/promises';
import { blasLibrary } from '@natgrad/autodiff';
import { loadEnv } from '@natgrad/envs';
import { presetConfig, type TrpoConfig } from '@natgrad/rl-trpo';
import { type Benchmark, type Values, writeRows } from '../command-line.js';
import { pureTurn, rate } from '../environments.js';
import { machine } from '../machine.js';
import { orThrow } from '../or-throw.js';
import { median } from '../statistics.js';
import { type Setup, startMember, type Turn } from './member.js';

const HELP = `Usage: npm run bench -- training [options]

Training with the preset of a task: steps per second of whole iterations, and
the milliseconds of their parts; a rollout's are those that it was waited for.
Rollouts on its own thread and in two workers with the preset's number of
environments, and in one worker with one environment; each on every engine, and
in a process of its own. A few iterations of each in turns, between them as many
steps of the bare environment under random actions, and rollouts beside the bare
steps that they consist of: what acting and keeping the batch cost beyond the
physics.

  --env ID        the task (HalfCheetah-v5)
  --iterations N  iterations to take the median of, at least (50)
  --json FILE     also write the rows as JSON
  --help          show this`;

const PARTS = ['rollout', 'advantages', 'gradient', 'conjugateGradient', 'lineSearch', 'valueFit', 'total'] as const;

type Part = (typeof PARTS)[number];

interface Row {
  readonly engine: string;
  readonly environments: number;
  readonly workers: number;
  readonly stepsPerSecond: number;
  /** Milliseconds, medians. */
  readonly time: Readonly<Record<Part, number>>;
}

const SETUPS: readonly Pick<Setup, 'environments' | 'workers'>[] = [
  { environments: null, workers: 0 },
  { environments: null, workers: 2 },
  // For a preset of one environment the same as the one before.
  { environments: 1, workers: 1 },
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
  const { batchSize, environments } = orThrow(presetConfig(id));
  const bare = pureTurn(orThrow(await loadEnv({ id })()));
  const engines: readonly TrpoConfig['engine'][] = blasLibrary()._tag === 'Right' ? ['wasm', 'blas'] : ['wasm'];
  const setups = engines.flatMap((engine) =>
    SETUPS.slice(0, environments === 1 ? 2 : 3).map((setup): Omit<Setup, 'beside'> => ({ id, engine, ...setup })),
  );
  const members = setups.map((setup, k) => ({
    ...startMember({ ...setup, beside: k === 0 }),
    turns: [] as Turn[],
  }));
  const rates: number[] = [];
  const warmTurns = Math.ceil(WARMING / TURN);
  for (let turn = 0; turn < warmTurns + iterations / (TURN - 1); turn += 1) {
    const speeds = Array.from({ length: TURN }, () => rate(bare, batchSize));
    if (turn >= warmTurns) rates.push(...speeds);
    for (const member of members) {
      const done = await member.turn(TURN);
      if (turn >= warmTurns) member.turns.push(done);
      await setTimeout(1000 * REST);
    }
  }
  for (const { end } of members) end();

  const speed = median(rates);
  const beside = members.flatMap(({ turns }) => turns.flatMap((turn) => turn.beside));
  const rows = members.map(({ turns }): Row => {
    const counted = turns.flatMap((turn) => turn.iterations.slice(1));
    const time = Object.fromEntries(
      PARTS.map((part) => [part, 1000 * median(counted.map(({ seconds }) => seconds[part]))]),
    ) as Record<Part, number>;
    const { engine, environments, workers } = turns[0] as Turn;
    const stepsPerSecond = Math.round(median(counted.map((each) => each.stepsPerSecond)));
    return { engine, environments, workers, stepsPerSecond, time };
  });
  console.log(
    `${id}, ${batchSize} steps in an iteration. Bare environment, one thread: ${Math.round(speed)} steps/s.\n`,
  );
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
      `\nA rollout without workers takes ${whole.toFixed(0)} ms, its steps alone ${physics.toFixed(0)} ms: ${(100 * beyond).toFixed(0)} % beyond the physics.`,
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
