/** What machines and people read. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Ended, ended, natgrad } from './natgrad.js';

const cli = natgrad();
const small = [
  '--set',
  'batchSize=64',
  '--set',
  'hidden=8',
  '--set',
  'valueEpochs=1',
  '--steps',
  '320',
  '--episodes',
  '5',
];

const objects = (text: string): readonly Record<string, unknown>[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('train --json', () => {
  let lines: readonly Record<string, unknown>[] = [];

  beforeAll(async () => {
    const { code, stdout, stderr } = await cli.run([
      'train',
      '--env',
      'CartPole-v1',
      '--seed',
      '3',
      ...small,
      '--out',
      'a',
      '--json',
    ]);
    expect([code, stderr]).toEqual([0, '']);
    lines = objects(stdout);
  });

  test('one line per iteration, with the report and seconds by part', () => {
    const iterations = lines.slice(0, -1);
    expect(iterations.map(({ type, iteration, totalSteps }) => [type, iteration, totalSteps])).toEqual(
      [1, 2, 3, 4, 5].map((i) => ['iteration', i, 64 * i]),
    );
    for (const { seconds, stepsPerSecond, elapsed, klShare } of iterations) {
      const { total, ...parts } = seconds as Record<string, number>;
      expect(Object.keys(parts).sort()).toEqual([
        'advantages',
        'conjugateGradient',
        'gradient',
        'lineSearch',
        'policyFit',
        'rollout',
        'valueFit',
      ]);
      const sum = Object.values(parts).reduce((a, b) => a + b, 0);
      // The parts do not overlap, and are less than the whole.
      expect(sum).toBeLessThanOrEqual(total ?? 0);
      expect(sum).toBeGreaterThan(0);
      expect([Number(stepsPerSecond) > 0, Number(elapsed) > 0, Number(klShare) <= 1]).toEqual([true, true, true]);
    }
  });

  test('the last one with the evaluation, which is also in the folder', () => {
    const last = lines.at(-1) ?? {};
    expect(last).toMatchObject({
      type: 'evaluation',
      environment: 'CartPole-v1',
      seed: 3,
      steps: 320,
      episodes: 5,
      threshold: 475,
      solved: false,
      folder: 'a',
    });
    expect([typeof last['mean'], typeof last['deviation'], typeof last['seconds']]).toEqual([
      'number',
      'number',
      'number',
    ]);
    expect(JSON.parse(readFileSync(join(cli.folder, 'a/evaluation.json'), 'utf8'))).toMatchObject(last);
  });

  test('eval gives the same numbers, and a part of them for fewer episodes', async () => {
    const [same, fewer, sampled] = await Promise.all([
      cli.run(['eval', 'a', '--episodes', '5', '--json']),
      cli.run(['eval', 'a', '--episodes', '1', '--json']),
      cli.run(['eval', 'a', '--episodes', '5', '--sampled', '--json']),
    ]);
    expect(objects(same.stdout)).toEqual(lines.slice(-1));
    const { returns } = JSON.parse(readFileSync(join(cli.folder, 'a/evaluation.json'), 'utf8')) as {
      returns: readonly number[];
    };
    expect(objects(fewer.stdout)[0]).toMatchObject({ mean: returns[0], deviation: 0, episodes: 1 });
    expect(objects(sampled.stdout)[0]).toMatchObject({ mode: 'sampled', episodes: 5 });
  });
});

describe('--algorithm', () => {
  test('ppo: a run of its own, shown, evaluated, plotted, and gone on with by the same algorithm', async () => {
    const begun = await cli.run(['train', '--env', 'CartPole-v1', '--algorithm', 'ppo', ...small]);
    expect([begun.code, begun.stderr]).toEqual([0, '']);
    expect(begun.stdout).toContain('Training CartPole-v1 by PPO, seed 0, 320 steps, in runs/cartpole-v1-ppo-seed-0');
    // No trust region: nothing in the column of KL/δ.
    expect(begun.stdout.split('\n').filter((line) => /^ +\d+ +\d+ +[\d.–]+ +– /.test(line))).toHaveLength(5);
    const folder = 'runs/cartpole-v1-ppo-seed-0';
    const plotted = await cli.run(['plot', folder, '--out', 'ppo.svg']);
    expect([plotted.code, plotted.stderr]).toEqual([0, '']);
    expect(readFileSync(join(cli.folder, 'ppo.svg'), 'utf8')).toContain('PPO, seed 0.');
    const resumed = await cli.run(['train', '--resume', folder, '--steps', '384', '--episodes', '2', '--json']);
    expect([resumed.code, resumed.stderr]).toEqual([0, '']);
    const [iteration, result] = objects(resumed.stdout);
    expect(iteration).toMatchObject({ algorithm: 'ppo', iteration: 6, klShare: null, lineSearch: null });
    expect(iteration?.['own']).toMatchObject({ epochs: 10, stoppedEarly: false });
    expect(result).toMatchObject({ algorithm: 'ppo', cost: null });
  });

  test('cpo: costs in the table and in the evaluation', async () => {
    const args = ['train', '--env', 'Detour-v0', '--algorithm', 'cpo', ...small, '--out', 'detour'];
    const { code, stdout, stderr } = await cli.run(args);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^ *iteration +steps +return +KL\/δ +entropy +cost +steps\/s/m);
    const { cost } = JSON.parse(readFileSync(join(cli.folder, 'detour/evaluation.json'), 'utf8')) as { cost: unknown };
    expect(cost).toBeGreaterThanOrEqual(0);
    expect((await cli.run(['eval', 'detour', '--episodes', '2'])).stdout).toMatch(/\ncost \d/);
  });
});

test('in a pipe: plain lines of at most 80 characters, and how to go on', async () => {
  const { code, stdout, stderr } = await cli.run(['train', '--env', 'Pendulum-v1', ...small, '--out', 'plain']);
  expect([code, stderr]).toEqual([0, '']);
  // No control character but the line break.
  expect(stdout).toMatch(/^[^\p{Cc}]*(\n[^\p{Cc}]*)*$/u);
  const lines = stdout.split('\n');
  for (const line of lines) expect(line.length, line).toBeLessThanOrEqual(80);
  expect(lines.filter((line) => /^ +\d+ +\d+ /.test(line))).toHaveLength(5);
  for (const word of [
    'Pendulum-v1 is trained',
    'Learnt: ',
    'Saved:   plain',
    'npx natgrad plot plain',
    'npx natgrad render plain',
  ])
    expect(stdout).toContain(word);
});

test('who acts is said when it changes, and is no part of the run', async () => {
  const by = (workers: string, ...args: readonly string[]): Promise<Ended> =>
    cli.run(['train', ...args, '--workers', workers]);
  const { code, stdout } = await by('2', '--env', 'Pendulum-v1', ...small, '--out', 'shared');
  expect([code, stdout.split('\n').filter((line) => line.includes('rollouts'))]).toEqual([
    0,
    ['  rollouts by 2 workers'],
  ]);
  const further = await by('0', '--resume', 'shared', '--steps', '384', '--episodes', '5');
  expect([further.code, further.stdout.includes('rollouts')]).toEqual([0, false]);
  const lines = objects(readFileSync(join(cli.folder, 'shared/metrics.jsonl'), 'utf8'));
  expect(lines.map(({ workers }) => workers)).toEqual([2, 2, 2, 2, 2, 0]);
  expect(readFileSync(join(cli.folder, 'shared/run.json'), 'utf8')).not.toContain('workers');
  const wrong = await by('-1', '--env', 'Pendulum-v1', '--out', 'wrong');
  expect([wrong.code, wrong.stderr.split('\n')[0]]).toEqual([
    2,
    'natgrad: --workers takes a whole number ≥ 0, found "-1"',
  ]);
  expect(existsSync(join(cli.folder, 'wrong'))).toBe(false);
});

test('--until-solved: 0 only if solved', async () => {
  const args = ['train', '--env', 'CartPole-v1', ...small, '--until-solved'];
  expect((await cli.run([...args, '--out', 'unsolved', '--json'])).code).toBe(1);
  const { code, stdout } = await cli.run([
    'train',
    '--env',
    'CartPole-v1',
    '--until-solved',
    '--seed',
    '1',
    '--out',
    'solved',
    '--json',
  ]);
  const last = objects(stdout).at(-1) ?? {};
  expect([code, last['solved']]).toEqual([0, true]);
  expect(Number(last['mean'])).toBeGreaterThanOrEqual(475);
  expect(Number(last['steps'])).toBeLessThan(100_000);
}, 120_000);

test('a resumed run is not told to make fewer steps than it has made, and is left alone', async () => {
  const before = readFileSync(join(cli.folder, 'a/run.json'), 'utf8');
  for (const steps of ['64', '320']) {
    const { code, stdout, stderr } = await cli.run(['train', '--resume', 'a', '--steps', steps]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(`--steps ${steps}: this run has made 320 already`);
  }
  expect(readFileSync(join(cli.folder, 'a/run.json'), 'utf8')).toBe(before);
});

test('the evaluation at the end says that it goes on, and Ctrl-C stops it with a word on how to go on', async () => {
  const args = ['train', '--env', 'CartPole-v1', ...small.slice(0, -2), '--out', 'judged'];
  const child = cli.start([...args, '--episodes', '100000']);
  const end = ended(child);
  let shown = '';
  child.stdout.on('data', (chunk: Buffer) => {
    if (shown.includes('Evaluating')) return;
    shown += String(chunk);
    if (shown.includes('Evaluating')) setTimeout(() => child.kill('SIGINT'), 300);
  });
  const { code, stdout, stderr } = await end;
  expect([code, stderr]).toEqual([130, '']);
  expect(stdout).toContain('\nEvaluating the policy in 100,000 episodes.\n');
  expect(
    stdout.endsWith(
      'iteration 5 is saved in judged. Evaluate with:\n  npx natgrad train --resume judged --episodes 100000\n',
    ),
  ).toBe(true);
  expect(existsSync(join(cli.folder, 'judged/evaluation.json'))).toBe(false);
  const further = await cli.run(['train', '--resume', 'judged', '--episodes', '5']);
  expect([further.code, further.stdout.split('\n').filter((line) => line.includes('Evaluating'))]).toEqual([
    0,
    ['Evaluating the policy in 5 episodes.'],
  ]);
  expect(existsSync(join(cli.folder, 'judged/evaluation.json'))).toBe(true);
});

test('Ctrl-C stops `eval` with a word, and without a result', async () => {
  const child = cli.start(['eval', 'a', '--episodes', '100000']);
  const end = ended(child);
  child.stdout.once('data', () => setTimeout(() => child.kill('SIGINT'), 300));
  expect(await end).toEqual({
    code: 130,
    signal: null,
    stdout: 'Evaluating the policy in 100,000 episodes.\n',
    stderr: 'Stopped before the evaluation was over.\n',
  });
});

describe('plot', () => {
  test('draws a run for light and dark', async () => {
    const { code, stderr } = await cli.run(['plot', 'a', '--out', 'curve.svg']);
    expect([code, stderr]).toEqual([0, '']);
    const svg = readFileSync(join(cli.folder, 'curve.svg'), 'utf8');
    expect(svg).toMatch(/^<svg [^>]*><style>/);
    expect(svg).toContain('@media (prefers-color-scheme:dark)');
    expect(svg).toContain('CartPole-v1');
    expect(svg).not.toMatch(/NaN|undefined|<script|href="http/);
  });

  test('says so where it cannot write', async () => {
    const { code, stderr } = await cli.run(['plot', 'a', '--out', 'no/such/folder.svg']);
    expect(code).toBe(1);
    expect(stderr).toBe('natgrad: no/such/folder.svg: it cannot be written, there is no folder no/such (ENOENT)\n');
    const rendered = await cli.run(['render', 'a', '--out', 'nodir/x.html', '--max-steps', '2']);
    expect([rendered.code, rendered.stderr]).toEqual([
      1,
      'natgrad: nodir/x.html: it cannot be written, there is no folder nodir (ENOENT)\n',
    ]);
  });
});

describe('envs', () => {
  test('lists what there is, for people and machines', async () => {
    const [text, json] = await Promise.all([cli.run(['envs']), cli.run(['envs', '--json'])]);
    const ids = objects(json.stdout).map(({ id }) => String(id));
    expect(ids).toContain('CartPole-v1');
    for (const id of ids) expect(text.stdout).toContain(id);
    // Unbounded elements of spaces survive as strings.
    expect(json.stdout).toContain('"Infinity"');
  });

  const golden = (name: string): string => fileURLToPath(new URL(`../fixtures/golden/${name}.json`, import.meta.url));

  test('replay: 0 for trajectories that agree', async () => {
    const { code, stdout } = await cli.run(['envs', 'replay', golden('CartPole'), golden('Pendulum')]);
    expect(code).toBe(0);
    expect(stdout).toContain('agrees');
    expect(stdout).not.toContain('DIFFERS');
  });

  test('replay: 2 for physics that were recorded from another version', async () => {
    const file = JSON.parse(readFileSync(golden('HalfCheetah'), 'utf8')) as Readonly<Record<string, unknown>>;
    for (const [name, value, here] of [
      ['frame_skip', 4, 5],
      ['dt', 0.04, 0.05],
      ['nu', 7, 6],
      ['max_episode_steps', 999, 1000],
    ] as const) {
      writeFileSync(join(cli.folder, 'other.json'), JSON.stringify({ ...file, [name]: value }));
      const { code, stdout, stderr } = await cli.run(['envs', 'replay', 'other.json']);
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toContain(`${name}: the file was recorded with ${value}, but HalfCheetah-v5 has ${here}`);
    }
    expect((await cli.run(['envs', 'replay', golden('HalfCheetah')])).code).toBe(0);
  });

  test('replay: 1 beyond tolerance, with the largest deviations, infinite ones too', async () => {
    const file = JSON.parse(readFileSync(golden('CartPole'), 'utf8')) as {
      trajectories: { name: string; state: number[][]; obs: number[][]; reward: number[]; terminated: boolean[] }[];
    };
    const first = file.trajectories[0];
    if (first === undefined) throw new Error('the fixture has no trajectory');
    first.reward[1] = (first.reward[1] ?? 0) + 0.25;
    first.obs[2] = (first.obs[2] ?? []).slice(1);
    first.terminated[0] = !first.terminated[0];
    writeFileSync(join(cli.folder, 'off.json'), JSON.stringify(file));
    const [text, json] = await Promise.all([
      cli.run(['envs', 'replay', 'off.json']),
      cli.run(['envs', 'replay', 'off.json', '--json']),
    ]);
    expect([text.code, json.code]).toEqual([1, 1]);
    expect(text.stdout).toMatch(/infinite +2\.5e-1 +1 +DIFFERS/);
    const [replayed] = objects(json.stdout);
    expect(replayed).toMatchObject({ file: 'off.json', environment: 'CartPole-v1', matches: false });
    expect((replayed?.['trajectories'] as readonly unknown[])[0]).toMatchObject({
      name: first.name,
      reward: { largest: 0.25, step: 1 },
      observation: { largest: 'Infinity', step: 2 },
      terminationMismatches: [0],
      matches: false,
    });
  });

  test.for([
    ['missing.json', null, 'it cannot be read (ENOENT)'],
    ['broken.json', '{', 'no JSON'],
    ['unknown.json', '{"env":"CartPoel-v1","trajectories":[]}', 'did you mean CartPole-v1'],
    ['empty.json', '{"env":"CartPole-v1","trajectories":[]}', 'trajectories: there are none, nothing to compare'],
    ['control.json', '\u001b[2J{', 'no JSON'],
    [
      'number.json',
      '{"env":"CartPole-v1","obs_size":"4","trajectories":[]}',
      'obs_size is the string 4, expected a finite number',
    ],
    [
      'size.json',
      '{"env":"CartPole-v1","obs_size":5,"trajectories":[]}',
      'obs_size: the file was recorded with 5, but CartPole-v1 has 4',
    ],
    ['wrong.json', '{"env":"CartPole-v1","trajectories":[{}]}', 'trajectories[0].name'],
  ] as const)('replay: 2 for %s', async ([name, content, message]) => {
    if (content !== null) writeFileSync(join(cli.folder, name), content);
    const { code, stdout, stderr } = await cli.run(['envs', 'replay', golden('CartPole'), name]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(`${name}: `);
    expect(stderr).toContain(message);
    expect(stderr).not.toMatch(/\n +at /);
    expect(stderr).not.toContain('\u001b');
  });
});
