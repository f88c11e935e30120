/** `npm run docs:figures`: the figures of the tutorial. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Benchmark, Values } from '../command-line.js';
import { bound } from './bound.js';
import { conjugateGradientFigure } from './conjugate-gradient.js';
import { estimators } from './estimators.js';
import { gaeFigure } from './gae.js';
import { klDirection } from './kl-direction.js';
import { naturalGradientFigure } from './natural-gradient.js';
import { ppo } from './ppo.js';
import { stepSize } from './step-size.js';
import { surrogate } from './surrogate.js';

const FOLDER = 'docs/tutorial/figures';

const HELP = `Usage: npm run bench -- figures [options]

Draws the figures of the tutorial from what they show, computed anew. A test
holds those in the repository against it.

  --out DIR   where to write (default ${FOLDER})`;

/** How to draw each figure, by the name of its file. */
export const figures: Readonly<Record<string, () => string>> = {
  'estimators.svg': estimators,
  'surrogate.svg': surrogate,
  'kl-direction.svg': klDirection,
  'natural-gradient.svg': naturalGradientFigure,
  'conjugate-gradient.svg': conjugateGradientFigure,
  'step-size.svg': stepSize,
  'gae.svg': gaeFigure,
  'bound.svg': bound,
  'ppo.svg': ppo,
};

const run = (values: Values): Promise<void> => {
  const folder = values.text('out') ?? FOLDER;
  mkdirSync(folder, { recursive: true });
  for (const [name, draw] of Object.entries(figures)) {
    const file = join(folder, name);
    writeFileSync(file, draw());
    console.log(file);
  }
  return Promise.resolve();
};

export const figuresCommand: Benchmark = {
  name: 'figures',
  brief: 'the figures of the tutorial (no benchmark)',
  help: HELP,
  flags: { out: { type: 'string' } },
  run,
};
