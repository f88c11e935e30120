/** `npm run bench -- theory`: how far the practical algorithm departs from the theory. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Benchmark, Values } from '../command-line.js';
import { measure } from './measure.js';
import { plot } from './plot.js';
import { type Summary, summarise } from './summary.js';
import { report } from './tables.js';

const HELP = `Usage: npm run bench -- theory [options]

TRPO's penalised update with the theoretical constant, conservative policy
iteration, and the practical trust-region step, side by side on random finite
MDPs in which every quantity is computed exactly. Also counts how many of
4,000 random MDPs break each bound.

Prints a table, and writes theory.json, theory.md and theory.svg. The same
options give the same files.

  --seeds N   random MDPs for each γ (default 50; about a minute)
  --out DIR   where to write (default bench/results)`;

/** Five digits are enough for a plot. */
const rounded = (_name: string, value: unknown): unknown =>
  typeof value === 'number' ? Number(value.toPrecision(5)) : value;

const json = (summary: Summary): string => {
  const { curves, ...rest } = summary;
  const lines = curves.map((curve) => `  ${JSON.stringify(curve, rounded)}`).join(',\n');
  return `${JSON.stringify(rest, rounded, 1).replace(/\n\}$/, '')},\n "curves": [\n${lines}\n ]\n}\n`;
};

/** The files' contents by name. */
export const theoryFiles = (summary: Summary): Readonly<Record<string, string>> => ({
  'theory.json': json(summary),
  'theory.md': report(summary),
  'theory.svg': plot(summary.curves),
});

const run = (values: Values): Promise<void> => {
  const folder = values.text('out') ?? 'bench/results';
  const files = theoryFiles(summarise(measure(values.count('seeds', 50))));
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  console.log(files['theory.md']);
  return Promise.resolve();
};

export const theory: Benchmark = {
  name: 'theory',
  brief: 'how far the practical algorithm departs from the theory',
  help: HELP,
  flags: { seeds: { type: 'string' }, out: { type: 'string' } },
  run,
};
