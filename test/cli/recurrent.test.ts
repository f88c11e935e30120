/** A policy with a memory from the command line: trained, continued, evaluated, explained. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { natgrad } from './natgrad.js';

const cli = natgrad();

const set = (...settings: readonly string[]): readonly string[] => settings.flatMap((setting) => ['--set', setting]);

const TINY = [
  '--episodes',
  '2',
  '--seed',
  '3',
  ...set('batchSize=64', 'hidden=4,3', 'historySteps=6', 'env.k=2', 'env.scored=4'),
];

const checksums = (folder: string): string =>
  readFileSync(join(cli.folder, folder, 'checkpoints/000000002/SHA256SUMS'), 'utf8');

test('the preset of RepeatPrevious remembers; a run that was continued is one that never stopped, to the bit', async () => {
  const env = ['train', '--env', 'RepeatPrevious-v0', ...TINY];
  const whole = await cli.run([...env, '--steps', '128', '--out', 'whole']);
  expect([whole.code, whole.stderr]).toEqual([0, '']);
  expect((await cli.run([...env, '--steps', '64', '--out', 'part'])).code).toBe(0);
  expect((await cli.run(['train', '--resume', 'part', '--steps', '128', '--episodes', '2'])).code).toBe(0);
  expect(checksums('part')).toBe(checksums('whole'));
  const run = JSON.parse(readFileSync(join(cli.folder, 'whole/run.json'), 'utf8')) as { readonly options: unknown };
  expect(run.options).toMatchObject({ network: 'recurrent', hidden: [4, 3], historySteps: 6 });
  const evaluated = await cli.run(['eval', 'whole', '--episodes', '3', '--json']);
  expect((JSON.parse(evaluated.stdout) as { readonly episodes: number }).episodes).toBe(3);
});

test('any environment can be given a memory, and explain shows its loop over time', async () => {
  const settings = set('network=recurrent', 'historySteps=3', 'hidden=4', 'normaliseObservations=false');
  const trained = await cli.run([
    'train',
    '--env',
    'Pendulum-v1',
    '--steps',
    '64',
    '--episodes',
    '1',
    ...settings,
    ...set('batchSize=64'),
  ]);
  expect([trained.code, trained.stderr]).toEqual([0, '']);
  const explained = await cli.run(['explain', '--env', 'CartPole-v1', '--rows', '8', ...settings]);
  expect(explained.code).toBe(0);
  // The history, one turn each, inside the plan.
  expect(explained.stdout).toMatch(/scan of 3 turns, \d+ steps each/);
  expect(explained.stdout).not.toMatch(/fallbacks to the reference: .*scan/);
});

test.each([
  [['network=recurrent', 'normaliseObservations=true'], 'normaliseObservations: found true with network'],
  [['network=recurrent', 'hidden='], "hidden: found [] with network 'recurrent', expected at least one width"],
  [['network=recurent'], "did you mean 'recurrent'"],
])('%s is refused with the field and what to do', async (settings, message) => {
  const { code, stderr } = await cli.run(['train', '--env', 'CartPole-v1', '--steps', '64', ...set(...settings)]);
  expect(code).toBe(2);
  expect(stderr).toContain(message);
});
