/** `npm run bench -- plan`: the programs of an update beside their own matrix products, which no plan can be faster than. */
import { blasEngine, matmul, traceGraph, wasmEngine } from '@natgrad/autodiff';
import { blasProducts, type Profile, type Profiler, profiler } from '@natgrad/autodiff/internal';
import { mlpModel, stepPrograms } from '@natgrad/rl-trpo';
import { cast, type DType, foldIn, full, key, multiply, normal, type Tensor } from '@natgrad/tensor';
import type { Benchmark, Values } from './command-line.js';
import { writeRows } from './command-line.js';
import { machine } from './machine.js';
import { median } from './statistics.js';

const HELP = `Usage: npm run bench -- plan [options]

The programs of a TRPO update (17 observations, 6 actions), each run step by step
on the compiled engine. Beside the time of a program: that of its matrix products
as they ran, and as they would run at the highest rate measured for a product
whose operands stay in the cache.

  --batch N      observations (5000)
  --hidden N     width of both hidden layers (256)
  --dtype D      f32 or f64 (f32)
  --repeats N    runs of each program, of which the median counts (20)
  --engine E     wasm, or blas for products by the system's BLAS (wasm)
  --threads N    threads of the engine (1)
  --steps        also every step of every plan
  --json FILE    also write the rows as JSON
  --help         show this`;

/** How often an update runs a program: ten products, a transpose for the gradient, two candidates, five epochs. */
const TIMES: Readonly<Record<string, number>> = {
  'policy and what its derivatives need': 1,
  F·v: 10,
  Jᵀ·u: 1,
  'surrogate and its gradient': 1,
  'KL and surrogate of a candidate': 2,
  'V(s)': 2,
  'update of the critic': 5,
};

interface Row {
  readonly program: string;
  readonly times: number;
  readonly milliseconds: number;
  readonly products: number;
  readonly gflop: number;
  /** Time over that of its own products, as they ran and at the highest rate. */
  readonly overProducts: number | null;
  readonly overPeak: number | null;
}

const random = (dtype: DType, shape: readonly number[], at: number): Tensor =>
  dtype === 'i32' || dtype === 'bool'
    ? full(shape, dtype === 'bool' ? false : 0, dtype)
    : cast(multiply(normal(foldIn(key(0), at), shape), 0.1), dtype);

/** Of the products among the steps. */
const total = (steps: Profile['steps'], of: (step: Profile['steps'][number]) => number): number =>
  steps.reduce((sum, step) => sum + (step.isProduct ? of(step) : 0), 0);

/** GFLOP per second of a product whose operands stay in the second-level cache. */
const peakRate = (run: Profiler, dtype: 'f32' | 'f64'): number => {
  const args = [random(dtype, [512, 256], 0), random(dtype, [256, 256], 1)] as const;
  const { steps } = run(traceGraph(matmul, ...args).graph, args, 500);
  return Math.max(...steps.map(({ flops, times }) => flops / Math.min(...times) / 1e6));
};

const rounded = (x: number, digits: number): number => Number(x.toFixed(digits));
const over = (a: number, b: number): number | null => (b > 0 ? rounded(a / b, 2) : null);

const runPlan = (values: Values): Promise<void> => {
  const [batch, hidden, repeats] = [
    values.count('batch', 5000),
    values.count('hidden', 256),
    values.count('repeats', 20),
  ];
  const dtype = values.choice('dtype', ['f32', 'f64'], 'f32');
  const threads = values.count('threads', 1);
  const engineName = values.choice('engine', ['wasm', 'blas'], 'wasm');
  const model = mlpModel(
    {
      observationSpace: { low: Array<number>(17).fill(0) },
      actionSpace: { kind: 'box', low: Array<number>(6).fill(0) },
    },
    { hidden: [hidden, hidden], valueHidden: [hidden, hidden], dtype },
  );
  // First of all, while nothing is warm, but for the random numbers of weights.
  const weights = model.initialise(key(0));
  const began = performance.now();
  const programs = stepPrograms({ ...model, initialise: () => weights }, batch);
  const engine = engineName === 'blas' ? blasEngine({ threads }) : wasmEngine({ threads });
  for (const { graph } of programs) engine.compile(graph);
  const prepared = performance.now() - began;
  const run = profiler({ threads }, engineName === 'blas' ? blasProducts() : undefined);
  const peak = peakRate(run, dtype);
  const rows: Row[] = [];
  for (const { name, graph } of programs) {
    const args = graph.inputs.map((aval, i) => random(aval.dtype, aval.shape, i));
    const { times, steps } = run(graph, args, repeats);
    const milliseconds = median(times);
    const products = median(times.map((_, turn) => total(steps, (step) => step.times[turn] as number)));
    const flops = total(steps, (step) => step.flops);
    rows.push({
      program: name,
      times: TIMES[name] ?? 1,
      milliseconds: rounded(milliseconds, 2),
      products: rounded(products, 2),
      gflop: rounded(flops / 1e9, 3),
      overProducts: over(milliseconds, products),
      overPeak: over(milliseconds, flops / peak / 1e6),
    });
    if (!values.has('steps')) continue;
    console.log(`${name}: ${milliseconds.toFixed(2)} ms`);
    for (const step of steps) {
      const time = median(step.times);
      const rate = step.isProduct ? `  ${(step.flops / time / 1e6).toFixed(1)} GFLOP/s` : '';
      console.log(`${time.toFixed(2).padStart(8)}  ${step.work}${rate}`);
    }
    console.log('');
  }
  const sum = (of: (row: Row) => number): number => rows.reduce((all, row) => all + row.times * of(row), 0);
  const [time, products, gflop] = [sum((row) => row.milliseconds), sum((row) => row.products), sum((row) => row.gflop)];
  const all = { milliseconds: rounded(time, 1), products: rounded(products, 1), gflop: rounded(gflop, 2) };
  const update: Row = {
    program: 'all',
    times: 1,
    ...all,
    overProducts: over(time, products),
    overPeak: over(time, (gflop * 1000) / peak),
  };
  console.log('| program | runs | ms | products, ms | GFLOP | / products | / products at peak |');
  console.log('|---|---:|---:|---:|---:|---:|---:|');
  for (const row of [...rows, update])
    console.log(
      `| ${row.program} | ${row.times} | ${row.milliseconds} | ${row.products} | ${row.gflop} | ${row.overProducts ?? '–'} | ${row.overPeak ?? '–'} |`,
    );
  console.log(
    `\nBatch ${batch}, 17-${hidden}-${hidden}-6, ${engineName}, ${dtype}, ${threads === 1 ? 'one thread' : `${threads} threads`}; highest rate ${peak.toFixed(1)} GFLOP/s. ${machine()}`,
  );
  console.log(
    `All programs traced, optimised and compiled in ${prepared.toFixed(0)} ms, in a process that had done nothing before.`,
  );
  writeRows(values, [...rows, update]);
  return Promise.resolve();
};

export const plan: Benchmark = {
  name: 'plan',
  brief: 'the programs of an update beside their own matrix products',
  help: HELP,
  flags: {
    batch: { type: 'string' },
    hidden: { type: 'string' },
    dtype: { type: 'string' },
    repeats: { type: 'string' },
    engine: { type: 'string' },
    threads: { type: 'string' },
    steps: { type: 'boolean' },
    json: { type: 'string' },
  },
  run: runPlan,
};
