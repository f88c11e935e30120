/** What the command line says about itself, and about mistakes. */

import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defaultConfig, presets } from '@natgrad/rl-trpo';
import { describe, expect, test } from 'vitest';
import { natgrad, without } from './natgrad.js';

const cli = natgrad();

describe('help', () => {
  test.for([
    [],
    ['train'],
    ['eval'],
    ['plot'],
    ['render'],
    ['envs'],
    ['envs', 'replay'],
    ['options'],
    ['explain'],
    ['doctor'],
  ])('%j fits a screen of 80 × 24', async (words) => {
    const { code, stdout, stderr } = await cli.run([...words, '--help']);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^Usage: natgrad /);
    const lines = stdout.trimEnd().split('\n');
    expect(lines.length).toBeLessThanOrEqual(24);
    for (const line of lines) expect(line.length, line).toBeLessThanOrEqual(80);
  });

  test('help, -h and --help are one; --version is a number', async () => {
    const [help, short, long, version] = await Promise.all(
      [['help'], ['-h'], ['--help'], ['--version']].map((args) => cli.run(args)),
    );
    expect(help?.stdout).toBe(long?.stdout);
    expect(short?.stdout).toBe(long?.stdout);
    expect(version?.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  test('train names every engine that it takes', async () => {
    const { stdout } = await cli.run(['train', '--help']);
    const line = stdout.split('\n').find((each) => each.includes('--engine')) ?? '';
    for (const name of ['default', 'blas', 'wasm', 'interpreter']) expect(line).toContain(name);
  });

  test('no environment, options or presets are wider than a screen', async () => {
    const [envs, options] = await Promise.all([cli.run(['envs']), cli.run(['options', '--env', 'CartPole-v1'])]);
    expect([envs.code, options.code]).toEqual([0, 0]);
    for (const line of `${envs.stdout}${options.stdout}`.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
    expect(options.stdout).toContain('  env.maxEpisodeSteps = 500');
    expect(options.stdout).toContain('\n  textbook\n');
    expect(envs.stdout).toMatch(/\nall: maxEpisodeSteps\n/);
    expect(envs.stdout).toMatch(/\nCartPole-v1: suttonBartoReward\n/);
    expect(envs.stdout.replace(/\s+/g, ' ')).toMatch(/Hopper-v5: forwardRewardWeight, .*healthyZRange, /);
  });
});

test('doctor says what there is and what would help, and finds nothing to fail at', async () => {
  const env = { ...process.env, NATGRAD_BLAS: '/nowhere/libblas.so' };
  const [shown, lines] = await Promise.all([cli.run(['doctor'], { env }), cli.run(['doctor', '--json'], { env })]);
  expect([shown.code, shown.stderr, lines.code]).toEqual([0, '', 0]);
  for (const line of shown.stdout.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
  const findings = lines.stdout
    .trimEnd()
    .split('\n')
    .map(
      (line) => JSON.parse(line) as { readonly what: string; readonly found: string; readonly advice: string | null },
    );
  const of = (what: string): (typeof findings)[number] | undefined => findings.find((each) => each.what === what);
  expect(findings.map(({ what }) => what)).toEqual([
    'Node.js',
    'vector instructions',
    'multiply-add',
    'cores',
    'threads',
    'native BLAS',
    'MuJoCo',
    'memory',
  ]);
  expect(of('Node.js')?.found).toContain(process.versions.node);
  expect(of('native BLAS')?.found).toContain('NATGRAD_BLAS: /nowhere/libblas.so');
  expect(of('native BLAS')?.advice).toContain('NATGRAD_BLAS unset');
  expect(of('MuJoCo')?.found).toBe('3.14.0');
  for (const { what, advice } of findings) if (advice !== null) expect(shown.stdout).toContain(`– ${what}`);
});

const train = (...args: readonly string[]): readonly string[] => ['train', '--env', 'CartPole-v1', ...args];

describe.concurrent('mistakes end with code 2, say what is meant, and make nothing', () => {
  test.for([
    [['tarin'], 'there is no command "tarin"; did you mean train?'],
    [['evaluate', 'a'], 'there is no command "evaluate"; did you mean eval?'],
    [['train', '--env', 'cheetah'], 'did you mean HalfCheetah-v5'],
    [['train', '--env', 'double'], 'did you mean InvertedDoublePendulum-v5'],
    [['--versoin'], 'there is no flag "--versoin" without a command; did you mean --version?'],
    [[], 'what is to be done?'],
    [['train'], 'train needs --env ID or --resume DIR'],
    [train('--sed', '3'), 'there is no flag "--sed"; did you mean --seed?'],
    [train('-s', '3'), 'there is no flag "-s"'],
    [train('--json=yes'), '--json takes no value, found "yes"'],
    [train('--seed'), '--seed needs a value: --seed N'],
    [train('--seed', '--json'), '--seed needs a value: --seed N'],
    [train('--seed='), '--seed needs a value: --seed N'],
    [train('--seed', '-1'), '--seed takes a whole number ≥ 0, found "-1"'],
    [train('--seed', '1e3'), '--seed takes a whole number ≥ 0, found "1e3"'],
    [train('--steps', '0'), '--steps takes a whole number ≥ 1, found "0"'],
    [train('--seed', '1', '--seed', '2'), '--seed is given twice'],
    [train('extra'), 'unexpected argument "extra"'],
    [['explain', '--program', '9', '--rows', '8'], '--program takes a number from 1 to 7, found "9"'],
    [['explain', '--rows', '0'], '--rows takes a whole number ≥ 1, found "0"'],
    [['train', '--env', 'CartPoel-v1'], 'there is no environment "CartPoel-v1"; did you mean CartPole-v1'],
    [train('--algorithm', 'pppo'), "algorithm: found 'pppo', expected one of trpo, natural-policy-gradient"],
    [train('--algorithm', 'kl-penalized'), "did you mean 'kl-penalised'?"],
    [
      train('--algorithm', 'cpo'),
      "algorithm: found 'cpo' in CartPole-v1, which reports no costs, expected an environment that reports costs",
    ],
    [['train', '--resume', 'nowhere', '--algorithm', 'ppo'], '--algorithm is fixed when a run begins'],
    [train('--preset', 'textbok'), "did you mean 'textbook'?"],
    [train('--set', 'gama=0.9'), 'gama: found an unknown option, expected the name of an option; did you mean gamma?'],
    [train('--set', 'gamma'), '--set takes KEY=VALUE, found "gamma"'],
    [train('--set', 'gamma=2'), 'gamma: found 2, expected a number in [0, 1]'],
    [train('--set', 'gamma=x'), "gamma: found 'x', expected a number in [0, 1]"],
    [train('--set', 'gamma='), "gamma: found '', expected a number in [0, 1]"],
    [train('--set', 'activation=tahn'), "did you mean 'tanh'?"],
    [
      train('--engine', 'wsam'),
      "engine: found 'wsam', expected one of 'default', 'wasm', 'blas', 'interpreter'; did you mean 'wasm'?",
    ],
    [train('--set', 'engine=gpu'), "engine: found 'gpu', expected one of"],
    [train('--set', 'hidden=64,,64'), 'hidden: found'],
    [train('--distribution', 'fulGaussian'), "did you mean 'fullGaussian'?"],
    [train('--distribution', 'squashedGaussian'), "distribution: found 'squashedGaussian' for discrete actions"],
    [train('--distribution', 'categorical', '--set', 'distribution=bernoulli'), '--set "distribution" is given twice'],
    [train('--set', 'scaleRewards=yes'), "scaleRewards: found 'yes', expected true or false"],
    [train('--set', 'gamma=0.9', '--set', 'gamma=0.8'), '--set "gamma" is given twice'],
    [train('--set', 'env.maxEpisodeStep=9'), 'unknown option maxEpisodeStep: did you mean maxEpisodeSteps?'],
    [
      train('--set', 'env.maxEpisodeStep=9'),
      'unknown option maxEpisodeStep: did you mean maxEpisodeSteps? It is one of suttonBartoReward, maxEpisodeSteps',
    ],
    [train('--set', 'env.maxEpisodeSteps'), '--set takes KEY=VALUE, found "env.maxEpisodeSteps"'],
    [
      train('--set', 'env.maxEpisodeSteps=0'),
      'maxEpisodeSteps is the number 0, expected a whole number in [1, 1000000000]',
    ],
    [
      train('--set', 'env.maxEpisodeSteps=9', '--set', 'env.maxEpisodeSteps=8'),
      '--set "env.maxEpisodeSteps" is given twice',
    ],
    [
      ['train', '--env', 'HalfCheetah-v5', '--set', 'env.resetNoiseScale=-1'],
      'resetNoiseScale is the number -1, expected a number in [0, 1000]',
    ],
    [
      ['train', '--env', 'HalfCheetah-v5', '--set', 'resetNoiseScale=-1'],
      'resetNoiseScale is an option of the environment: --set env.resetNoiseScale=-1',
    ],
    [['train', '--env', 'Pendulum-v1', '--until-solved'], 'nobody has agreed when Pendulum-v1 is solved'],
    [['train', '--resume', 'nowhere'], 'there is no such file or folder (ENOENT); name the folder of a run'],
    [['train', '--resume', 'nowhere', '--seed', '3'], '--seed is fixed when a run begins'],
    [['eval'], 'eval needs DIR'],
    [['eval', 'a', 'b'], 'unexpected argument "b"'],
    [['eval', 'nowhere'], 'there is no such file or folder (ENOENT)'],
    [['plot', 'nowhere'], 'plot needs --out FILE'],
    [['envs', 'replay'], 'envs replay needs FILE…'],
    [['envs', 'repaly'], 'unexpected argument "repaly"'],
    [['options', '--env', 'Pendulum'], 'did you mean Pendulum-v1'],
  ] as const)('%j', async ([args, message], { expect }) => {
    const { code, stdout, stderr } = await cli.run(args);
    expect(stderr).toContain(message);
    expect(stderr).not.toMatch(/\n {4}at /);
    expect([code, stdout]).toEqual([2, '']);
  });

  test('all that is wrong with the options is said at once', async ({ expect }) => {
    const { stderr } = await cli.run(train('--set', 'gama=1', '--set', 'delta=-1', '--set', 'env.gravity=x'));
    for (const name of ['gama', 'delta', 'gravity']) expect(stderr).toContain(name);
  });

  test('text from outside cannot drive the terminal', async ({ expect }) => {
    const { stderr } = await cli.run(['train', '--env', '\u001b[2J', '--set', '\u001b]0;x=1']);
    expect(stderr).not.toContain('\u001b');
  });
});

test('nothing was made by all of these', () => expect(readdirSync(cli.folder)).toEqual([]));

test('a distribution of actions is chosen, trained and evaluated', async () => {
  const set = ['--set', 'batchSize=64', '--set', 'hidden=4', '--steps', '64', '--episodes', '1'];
  const args = ['train', '--env', 'Pendulum-v1', '--distribution', 'squashedGaussian', '--out', 'squashed', ...set];
  const trained = await cli.run([...args, '--json']);
  expect([trained.code, trained.stderr]).toEqual([0, '']);
  const evaluated = await cli.run(['eval', 'squashed', '--episodes', '1', '--json']);
  expect((JSON.parse(evaluated.stdout) as { readonly environment: string }).environment).toBe('Pendulum-v1');
  const { default: run } = (await import(/* @vite-ignore */ join(cli.folder, 'squashed/run.json'), {
    with: { type: 'json' },
  })) as { readonly default: { readonly options: unknown } };
  expect(run.options).toMatchObject({ distribution: 'squashedGaussian' });
});

test('options reach the run, resolved and under their own kinds', async () => {
  const sets = ['hidden=16,8', 'valueMinibatch=null', 'scaleRewards=true', 'dtype=f32', 'env.maxEpisodeSteps=20'];
  const args = [
    ...sets.flatMap((set) => ['--set', set]),
    '--steps',
    '64',
    '--set',
    'batchSize=64',
    '--out',
    'set',
    '--json',
    '--episodes',
    '2',
  ];
  const { code, stdout } = await cli.run(train(...args));
  expect(code).toBe(0);
  expect(stdout.trimEnd().split('\n')).toHaveLength(2);
  const { default: run } = (await import(/* @vite-ignore */ join(cli.folder, 'set/run.json'), {
    with: { type: 'json' },
  })) as {
    readonly default: { readonly environment: unknown; readonly options: unknown };
  };
  expect(run.environment).toEqual({ id: 'CartPole-v1', options: { maxEpisodeSteps: 20 } });
  expect(run.options).toMatchObject({
    hidden: [16, 8],
    valueMinibatch: null,
    scaleRewards: true,
    dtype: 'f32',
    gamma: presets['CartPole-v1']?.options.gamma ?? defaultConfig.gamma,
    delta: presets['CartPole-v1']?.options.delta,
  });
});

test('options of an environment are saved with the run, and its evaluation and pictures are of that environment', async () => {
  const small = ['batchSize=64', 'environments=2', 'hidden=4'].flatMap((each) => ['--set', each]);
  const given = ['maxEpisodeSteps=7', 'healthyZRange=0.8,Infinity'].flatMap((each) => ['--set', `env.${each}`]);
  const args = ['train', '--env', 'Hopper-v5', ...small, '--steps', '64', '--episodes', '2', '--json'];
  const trained = await cli.run([...args, ...given, '--out', 'short']);
  expect([trained.code, trained.stderr]).toEqual([0, '']);
  const lengths = (): readonly number[] =>
    (JSON.parse(readFileSync(join(cli.folder, 'short/evaluation.json'), 'utf8')) as { lengths: readonly number[] })
      .lengths;
  for (const length of lengths()) expect(length).toBeLessThanOrEqual(7);
  const further = await cli.run(['train', '--resume', 'short', '--steps', '128', '--episodes', '3', '--json']);
  expect([further.code, further.stderr, lengths().length]).toEqual([0, '', 3]);
  for (const length of lengths()) expect(length).toBeLessThanOrEqual(7);
  const evaluated = await cli.run(['eval', 'short', '--episodes', '3', '--json']);
  const means = [further.stdout.trimEnd().split('\n').at(-1) ?? '', evaluated.stdout].map(
    (line) => (JSON.parse(line) as { readonly mean: number }).mean,
  );
  expect(means[0]).toBe(means[1]);
  const rendered = await cli.run(['render', 'short', '--out', 'short.svg']);
  expect([rendered.code, rendered.stderr]).toEqual([0, '']);
  expect(Number(/ in (\d+) steps/.exec(rendered.stdout)?.[1])).toBeLessThanOrEqual(7);
});

const PROGRAM = fileURLToPath(new URL('../../apps/cli/bin/natgrad.mjs', import.meta.url));

test('without MuJoCo one line says so, and what to install', () => {
  const env = without('@mujoco/mujoco');
  for (const args of [
    ['eval', 'short'],
    ['render', 'short', '--out', 'none.svg'],
    ['train', '--resume', 'short', '--steps', '999'],
    ['train', '--env', 'Hopper-v5', '--out', 'none'],
  ]) {
    // The built program, not the bundle: there errors know which file of the command line was the caller.
    const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, ...args], {
      cwd: cli.folder,
      encoding: 'utf8',
      env: { ...process.env, ...env },
    });
    const [line, ...rest] = stderr.split('\n');
    expect([status, stdout]).toEqual([2, '']);
    expect(line).toMatch(/cannot be loaded: it is not installed; npm install @mujoco\/mujoco@[\d.]+$/);
    expect(rest.join('\n')).toBe('`natgrad --help`, or --help after a command, shows what there is.\n');
  }
});

test('a folder that holds a run already is refused', async () => {
  mkdirSync(join(cli.folder, 'taken'));
  writeFileSync(join(cli.folder, 'taken/run.json'), '{}');
  const { code, stderr } = await cli.run(train('--out', 'taken'));
  expect([code, stderr]).toEqual([
    1,
    'natgrad: taken: there is a run in this folder; resume that one, or choose another folder\n',
  ]);
});
