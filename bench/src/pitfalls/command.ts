/** `npm run bench -- pitfalls`: broken variants of TRPO beside sound ones, and the tables of the page on them. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { type Benchmark, named, type Values } from '../command-line.js';
import { pitfalls } from './index.js';
import { EFFORT, type Effort, type Pitfall } from './pitfall.js';
import { type Measured, tableOf, withTables } from './tables.js';

const HELP = `Usage: npm run bench -- pitfalls [options]

Trains TRPO with one stage broken, or with an option that does harm, beside the
sound one, and prints what the reports of both say. Writes the numbers to JSON
and the tables into the page docs/pitfalls.md. But for the memory of an engine,
the same numbers on every machine.

  --only NAME        one pitfall: small-batch, forward-gae, conjugate-gradient,
                     line-search, value-divergence, memory, undetached,
                     done-masks, kl-direction, unnormalised
  --seeds N          seeds of each run (${EFFORT.seeds})
  --iterations N     iterations of each run (${EFFORT.iterations})
  --json FILE        where to write the numbers (bench/results/pitfalls.json)
  --page FILE        the page (docs/pitfalls.md)
  --help             show this`;

const rounded = (_name: string, value: unknown): unknown =>
  typeof value === 'number' ? Number(value.toPrecision(4)) : value;

/** As it is read back from the file: four digits of each number. */
export const measurePitfall = async (pitfall: Pitfall, effort: Effort): Promise<Measured> => {
  const measured = { name: pitfall.name, setting: pitfall.setting(effort), findings: await pitfall.measure(effort) };
  return JSON.parse(JSON.stringify(measured, rounded)) as Measured;
};

export const readMeasured = (file: string): readonly Measured[] =>
  existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as readonly Measured[]) : [];

const run = async (values: Values): Promise<void> => {
  const only = values.text('only');
  const chosen = only === undefined ? pitfalls : [named('only', only, pitfalls)];
  const effort = {
    seeds: values.count('seeds', EFFORT.seeds),
    iterations: values.count('iterations', EFFORT.iterations),
  };
  const json = values.text('json') ?? 'bench/results/pitfalls.json';
  const page = values.text('page') ?? 'docs/pitfalls.md';
  const found = new Map(readMeasured(json).map((each) => [each.name, each]));
  for (const pitfall of chosen) {
    const measured = await measurePitfall(pitfall, effort);
    found.set(pitfall.name, measured);
    console.log(`## ${pitfall.name}\n\n${tableOf(measured)}\n`);
  }
  const all = pitfalls.flatMap(({ name }) => found.get(name) ?? []);
  writeFileSync(json, `${JSON.stringify(all, null, 1)}\n`);
  writeFileSync(page, withTables(readFileSync(page, 'utf8'), all));
};

export const pitfallsBenchmark: Benchmark = {
  name: 'pitfalls',
  brief: 'ten mistakes in TRPO, and what reports say of them',
  help: HELP,
  flags: {
    only: { type: 'string' },
    seeds: { type: 'string' },
    iterations: { type: 'string' },
    json: { type: 'string' },
    page: { type: 'string' },
  },
  run,
};
