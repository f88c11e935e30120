/** Ctrl-C and SIGTERM while an iteration computes for seconds without a pause. */
import { beforeAll, expect, test } from 'vitest';
import { type Ended, ended, natgrad, type Running } from './natgrad.js';
import { line, pause, runsIn } from './runs.js';

const cli = natgrad();
const { endOf, evaluationOf } = runsIn(cli.folder);

/** Two iterations of seconds each, most of it one call that fits the critic. */
const LONG = [
  ...['train', '--env', 'CartPole-v1', '--seed', '5', '--steps', '120000', '--episodes', '3'],
  ...['batchSize=60000', 'environments=4', 'valueEpochs=60'].flatMap((setting) => ['--set', setting]),
];
const STOPPING = 'Stopping after this iteration (Ctrl-C again: at once).\n';

beforeAll(async () => {
  const { code, stderr } = await cli.run([...LONG, '--workers', '0', '--out', 'whole', '--json']);
  expect([code, stderr]).toEqual([0, '']);
}, 120_000);

/** Milliseconds until a run says something on a stream; infinitely many if it never does. */
const said = (stream: Running['stdout']): Promise<number> => {
  const since = performance.now();
  return new Promise((resolve) => {
    stream.once('data', () => resolve(performance.now() - since));
    stream.once('close', () => resolve(Number.POSITIVE_INFINITY));
  });
};

/** A run in the middle of its second iteration, where the critic is fitted. */
const inSecondIteration = async (
  out: string,
  more: readonly string[],
): Promise<{ readonly child: Running; readonly end: Promise<Ended> }> => {
  const child = cli.start([...LONG, '--out', out, ...more]);
  const end = ended(child);
  await line(child, 1);
  await pause(1000);
  return { child, end };
};

const goesOnToTheBit = async (folder: string): Promise<void> => {
  const { code, stderr } = await cli.run(['train', '--resume', folder, '--episodes', '3', '--json']);
  expect([code, stderr]).toEqual([0, '']);
  expect(endOf(folder)).toEqual(endOf('whole'));
  expect(evaluationOf(folder)).toEqual(evaluationOf('whole'));
};

test.each([
  ['SIGINT', '0'],
  ['SIGTERM', '2'],
] as const)(
  'the first %s is answered at once, the second ends at once, with %s workers',
  async (signal, workers) => {
    const out = `twice-${workers}`;
    const { child, end } = await inSecondIteration(out, ['--workers', workers, '--json']);
    const answered = said(child.stderr);
    child.kill(signal);
    await pause(200);
    const since = performance.now();
    child.kill(signal);
    const { code, signal: by, stdout, stderr } = await end;
    expect(performance.now() - since).toBeLessThan(500);
    expect(await answered).toBeLessThan(500);
    expect([code, by, stderr]).toEqual([null, signal, STOPPING]);
    // Still in the second iteration: only the first was said to be over, and it is what is saved.
    expect([stdout.trimEnd().split('\n').length, endOf(out).metrics.length]).toEqual([1, 1]);
    await goesOnToTheBit(out);
  },
  120_000,
);

test.each([
  // While the critic is fitted.
  ['0', 1000],
  // While workers act, and leave the thread of training idle.
  ['2', 300],
] as const)(
  'training ends after the iteration of a press, which npm hands on a second time, with %s workers',
  async (workers, milliseconds) => {
    const out = `pressed-${workers}`;
    const child = cli.start([...LONG, '--workers', workers, '--out', out]);
    const end = ended(child);
    // The head of the table: the first iteration begins.
    await line(child, 4);
    await pause(milliseconds);
    child.kill('SIGINT');
    await pause(5);
    child.kill('SIGINT');
    const { code, stdout, stderr } = await end;
    expect([code, stderr]).toEqual([130, '']);
    expect(stdout.split(STOPPING)).toHaveLength(2);
    expect(stdout).toContain(`Saved iteration 1 in ${out}. Go on with:`);
    expect(endOf(out).metrics).toEqual(endOf('whole').metrics.slice(0, 1));
  },
  120_000,
);

test('a signal while the policy is judged begins no further iteration', async () => {
  // Episodes of 500 steps of a policy that is slow to ask: judging it takes longer than an iteration.
  const slow = ['batchSize=32', 'environments=4', 'hidden=256,256', 'valueHidden=4', 'valueEpochs=1'];
  const options = [...slow.flatMap((setting) => ['--set', setting]), '--engine', 'interpreter', '--workers', '0'];
  const child = cli.start(['train', '--env', 'Acrobot-v1', '--until-solved', ...options, '--out', 'judged', '--json']);
  const end = ended(child);
  await line(child, 1);
  await pause(50);
  child.kill('SIGINT');
  const { code, stderr } = await end;
  expect([code, stderr.startsWith(STOPPING)]).toEqual([130, true]);
  expect(endOf('judged').metrics).toHaveLength(1);
});
