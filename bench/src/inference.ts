/** `npm run bench -- inference`: what an action costs. */
import { actor, initialState, mlpModel } from '@natgrad/rl-trpo';
import { key, normal, split, toTypedArray } from '@natgrad/tensor';
import { type Benchmark, UsageError, type Values, writeRows } from './command-line.js';
import { machine } from './machine.js';

const HELP = `Usage: npm run bench -- inference [options]

One call of an actor: observations of 17 numbers, normalised, through a tanh
network to an action of 6 (Gaussian) or one of 6 choices (categorical), sampled,
with its log-probability. Networks of up to 2048 multiplications act by plain
loops, wider ones by compiled programs, up to eight rows at a time.

  --rows N       rows of a call besides 1, 8 and 64
  --dtype D      f32 or f64 (f32)
  --engine NAME  wasm or interpreter (wasm)
  --repeats N    batches of calls to take the median of (41)
  --json FILE    also write the rows as JSON
  --help         show this`;

interface Row {
  readonly policy: string;
  readonly hidden: number;
  readonly rows: number;
  /** Microseconds of a call and of a row of it, [minimum, median]. */
  readonly call: readonly [number, number];
  readonly row: readonly [number, number];
}

const OBSERVATION = 17;
const ACTION = 6;
/** Long enough for a clock, short enough to fall between two interruptions. */
const BATCH_MICROSECONDS = 2000;

/** Microseconds of a call, [minimum, median] over batches of calls. */
const timeOf = (call: () => unknown, repeats: number): readonly [number, number] => {
  const batch = (calls: number): number => {
    const start = performance.now();
    for (let i = 0; i < calls; i += 1) call();
    return ((performance.now() - start) * 1000) / calls;
  };
  for (let warm = 0; warm < 20; warm += 1) batch(20);
  const calls = Math.max(1, Math.round(BATCH_MICROSECONDS / batch(20)));
  const times = Array.from({ length: repeats }, () => batch(calls)).sort((a, b) => a - b);
  return [times[0] as number, times[Math.floor(repeats / 2)] as number];
};

const rounded = (x: number): number => Math.round(x * 100) / 100;

const measure = (
  kind: 'box' | 'discrete',
  hidden: number,
  counts: readonly number[],
  values: Values,
): readonly Row[] => {
  const dtype = values.choice('dtype', ['f32', 'f64'], 'f32');
  const engine = values.choice('engine', ['wasm', 'interpreter'], 'wasm');
  const model = mlpModel(
    {
      observationSpace: { low: Array<number>(OBSERVATION).fill(0) },
      actionSpace: kind === 'box' ? { kind, low: Array<number>(ACTION).fill(0) } : { kind, n: ACTION },
    },
    { hidden: [hidden, hidden], dtype },
  );
  const config = { model, dtype, engine, normaliseObservations: true } as const;
  // Says so where the engine does not run here.
  const start = initialState(config, key(0));
  if (start._tag === 'Left') throw new UsageError(start.left.message);
  const acting = actor(config, start.right);
  return counts.map((rows) => {
    const observations = toTypedArray(normal(key(1), [rows, OBSERVATION]));
    const keys = split(key(2), rows);
    const [least, median] = timeOf(() => acting.sample(observations, keys), values.count('repeats', 41));
    return {
      policy: model.distribution.name,
      hidden,
      rows,
      call: [rounded(least), rounded(median)],
      row: [rounded(least / rows), rounded(median / rows)],
    };
  });
};

const runInference = (values: Values): Promise<void> => {
  const counts = [...new Set([1, 8, 64, values.count('rows', 1)])].sort((a, b) => a - b);
  const rows = [64, 256].flatMap((hidden) =>
    (['box', 'discrete'] as const).flatMap((kind) => measure(kind, hidden, counts, values)),
  );
  console.log('| policy | hidden | rows | call, µs | row, µs |\n|---|---:|---:|---:|---:|');
  for (const { policy, hidden, rows: count, call, row } of rows)
    console.log(`| ${policy} | ${hidden}-${hidden} | ${count} | ${call[1]} (${call[0]}) | ${row[1]} (${row[0]}) |`);
  console.log(`\nMedian (minimum). ${machine()}`);
  writeRows(values, rows);
  return Promise.resolve();
};

export const inference: Benchmark = {
  name: 'inference',
  brief: 'what an action costs: one observation, and batches of them',
  help: HELP,
  flags: {
    rows: { type: 'string' },
    dtype: { type: 'string' },
    engine: { type: 'string' },
    repeats: { type: 'string' },
    json: { type: 'string' },
  },
  run: runInference,
};
