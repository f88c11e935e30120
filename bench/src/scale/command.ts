/** `npm run bench -- scale`: how the cost of a Fisher-vector product grows with batch, width and depth. */
import { type Benchmark, named, type Values, writeRows } from '../command-line.js';
import { machine } from '../machine.js';
import { engines } from '../update/engines.js';
import { pointsUpTo, type ScaleRow, sweep } from './sweep.js';

const HELP = `Usage: npm run bench -- scale [options]

One Fisher-vector product of a Gaussian policy (17 observations, 6 actions) at
batches from 500 to 50,000, widths from 32 to 1024 and 1 to 4 hidden layers: one
of them varies at a time around 5000, 256 and 2. GFLOP are those of the matrix
products in the traced program, 2mkn each.

  --engine NAME   engine (wasm)
  --threads N     threads of the engine (1)
  --dtype D       f32 or f64 (f32)
  --repeats N     timed products at each size (5)
  --limit N       seconds; a size that would take longer is skipped (20)
  --max-batch N   no larger batch (50000)
  --max-width N   no larger width (1024)
  --json FILE     also write the rows as JSON
  --help          show this`;

const mebibytes = (bytes: number | null): string => (bytes === null ? '–' : (bytes / 2 ** 20).toFixed(1));

const cells = (row: ScaleRow): readonly (string | number)[] => [
  ...[row.batch, row.width, row.depth, row.gflop],
  row.fvp === null ? `skipped: ${row.reason ?? ''}` : `${row.fvp[1]} (${row.fvp[0]})`,
  ...[row.gflopPerSecond ?? '–', row.firstCall ?? '–'],
  ...[mebibytes(row.residualBytes), mebibytes(row.memoryBytes)],
];

/** Markdown: median and, in brackets, minimum in milliseconds. */
export const scaleTable = (rows: readonly ScaleRow[]): string => {
  const head = [
    'batch',
    'width',
    'depth',
    'GFLOP',
    'product, ms',
    'GFLOP/s',
    'first call, ms',
    'residuals, MiB',
    'memory, MiB',
  ];
  return [head, head.map(() => '---:'), ...rows.map(cells)].map((line) => `| ${line.join(' | ')} |`).join('\n');
};

const runScale = (values: Values): Promise<void> => {
  const found = named('engine', values.text('engine') ?? 'wasm', engines(values.count('threads', 1)));
  const dtype = values.choice('dtype', ['f32', 'f64'], 'f32');
  const options = { repeats: values.count('repeats', 5), limit: values.count('limit', 20) };
  const points = pointsUpTo(values.count('max-batch', 50_000), values.count('max-width', 1024));
  const rows = sweep(points, { name: found.name, engine: found.engine, dtype, ...options });
  const memory = 'statistics' in found.engine ? "the engine's own" : 'growth of the process at that size';
  console.log(
    `${found.name} ${dtype}, ${found.threads === 1 ? 'one thread' : `${found.threads} threads`}. Times: median (minimum). Memory: ${memory}.\n\n${scaleTable(rows)}`,
  );
  console.log(`\n${machine()}`);
  writeRows(values, rows);
  return Promise.resolve();
};

export const scale: Benchmark = {
  name: 'scale',
  brief: 'cost of a Fisher-vector product by batch, width and depth',
  help: HELP,
  flags: {
    engine: { type: 'string' },
    threads: { type: 'string' },
    dtype: { type: 'string' },
    repeats: { type: 'string' },
    limit: { type: 'string' },
    'max-batch': { type: 'string' },
    'max-width': { type: 'string' },
    json: { type: 'string' },
  },
  run: runScale,
};
