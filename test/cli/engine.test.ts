/** Which engine a run has: chosen, written down, kept when it goes on. */
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { blasLibrary } from '@natgrad/autodiff';
import { beforeAll, expect, test } from 'vitest';
import { type Ended, natgrad, without } from './natgrad.js';

const cli = natgrad();
const path = (...parts: readonly string[]): string => join(cli.folder, ...parts);

const small = ['batchSize=64', 'environments=4', 'hidden=8', 'valueHidden=8', 'valueEpochs=1'].flatMap((setting) => [
  '--set',
  setting,
]);
const rest = ['--episodes', '2', '--json'];
const trained = (out: string, ...flags: readonly string[]): Promise<Ended> =>
  cli.run(['train', '--env', 'Pendulum-v1', ...small, '--steps', '128', ...rest, '--out', out, ...flags]);
const resumed = (out: string, ...flags: readonly string[]): Promise<Ended> =>
  cli.run(['train', '--resume', out, '--steps', '256', ...rest, ...flags]);

const NO_BLAS = { NATGRAD_BLAS: '/nowhere/libopenblas.so' };

interface RunFile {
  readonly options: { readonly engine: string; readonly deterministic: boolean };
  readonly versions: { readonly engine: string; readonly blas?: string };
}
const runOf = (out: string): RunFile => JSON.parse(readFileSync(path(out, 'run.json'), 'utf8')) as RunFile;
const recorded = (out: string): readonly unknown[] => {
  const { options, versions } = runOf(out);
  return [options.engine, options.deterministic, versions.engine];
};
/** The engine of each iteration. */
const enginesOf = (out: string): readonly string[] =>
  readFileSync(path(out, 'metrics.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { readonly engine: string }).engine);

beforeAll(async () => {
  expect((await trained('slow', '--engine', 'interpreter')).code).toBe(0);
}, 60_000);

const copy = (name: string): string => {
  cpSync(path('slow'), path(name), { recursive: true });
  return name;
};

test('the engine that runs is written down, also where it is the default', async () => {
  expect(recorded('slow')).toEqual(['interpreter', false, 'interpreter']);
  expect(enginesOf('slow')).toEqual(['interpreter', 'interpreter']);
  expect((await trained('default')).code).toBe(0);
  // The fastest there is: it depends on what the system has.
  const best = blasLibrary()._tag === 'Right' ? 'blas' : 'wasm';
  expect(recorded('default')).toEqual([best, false, best]);
  expect((await trained('same', '--deterministic')).code).toBe(0);
  expect(recorded('same')).toEqual(['wasm', true, 'wasm deterministic']);
  expect(enginesOf('same')).toEqual(['wasm deterministic', 'wasm deterministic']);
});

test('a run goes on with the engine that it began with, without a word', async () => {
  const { code, stderr } = await resumed(copy('kept'));
  expect([code, stderr]).toEqual([0, '']);
  expect(enginesOf('kept')).toEqual(Array(4).fill('interpreter'));
});

test('with another engine it says so, and remembers', async () => {
  const { code, stderr } = await resumed(copy('changed'), '--engine', 'wasm');
  expect(code).toBe(0);
  expect(stderr).toContain('(engine interpreter → wasm): bits may differ from here on');
  expect(enginesOf('changed')).toEqual(['interpreter', 'interpreter', 'wasm', 'wasm']);
  expect(recorded('changed')).toEqual(['wasm', false, 'interpreter']);
  const again = await cli.run(['train', '--resume', 'changed', '--steps', '320', ...rest]);
  expect(again.code).toBe(0);
  expect(enginesOf('changed').at(-1)).toBe('wasm');
});

test('an unknown engine is refused, and the run left alone', async () => {
  const before = readFileSync(path(copy('refused'), 'run.json'), 'utf8');
  const { code, stderr } = await resumed('refused', '--engine', 'gpu');
  expect(code).toBe(2);
  expect(stderr).toContain("engine: found 'gpu', expected one of 'default', 'wasm', 'blas', 'interpreter'");
  expect(readFileSync(path('refused', 'run.json'), 'utf8')).toBe(before);
  expect(enginesOf('refused')).toHaveLength(2);
});

test('a run from before there was a choice goes on with the interpreter', async () => {
  copy('old');
  const { options, ...description } = runOf('old') as RunFile & Readonly<Record<string, unknown>>;
  const { engine: _engine, deterministic: _deterministic, ...before } = options;
  writeFileSync(path('old', 'run.json'), JSON.stringify({ ...description, options: before }));
  expect(readdirSync(path('old', 'checkpoints')).length).toBeGreaterThan(0);
  const { code, stderr } = await resumed('old');
  expect([code, stderr]).toEqual([0, '']);
  expect(enginesOf('old')).toEqual(Array(4).fill('interpreter'));
});

test('the number of threads is no part of a run', async () => {
  copy('threads');
  const run = runOf('threads') as RunFile & Readonly<Record<string, unknown>>;
  writeFileSync(path('threads', 'run.json'), JSON.stringify({ ...run, options: { ...run.options, threads: 1 } }));
  const { code, stderr } = await resumed('threads');
  expect([code, stderr]).toEqual([0, '']);
  expect(runOf('threads').options).toMatchObject({ threads: 1 });
});

test('an evaluation takes any engine and changes nothing', async () => {
  const before = readFileSync(path('slow', 'run.json'), 'utf8');
  const ends = await Promise.all(
    [[], ['--engine', 'wasm'], ['--engine', 'interpreter', '--deterministic']].map((flags) =>
      cli.run(['eval', 'slow', ...rest, ...flags]),
    ),
  );
  // A small policy acts by plain loops: the same whatever the engine.
  expect(new Set(ends.map(({ stdout }) => stdout)).size).toBe(1);
  expect(ends.map(({ code }) => code)).toEqual([0, 0, 0]);
  expect(readFileSync(path('slow', 'run.json'), 'utf8')).toBe(before);
  expect((await cli.run(['eval', 'slow', '--engine', 'gpu'])).code).toBe(2);
});

test('a BLAS that is missing, or none, is named with its cure, and what goes without', async () => {
  for (const [library, reason] of [
    ['/nowhere/libopenblas.so', '/nowhere/libopenblas.so: '],
    // Linux: no shared library by its header; elsewhere by the loader's words.
    [process.execPath, process.execPath],
  ] as const) {
    const env = { NATGRAD_BLAS: library };
    const { code, stderr } = await cli.run(['train', '--env', 'CartPole-v1', '--engine', 'blas', '--out', 'none'], {
      env,
    });
    expect(code).toBe(2);
    expect(stderr).toContain(`no native BLAS: NATGRAD_BLAS: ${reason}`);
    expect(stderr).toContain("expected 'wasm', or NATGRAD_BLAS unset");
    expect(stderr).toContain('; --engine wasm runs here\n');
    expect(stderr).not.toContain('koffi');
  }
});

test('without koffi the cure is koffi', async () => {
  const args = ['train', '--env', 'CartPole-v1', '--engine', 'blas', '--out', 'none'];
  const { code, stderr } = await cli.run(args, { env: without('koffi') });
  expect([code, stderr.split('\n')[0]]).toEqual([
    2,
    expect.stringMatching(
      /koffi cannot be loaded: .*, expected 'wasm', or npm install koffi; --engine wasm runs here$/,
    ),
  ]);
});

test('without a BLAS a run does without, and says so in a line', async () => {
  const flags = [...small, '--steps', '128', '--episodes', '2'];
  const { code, stdout } = await cli.run(['train', '--env', 'Pendulum-v1', ...flags, '--out', 'without'], {
    env: NO_BLAS,
  });
  expect(code).toBe(0);
  expect(stdout).toContain('\nEngine: wasm (no native BLAS; natgrad doctor says why)\n');
  expect(recorded('without')).toEqual(['wasm', false, 'wasm']);
  const chosen = await cli.run(['train', '--env', 'Pendulum-v1', ...flags, '--engine', 'wasm', '--out', 'by-choice'], {
    env: NO_BLAS,
  });
  expect(chosen.stdout).toContain('\nEngine: wasm\n');
});

/** A copy of the slow run that says it began with a BLAS. */
const withBlas = (name: string, chosen: boolean): string => {
  copy(name);
  const run = runOf(name);
  const description = {
    ...run,
    options: { ...run.options, engine: 'blas' },
    versions: { ...run.versions, engine: 'blas', blas: 'libother.so, Other 1.0' },
    engineChosen: chosen,
  };
  writeFileSync(path(name, 'run.json'), JSON.stringify(description));
  return name;
};

const LINE = 'blas does not run here (see natgrad doctor): wasm goes on; bits may differ.\n';

test('a run that began with a BLAS by default goes on without it, and says so in one line', async () => {
  const folder = withBlas('lost', false);
  const { code, stderr } = await cli.run(['train', '--resume', folder, '--steps', '256', ...rest], { env: NO_BLAS });
  expect([code, stderr]).toEqual([0, LINE]);
  expect(recorded(folder)).toEqual(['wasm', false, 'blas']);
  expect(enginesOf(folder).at(-1)).toBe('wasm');
  const shown = await cli.run(['train', '--resume', withBlas('lost-shown', false), '--steps', '192'], { env: NO_BLAS });
  expect([shown.code, shown.stderr]).toEqual([0, '']);
  expect(shown.stdout.startsWith(LINE)).toBe(true);
  expect(shown.stdout).toContain('\nEngine: wasm\n');
});

test('with another mode than a BLAS has, a run that began with one by default goes on too', async () => {
  const folder = withBlas('exact', false);
  const { code, stderr } = await resumed(folder, '--deterministic');
  expect(code).toBe(0);
  expect(stderr).toBe(
    'Other versions than this run began with (engine blas → wasm deterministic): bits may differ from here on.\n',
  );
});

test('one for which the BLAS was chosen does not, until it is told to; its policy acts all the same', async () => {
  const folder = withBlas('chosen', true);
  const before = readFileSync(path(folder, 'run.json'), 'utf8');
  const refused = await cli.run(['train', '--resume', folder, '--steps', '256', ...rest], { env: NO_BLAS });
  expect(refused.code).toBe(2);
  expect(refused.stderr).toContain('no native BLAS');
  expect(refused.stderr).toContain('; --engine wasm runs here\n');
  for (const args of [
    ['eval', folder, ...rest],
    ['render', folder, '--out', 'chosen.svg', '--max-steps', '5'],
  ]) {
    const { code, stderr } = await cli.run(args, { env: NO_BLAS });
    expect([code, stderr]).toEqual([0, '']);
  }
  expect(readFileSync(path(folder, 'run.json'), 'utf8')).toBe(before);
  const told = await cli.run(['train', '--resume', folder, '--steps', '256', ...rest, '--engine', 'default'], {
    env: NO_BLAS,
  });
  expect(told.code).toBe(0);
  expect(runOf(folder)).not.toHaveProperty('engineChosen');
});

test('an engine that was asked for is written down as such', async () => {
  expect(runOf('slow')).toMatchObject({ engineChosen: true });
  expect((await resumed(copy('best'), '--engine', 'default')).code).toBe(0);
  expect(runOf('best')).not.toHaveProperty('engineChosen');
  expect((await trained('by-set', '--set', 'engine=wasm')).code).toBe(0);
  expect(runOf('by-set')).toMatchObject({ engineChosen: true });
});

const found = blasLibrary();
test.runIf(found._tag === 'Right')('a BLAS is named where a run and its evaluation are saved', async () => {
  const { library, version } = (found as Extract<typeof found, { _tag: 'Right' }>).right;
  const name = version === null ? library : `${library}, ${version}`;
  const { code, stdout } = await cli.run([
    'train',
    '--env',
    'Pendulum-v1',
    ...small,
    '--steps',
    '128',
    '--episodes',
    '2',
    '--out',
    'named',
  ]);
  expect(code).toBe(0);
  expect(stdout).toContain(`\nEngine: blas (${name})\n`);
  expect(runOf('named').versions).toMatchObject({ engine: 'blas', blas: name });
  const evaluation = JSON.parse(readFileSync(path('named', 'evaluation.json'), 'utf8')) as unknown;
  expect(evaluation).toMatchObject({ versions: { engine: 'blas', blas: name } });
  const { versions, ...run } = runOf('named');
  writeFileSync(path('named', 'run.json'), JSON.stringify({ ...run, versions: { ...versions, blas: 'libother.so' } }));
  const further = await resumed('named');
  expect([further.code, further.stderr]).toEqual([
    0,
    `Other versions than this run began with (blas libother.so → ${name}): bits may differ from here on.\n`,
  ]);
});
