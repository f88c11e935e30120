/**
 * `npm run mutate`: mutation tests of the rules that everything else rests on. A whole run takes hours, so a run can take a
 * sample; results gather in reports/ from run to run, and unchanged code is not tested again.
 *
 *   NATGRAD_MUTATE=packages/autodiff/src/transforms/jvp.ts   these files only (commas between them)
 *   NATGRAD_MUTATE_SHARD=2/6                                 every sixth file, beginning with the second
 *   npm run mutate -- --force                                forgets earlier results
 */
import { existsSync, readdirSync } from 'node:fs';

const folders = [
  ...['transforms', 'primitives', 'optimise'].map((name) => `packages/autodiff/src/${name}`),
  // The mathematics of TRPO; what surrounds it, and the laws themselves, are tested otherwise.
  'packages/rl-trpo/src',
];
const OUTSIDE = /\/(shell|laws)\/|\/index\.ts$/;

const all = folders
  .filter((folder) => existsSync(folder))
  .flatMap((folder) => readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((file) => `${folder}/${file}`))
  .filter((file) => file.endsWith('.ts') && !OUTSIDE.test(file))
  .sort();

const files = process.env.NATGRAD_MUTATE?.split(',') ?? all;
const [shard, shards] = (process.env.NATGRAD_MUTATE_SHARD ?? '1/1').split('/').map(Number);
if (!(Number.isInteger(shard) && shard >= 1 && shard <= shards))
  throw new Error(`NATGRAD_MUTATE_SHARD is ${process.env.NATGRAD_MUTATE_SHARD}, expected for example 2/6`);

export default {
  mutate: files.filter((_, i) => i % shards === shard - 1),
  testRunner: 'vitest',
  plugins: ['@stryker-mutator/vitest-runner'],
  vitest: { configFile: 'vitest.mutate.config.ts' },
  coverageAnalysis: 'perTest',
  // What runs when a module is loaded (a record, not its rules) is loaded once for all mutants: switching it does nothing.
  ignoreStatic: true,
  incremental: true,
  incrementalFile: 'reports/mutation/incremental.json',
  // A word in an error message is not a rule.
  mutator: { excludedMutations: ['StringLiteral'] },
  reporters: ['clear-text', 'html', 'json'],
  htmlReporter: { fileName: 'reports/mutation/index.html' },
  jsonReporter: { fileName: 'reports/mutation/mutation.json' },
  clearTextReporter: { allowColor: process.stdout.isTTY === true, logTests: false, allowEmojis: false },
  thresholds: { high: 95, low: 90, break: 90 },
  concurrency: 2,
  timeoutMS: 30_000,
  ignorePatterns: ['docs/api', 'reports', 'apps', 'bench/results', '**/dist'],
  tempDirName: '.stryker-tmp',
};
