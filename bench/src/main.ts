/** `npm run bench -- update …` times one step of TRPO, `npm run bench -- classic …` shows what it learns. */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { linearize, matmul, tanh, traceGraph } from '@natgrad/autodiff';
import type { DType, Tensor } from '@natgrad/tensor';
import { runClassic } from './classic.js';
import { makeProblem, type Network } from './problem.js';
import { makeUpdate, type Timing } from './update.js';

const HELP = `Usage: npm run bench -- update [options]
       npm run bench -- classic [options], see classic --help

One TRPO update (surrogate gradient, 10 conjugate-gradient products, line
search, 5 Adam steps of the critic) on a random batch, timed part by part.

  --batch N      observations (5000)
  --hidden N     width of both hidden layers (256)
  --dtype D      f32, f64 or both (both)
  --repeats N    timed updates after one to warm up (5)
  --json FILE    also write the rows as JSON`;

const PARTS = ['fvp', 'gradient', 'cg', 'step', 'lineSearch', 'critic', 'update'] as const;

type Row = {
  readonly engine: string;
  readonly variant: string;
  readonly dtype: DType;
  readonly threads: number;
  readonly batch: number;
  readonly hidden: number;
} & Readonly<Record<keyof Timing, readonly [number, number]>>;

const fail = (message: string): never => {
  console.error(`${message}\n\n${HELP}`);
  process.exit(2);
};

const count = (name: string, text: string): number => {
  const value = Number(text);
  return Number.isInteger(value) && value > 0 ? value : fail(`--${name} takes a whole number above 0, found ${text}`);
};

const summarise = (timings: readonly Timing[], part: keyof Timing): readonly [number, number] => {
  const sorted = timings.map((timing) => timing[part]).sort((a, b) => a - b);
  const round = (x: number): number => Math.round(x * 100) / 100;
  return [round(sorted[0] ?? Number.NaN), round(sorted[Math.floor(sorted.length / 2)] ?? Number.NaN)];
};

const measure = (dtype: DType, batch: number, hidden: number, repeats: number): Row => {
  const problem = makeProblem({ batch, observation: 17, action: 6, hidden }, dtype);
  const update = makeUpdate();
  update(problem);
  const timings = Array.from({ length: repeats }, () => update(problem).timing);
  const parts = Object.fromEntries(PARTS.map((part) => [part, summarise(timings, part)])) as Record<
    keyof Timing,
    readonly [number, number]
  >;
  return { engine: 'interpreter', variant: 'linearised', dtype, threads: 1, batch, hidden, ...parts };
};

/** Milliseconds to trace a three-layer policy and derive its Fisher-vector product's two programs. */
const derivation = (): number => {
  const { policy, observations } = makeProblem({ batch: 4, observation: 17, action: 6, hidden: 64 }, 'f64');
  const network = (p: Network): Tensor => matmul(tanh(matmul(tanh(matmul(observations, p.W1)), p.W2)), p.W3);
  const once = (): number => {
    const start = performance.now();
    traceGraph(
      (p: Network, v: Network) => {
        const operator = linearize(network, p);
        return operator.transpose(operator.apply(v));
      },
      policy as Network,
      policy as Network,
    );
    return performance.now() - start;
  };
  return Array.from({ length: 20 }, once).sort((a, b) => a - b)[10] as number;
};

const main = (): void => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      batch: { type: 'string', default: '5000' },
      hidden: { type: 'string', default: '256' },
      dtype: { type: 'string', default: 'both' },
      repeats: { type: 'string', default: '5' },
      json: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return;
  }
  if (positionals.length !== 1 || positionals[0] !== 'update')
    fail(`unknown benchmark: ${positionals.join(' ') || '(none)'}`);
  const dtypes: readonly DType[] =
    values.dtype === 'both'
      ? ['f32', 'f64']
      : values.dtype === 'f32' || values.dtype === 'f64'
        ? [values.dtype]
        : fail(`--dtype takes f32, f64 or both, found ${values.dtype}`);
  const rows = dtypes.map((dtype) =>
    measure(dtype, count('batch', values.batch), count('hidden', values.hidden), count('repeats', values.repeats)),
  );
  console.log(`| engine | dtype | batch | hidden | ${PARTS.join(' | ')} |`);
  console.log(`|---|---|---|---|${PARTS.map(() => '---|').join('')}`);
  for (const row of rows)
    console.log(
      `| ${row.engine} | ${row.dtype} | ${row.batch} | ${row.hidden} | ${PARTS.map((part) => row[part][1]).join(' | ')} |`,
    );
  console.log(
    `\nMedian milliseconds. Tracing and deriving a three-layer Fisher-vector product: ${derivation().toFixed(2)} ms.`,
  );
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(rows, null, 2)}\n`);
};

try {
  const [name, ...rest] = process.argv.slice(2);
  if (name === 'classic') await runClassic(rest);
  else main();
} catch (error) {
  fail(error instanceof Error ? error.message : String(error));
}
