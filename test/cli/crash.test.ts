/** Stopping a run at any moment, by whatever means, and going on with it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { ended, natgrad } from './natgrad.js';
import { line, pause, runsIn } from './runs.js';

const cli = natgrad();

/** Some twenty milliseconds an iteration: the run below is killed in the middle of everything. */
const TINY = [
  '--env',
  'CartPole-v1',
  '--seed',
  '5',
  '--episodes',
  '3',
  ...set(
    'batchSize=32',
    'environments=4',
    'hidden=4',
    'valueHidden=4',
    'valueEpochs=1',
    'normaliseObservations=true',
    'scaleRewards=true',
  ),
];
const ITERATIONS = 100;
const STEPS = String(32 * ITERATIONS);
const FEW = String(32 * 20);

function set(...settings: readonly string[]): readonly string[] {
  return settings.flatMap((setting) => ['--set', setting]);
}

const path = (...parts: readonly string[]): string => join(cli.folder, ...parts);

const { endOf, evaluationOf } = runsIn(cli.folder);

const whole = 'whole';

beforeAll(async () => {
  const { code, stderr } = await cli.run(['train', ...TINY, '--steps', STEPS, '--out', whole, '--json']);
  expect([code, stderr]).toEqual([0, '']);
}, 60_000);

test('the reference run is as long as it should be', () => {
  const { checkpoint, metrics } = endOf(whole);
  expect([Number(checkpoint), metrics.length]).toEqual([ITERATIONS, ITERATIONS]);
});

test('the same seed gives the same bits, another one does not', async () => {
  await cli.run(['train', ...TINY, '--steps', '320', '--out', 'again', '--json']);
  await cli.run([
    'train',
    ...TINY.map((word) => (word === '5' ? '6' : word)),
    '--steps',
    '320',
    '--out',
    'other',
    '--json',
  ]);
  expect(endOf('again').metrics).toEqual(endOf(whole).metrics.slice(0, 10));
  expect(endOf('other').metrics).not.toEqual(endOf('again').metrics);
});

test('k + m iterations are k, a checkpoint, and m', async () => {
  await cli.run(['train', ...TINY, '--steps', '320', '--out', 'parts', '--json']);
  const { code } = await cli.run(['train', '--resume', 'parts', '--steps', STEPS, '--episodes', '3', '--json']);
  expect(code).toBe(0);
  expect(endOf('parts')).toEqual(endOf(whole));
  expect(evaluationOf('parts')).toEqual(evaluationOf(whole));
});

test('SIGKILL at 20 random moments leaves nothing that cannot be gone on with, to the bit', async () => {
  const begin = ['train', ...TINY, '--steps', STEPS, '--out', 'killed', '--json'];
  const goOn = ['train', '--resume', 'killed', '--episodes', '3', '--json'];
  const kills: number[] = [];
  for (let kill = 0; kill < 20; kill += 1) {
    const child = cli.start(existsSync(path('killed/run.json')) ? goOn : begin);
    const end = ended(child);
    // Mostly while it trains and saves, and sometimes while it starts or reads what was saved.
    if (kill % 4 !== 3) await line(child, 1);
    await pause(Math.random() * (kill % 4 === 3 ? 250 : 30));
    child.kill('SIGKILL');
    const { signal, stderr } = await end;
    expect(stderr).toBe('');
    if (signal === 'SIGKILL') kills.push(kill);
  }
  // If the machine is so fast that it was done before, more iterations are needed.
  expect(kills).toHaveLength(20);
  const { code, stderr } = await cli.run(goOn);
  expect([code, stderr]).toEqual([0, '']);
  expect(endOf('killed')).toEqual(endOf(whole));
  expect(evaluationOf('killed')).toEqual(evaluationOf(whole));
}, 120_000);

test('workers act: killed at random moments and resumed with another number of them, to the same bits', async () => {
  const begin = ['train', ...TINY, '--steps', STEPS, '--out', 'shared', '--json'];
  const goOn = ['train', '--resume', 'shared', '--episodes', '3', '--json'];
  for (const workers of ['3', '1', '2', '0', '2']) {
    const child = cli.start([...(existsSync(path('shared/run.json')) ? goOn : begin), '--workers', workers]);
    const end = ended(child);
    await line(child, 1);
    await pause(Math.random() * 60);
    child.kill('SIGKILL');
    const { signal, stderr } = await end;
    expect([signal, stderr]).toEqual(['SIGKILL', '']);
  }
  const { code, stderr, stdout } = await cli.run([...goOn, '--workers', '2']);
  expect([code, stderr]).toEqual([0, '']);
  expect(JSON.parse(stdout.split('\n')[0] ?? '')).toMatchObject({ type: 'iteration', workers: 2 });
  expect(endOf('shared')).toEqual(endOf(whole));
  expect(evaluationOf('shared')).toEqual(evaluationOf(whole));
}, 120_000);

test('with workers, Ctrl-C finishes the iteration and saves, and the process ends', async () => {
  // Several times: workers are in the middle of the next rollout then, or have just answered.
  for (let lines = 3; lines < 11; lines += 1) {
    const out = `stopped-workers-${lines}`;
    const child = cli.start(['train', ...TINY, '--workers', '2', '--steps', STEPS, '--out', out, '--json']);
    const end = ended(child);
    await line(child, lines);
    child.kill('SIGINT');
    const { code, stdout } = await end;
    expect(code).toBe(130);
    const made = stdout.trimEnd().split('\n').length;
    expect(Number(endOf(out).checkpoint)).toBe(made);
    expect(endOf(out).metrics).toEqual(endOf(whole).metrics.slice(0, made));
  }
});

test('Ctrl-C finishes the iteration, saves, and says how to go on', async () => {
  const child = cli.start(['train', ...TINY, '--steps', STEPS, '--out', 'stopped']);
  const end = ended(child);
  await line(child, 6);
  child.kill('SIGINT');
  const { code, stdout } = await end;
  expect(code).toBe(130);
  const iteration = /Saved iteration (\d+) in stopped\. Go on with:\n {2}npx natgrad train --resume stopped\n$/.exec(
    stdout,
  )?.[1];
  expect(Number(iteration)).toBe(Number(endOf('stopped').checkpoint));
  expect((await cli.run(['train', '--resume', 'stopped', '--episodes', '3'])).code).toBe(0);
  expect(endOf('stopped').metrics).toEqual(endOf(whole).metrics);
});

test('when the reader of a pipe has gone, it ends without a word, and can be gone on with', async () => {
  const child = cli.start(['train', ...TINY, '--steps', FEW, '--out', 'piped', '--json']);
  const end = ended(child);
  await line(child, 3);
  child.stdout.destroy();
  const { code, stderr } = await end;
  expect([code, stderr]).toEqual([141, '']);
  expect((await cli.run(['train', '--resume', 'piped', '--episodes', '3', '--json'])).code).toBe(0);
  expect(endOf('piped').metrics).toEqual(endOf(whole).metrics.slice(0, 20));
});
