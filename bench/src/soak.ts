/**
 * `npm run bench -- soak`: random programs and whole updates for a long time on engines of two threads, whose workers are killed at
 * random moments. It fails where a result has other bits than on one thread, an error is another one than was to be expected, or
 * what is kept grows.
 */
import { writeFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { blasLibrary, jit, type WasmEngine } from '@natgrad/autodiff';
import {
  blasProducts,
  engineWith,
  GRAIN,
  memberStarter,
  type Started,
  type StartMember,
} from '@natgrad/autodiff/internal';
import { arbitraryProgram, type ProgramCase } from '@natgrad/autodiff/laws';
import { identical, isNatgradError, key, type Tensor, treeLeaves, uniformAt } from '@natgrad/tensor';
import fc from 'fast-check';
import type { Benchmark } from './command-line.js';
import { machine } from './machine.js';
import { median } from './statistics.js';
import { makeProblem, type Problem, type Sizes } from './update/problem.js';
import { makeUpdate, type Update } from './update/program.js';
import { afterBlock } from './worker-script.js';

const HELP = `Usage: npm run bench -- soak [options]

Random programs and whole updates on engines of two threads, whose workers are
killed at random moments. Exit code 1 where a result has other bits than on one
thread, an error is not the one of a lost worker, or memory grows.

  --minutes N   how long (30)
  --seed N      of all that is random (1)
  --out FILE    the report, as Markdown
  --help        show this`;

const MEBIBYTE = 2 ** 20;

/** Small and large; all of them are divided. */
const SIZES: readonly Sizes[] = [
  { batch: 300, observation: 4, action: 2, hidden: 32 },
  { batch: 2048, observation: 17, action: 6, hidden: 64 },
  { batch: 1500, observation: 30, action: 8, hidden: 128 },
];

/** Programs of a round, and how likely it is that workers are killed during its update. */
const PROGRAMS = 6;
const KILLS = 0.3;

/** Steps that are divided between one loss and the next. */
const RECOVERY = 1500;

/** Parts of the time, for each of which memory is reported. */
const PARTS = 10;

/**
 * Rounds after which memory is judged: until then engines meet most loops for the first time, and keep their code. By rounds, not by
 * time, because machines are not equally fast, and not at all times. Of a shorter run the last two thirds are judged.
 */
const SETTLED = 2400;

/** What may be kept more in the second half of what is judged: garbage that is not yet seen to be some, code that is compiled again. */
const GROWTH = 1.1;

type Kind = 'wasm' | 'wasm deterministic' | 'blas';

interface Subject {
  readonly kind: Kind;
  readonly engine: WasmEngine;
  readonly update: Update;
  readonly single: WasmEngine;
  /** Leaves of the result of each problem, on one thread. */
  readonly expected: readonly (readonly Tensor[])[];
  /**
   * Ends the workers at some moment of the next milliseconds, if they are at work and none was lost lately (an engine that loses
   * several in a row stays on one thread); how many there were.
   */
  readonly kill: () => number;
}

const leaves = (update: Update, problem: Problem): readonly Tensor[] => {
  const { policy, critic } = update.run(problem);
  return [...treeLeaves(policy), ...treeLeaves(critic)];
};

const subjectOf = (kind: Kind, random: () => number, problems: readonly Problem[]): Subject => {
  let alive: Started[] = [];
  let tasksThen = 0;
  const start: StartMember = (setup, ended) => {
    // A worker takes some five blocks of a task.
    const starter = memberStarter(afterBlock(Math.ceil(RECOVERY * (6 + 12 * random())), 'process.exit(3);'));
    if (starter === null) throw new Error('there are no threads here');
    const started = starter(setup, ended);
    alive.push(started);
    return started;
  };
  const options = { deterministic: kind === 'wasm deterministic', budget: 64 * MEBIBYTE };
  const products = kind === 'blas' ? blasProducts : undefined;
  // Finer than usual, so that programs of a few hundred numbers are divided too.
  const grain = { ...GRAIN, flops: 1e4, elements: 256, step: 0, plan: 0 };
  const engine = engineWith(kind, { ...options, threads: 2 }, products, { grain, start });
  const single = engineWith(kind, { ...options, threads: 1 }, products, { grain });
  const alone = makeUpdate(single);
  return {
    kind,
    engine,
    update: makeUpdate(engine),
    single,
    expected: problems.map((problem) => leaves(alone, problem)),
    kill: () => {
      const { ready, tasks } = engine.statistics().threads;
      if (ready === 1 || tasks - tasksThen < RECOVERY) return 0;
      tasksThen = tasks;
      const victims = alive;
      alive = [];
      for (const each of victims) void each.end();
      return victims.length;
    },
  };
};

/** Numbers of a run so far. */
interface Counts {
  rounds: number;
  programs: number;
  updates: number;
  killed: number;
  /** Calls that ended with the error of a lost worker. */
  lost: number;
}

const require = (holds: boolean, what: string): void => {
  if (!holds) throw new Error(what);
};

const requireSame = (what: string, found: readonly Tensor[], expected: readonly Tensor[]): void =>
  require(found.length === expected.length &&
    found.every((x, i) => identical(x, expected[i] as Tensor)), `${what}: other bits than on one thread`);

/** The result, or null where a worker was lost on the way; any other error is one. */
const unlessLost = <T>(run: () => T, counts: Counts): T | null => {
  try {
    return run();
  } catch (error) {
    if (!isNatgradError(error) || error.code !== 'WorkerLost') throw error;
    counts.lost += 1;
    return null;
  }
};

const tryProgram = ({ kind, engine, single }: Subject, { f, args }: ProgramCase, counts: Counts): void => {
  const on = (which: WasmEngine): readonly Tensor[] =>
    jit((...xs: readonly Tensor[]) => f(...xs), { engine: which })(...args);
  const found = unlessLost(() => on(engine), counts);
  counts.programs += 1;
  if (found !== null) requireSame(`a program on ${kind}`, found, on(single));
};

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1));

interface Sample {
  /** Rounds before it was taken. */
  readonly rounds: number;
  /** Bytes after a full collection: the heap, and what lies outside it. */
  readonly kept: number;
  readonly resident: number;
  /** Bytes of the engines' memories. */
  readonly engines: number;
}

const collector = (): (() => void) => {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
};

const measure = (collect: () => void, subjects: readonly Subject[], rounds: number): Sample => {
  collect();
  const { heapUsed, external, rss } = process.memoryUsage();
  const engines = subjects.reduce((sum, { engine }) => sum + engine.statistics().memoryBytes, 0);
  return { rounds, kept: heapUsed + external, resident: rss, engines };
};

const mebibytes = (bytes: number): string => (bytes / MEBIBYTE).toFixed(1);

const report = (minutes: number, counts: Counts, subjects: readonly Subject[], parts: readonly Sample[]): string => {
  const divided = subjects.map(({ kind, engine }) => {
    const { tasks, workerBlocks, lost } = engine.statistics().threads;
    return `| ${kind} | ${tasks} | ${workerBlocks} | ${lost} |`;
  });
  return [
    '# Soak',
    '',
    `${counts.rounds} rounds in ${minutes} minutes: ${counts.programs} random programs and ${counts.updates} updates, all with the bits of one`,
    `thread; ${counts.killed} workers killed between two calls; others ended in the middle of a block, and ${counts.lost} calls with the error of a lost worker.`,
    '',
    '| Engine, 2 threads | Steps divided | Blocks by workers | Workers lost |',
    '| --- | --- | --- | --- |',
    ...divided,
    '',
    '| Part of the time | Round | Kept after collection, MiB | Resident, MiB | Engines, MiB |',
    '| --- | --- | --- | --- | --- |',
    ...parts.map(
      ({ rounds, kept, resident, engines }, i) =>
        `| ${i + 1} of ${PARTS} | ${rounds} | ${mebibytes(kept)} | ${mebibytes(resident)} | ${mebibytes(engines)} |`,
    ),
    '',
    machine(),
    '',
    `Made by \`npm run bench -- soak --minutes ${minutes}\`.`,
    '',
  ].join('\n');
};

export const soak: Benchmark = {
  name: 'soak',
  brief: 'random work for a long time, with workers killed at random',
  help: HELP,
  flags: { minutes: { type: 'string' }, seed: { type: 'string' }, out: { type: 'string' } },
  run: async (values) => {
    const minutes = values.count('minutes', 30);
    const seed = values.count('seed', 1);
    const collect = collector();
    const problems = SIZES.map((sizes, i) => makeProblem(sizes, 'f32', i));
    const kinds: readonly Kind[] = [
      'wasm',
      'wasm deterministic',
      ...(blasLibrary()._tag === 'Right' ? (['blas'] as const) : []),
    ];
    let draws = 0;
    const random = (): number => uniformAt(key(seed), (draws += 1));
    const subjects = kinds.map((kind) => subjectOf(kind, random, problems));
    const counts: Counts = { rounds: 0, programs: 0, updates: 0, killed: 0, lost: 0 };
    const samples: Sample[][] = [];
    const began = performance.now();
    const share = (): number => (performance.now() - began) / (60_000 * minutes);

    while (share() < 1) {
      const round = counts.rounds;
      const subject = subjects[round % subjects.length] as Subject;
      const programs = fc.sample(arbitraryProgram(), { numRuns: PROGRAMS, seed: seed * 1_000_003 + round });
      for (const program of programs) tryProgram(subject, program, counts);
      const which = Math.floor(random() * problems.length);
      if (random() < KILLS) counts.killed += subject.kill();
      const found = unlessLost(() => leaves(subject.update, problems[which] as Problem), counts);
      counts.updates += 1;
      if (found !== null)
        requireSame(`update ${which} on ${subject.kind}`, found, subject.expected[which] as readonly Tensor[]);
      counts.rounds += 1;
      // Workers start, end and are replaced while nothing is computed.
      await turn();
      const part = Math.min(PARTS - 1, Math.floor(PARTS * share()));
      const sofar = (samples[part] ??= []);
      if (sofar.length === 0 || round % 20 === 0) sofar.push(measure(collect, subjects, round));
    }

    const parts = samples.filter(Boolean).map((each): Sample => {
      const of = (field: keyof Sample): number => median(each.map((sample) => sample[field]));
      return { rounds: Math.round(of('rounds')), kept: of('kept'), resident: of('resident'), engines: of('engines') };
    });
    const text = report(minutes, counts, subjects, parts);
    console.log(text);
    const out = values.text('out');
    if (out !== undefined) writeFileSync(out, text);
    const settled = Math.min(SETTLED, counts.rounds / 3);
    const judged = samples.flat().filter(({ rounds }) => rounds >= settled);
    const half = judged.length / 2;
    for (const field of ['kept', 'resident', 'engines'] as const) {
      const [before, after] = [judged.slice(0, half), judged.slice(half)].map((each) =>
        median(each.map((sample) => sample[field])),
      ) as [number, number];
      require(after <= GROWTH * before, `${field} grew from ${mebibytes(before)} to ${mebibytes(after)} MiB`);
    }
    require(counts.killed > 0 && counts.lost > 0, 'no worker was lost: nothing was tried');
  },
};
