/** `npm run bench -- update`: one TRPO update on every engine, and on what a user might take instead. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FloatDType } from '@natgrad/tensor';
import { type Benchmark, named, type Values, writeRows } from '../command-line.js';
import { machine } from '../machine.js';
import { jaxJs } from '../peers/jax-js.js';
import type { Peer } from '../peers/peer.js';
import { pytorch } from '../peers/pytorch.js';
import { tfjs } from '../peers/tfjs.js';
import type { Candidate, Found, Skipped } from './candidate.js';
import { checkAgreement } from './compare.js';
import { engines, type NamedEngine } from './engines.js';
import { measure, type Rounds } from './measure.js';
import { ownCandidate } from './own.js';
import { makeProblem, type Problem, type Sizes } from './problem.js';
import { decodeProblem, encodeProblem } from './problem-file.js';
import { differencesOfKind, type Row, ratios, rowOf, updateTable } from './report.js';

const HELP = `Usage: npm run bench -- update [options]

One TRPO update (surrogate gradient, 10 conjugate-gradient products, one more to
size the step, line search, 5 Adam steps of the critic) on a random batch, timed
part by part, candidates in turns. All read the same problem, and no time is
given unless their new weights, KL and tries agree.

  --engine NAMES  engines, e.g. wasm,interpreter (all that there are)
  --peers         also PyTorch, jax-js and TensorFlow.js, those installed
  --dtype D       f32, f64 or both (both)
  --batch N       observations (5000)
  --hidden N      width of both hidden layers (256)
  --repeats N     timed updates of each candidate (9)
  --warmup N      updates before those, after the compared one (1)
  --threads N     threads, e.g. 1,2; PyTorch has the last number of them (1)
  --json FILE     also write the rows as JSON
  --help          show this`;

const PEERS: readonly Peer[] = [pytorch, jaxJs, tfjs];

const chosenEngines = (names: string | undefined, threads: number): readonly NamedEngine[] => {
  const known = engines(threads);
  if (names === undefined) return known;
  return names.split(',').map((name) => {
    const { mostRepeats: _, ...asked } = named('engine', name, known);
    return asked;
  });
};

/** Engines on each number of threads; those that have one thread anyway only once. */
const onThreads = (names: string | undefined, counts: readonly number[]): readonly NamedEngine[] =>
  counts.flatMap((count, k) => chosenEngines(names, count).filter(({ threads }) => k === 0 || threads === count));

const progress = (message: string): void => {
  process.stderr.write(`${message}\n`);
};

export interface UpdateRun {
  readonly rows: readonly Row[];
  readonly candidates: readonly Candidate[];
  readonly skipped: readonly Skipped[];
}

/** Compares, then times what takes part in one dtype; whatever was started is ended. */
export const runCandidates = async (
  { candidates, skipped }: Found,
  problem: Problem,
  sizes: Sizes,
  rounds: Rounds,
): Promise<UpdateRun> => {
  try {
    const shown = await checkAgreement(candidates, problem);
    const measured = await measure(candidates, rounds);
    const rows = measured.map((each, k) => rowOf(each, sizes, shown[k]?.firstCall ?? null));
    return { rows, candidates, skipped };
  } finally {
    for (const candidate of candidates) candidate.close();
  }
};

const findAll = async (
  own: readonly NamedEngine[],
  peers: readonly Peer[],
  request: Parameters<Peer['find']>[0],
): Promise<Found> => {
  const found: Found[] = [];
  for (const peer of peers) found.push(await peer.find(request));
  return {
    candidates: [
      ...own.map((engine) => ownCandidate(engine, request.dtype, request.problem)),
      ...found.flatMap(({ candidates }) => candidates),
    ],
    skipped: found.flatMap(({ skipped }) => skipped),
  };
};

const runUpdate = async (values: Values): Promise<void> => {
  const counts = values.counts('threads', [1]);
  const own = onThreads(values.text('engine'), counts);
  const dtype = values.choice('dtype', ['f32', 'f64', 'both'], 'both');
  const sizes = {
    batch: values.count('batch', 5000),
    observation: 17,
    action: 6,
    hidden: values.count('hidden', 256),
  };
  const rounds = { repeats: values.count('repeats', 9), warmUp: values.count('warmup', 1) };
  const threads = counts.at(-1) ?? 1;
  const peers = values.has('peers') ? PEERS : [];
  const folder = mkdtempSync(join(tmpdir(), 'natgrad-bench-'));
  const runs: UpdateRun[] = [];
  try {
    for (const each of dtype === 'both' ? (['f32', 'f64'] as const) : [dtype satisfies FloatDType]) {
      const file = join(folder, `problem-${each}.npz`);
      const bytes = encodeProblem(makeProblem(sizes, each));
      writeFileSync(file, bytes);
      const problem = decodeProblem(bytes);
      const found = await findAll(own, peers, { dtype: each, threads, problem, file, folder });
      progress(`${each}: ${found.candidates.length} candidates, compared first, then timed in turns`);
      runs.push(await runCandidates(found, problem, sizes, rounds));
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const candidates = runs.flatMap((run) => run.candidates);
  const rows = runs.flatMap((run) => run.rows);
  const skipped = runs.flatMap((run) => run.skipped);
  const peerNames = new Set(candidates.filter(({ peer }) => peer).map(({ engine }) => engine));
  const { batch, observation, hidden, action } = sizes;
  console.log(
    `Batch ${batch}, policy ${observation}-${hidden}-${hidden}-${action}, critic ${observation}-${hidden}-${hidden}-1. Milliseconds: median (minimum).\n`,
  );
  const isPeer = ({ engine }: Row): boolean => peerNames.has(engine);
  const compared = ratios(rows, isPeer);
  console.log(updateTable(rows, isPeer));
  if (compared !== '') console.log(`\nBy the fastest variant of each peer:\n\n${compared}`);
  console.log(`\nShortcuts and differences:\n\n${differencesOfKind(candidates, skipped)}\n\n${machine()}`);
  writeRows(values, rows);
};

export const update: Benchmark = {
  name: 'update',
  brief: 'one TRPO update, by part, on every engine and its peers',
  help: HELP,
  flags: {
    engine: { type: 'string' },
    peers: { type: 'boolean' },
    dtype: { type: 'string' },
    batch: { type: 'string' },
    hidden: { type: 'string' },
    repeats: { type: 'string' },
    warmup: { type: 'string' },
    threads: { type: 'string' },
    json: { type: 'string' },
  },
  run: runUpdate,
};
