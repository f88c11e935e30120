/** Which engine a run has: chosen, written down, kept when it goes on. */
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { blasLibrary } from '@natgrad/autodiff';
import { beforeAll, expect, test } from 'vitest';
import { type Ended, natgrad } from './natgrad.js';

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

interface RunFile {
  readonly options: { readonly engine: string; readonly deterministic: boolean };
  readonly versions: { readonly engine: string };
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

test('a BLAS that is missing, or none, is named with its cure', async () => {
  for (const [library, reason] of [
    ['/nowhere/libopenblas.so', '/nowhere/libopenblas.so: '],
    [process.execPath, `${process.execPath}: `],
  ] as const) {
    const env = { ...process.env, NATGRAD_BLAS: library };
    const { code, stderr } = await cli.run(['train', '--env', 'CartPole-v1', '--engine', 'blas', '--out', 'none'], {
      env,
    });
    expect(code).toBe(2);
    expect(stderr).toContain(`no native BLAS: ${reason}`);
    expect(stderr).toContain('apt-get install libopenblas0');
  }
});

test('without a BLAS a run does without, and says so in a line; a run that began with one does not go on unnoticed', async () => {
  const env = { ...process.env, NATGRAD_BLAS: '/nowhere/libopenblas.so' };
  const flags = [...small, '--steps', '128', '--episodes', '2'];
  const { code, stdout } = await cli.run(['train', '--env', 'Pendulum-v1', ...flags, '--out', 'without'], { env });
  expect(code).toBe(0);
  expect(stdout).toContain('\nEngine: wasm (no native BLAS; natgrad doctor says why)\n');
  expect(recorded('without')).toEqual(['wasm', false, 'wasm']);
  const chosen = await cli.run(['train', '--env', 'Pendulum-v1', ...flags, '--engine', 'wasm', '--out', 'by-choice'], {
    env,
  });
  expect(chosen.stdout).toContain('\nEngine: wasm\n');
  const run = JSON.parse(readFileSync(path('without', 'run.json'), 'utf8')) as RunFile;
  const began = { ...run, options: { ...run.options, engine: 'blas' }, versions: { ...run.versions, engine: 'blas' } };
  writeFileSync(path('without', 'run.json'), JSON.stringify(began));
  const resumedWithout = await cli.run(['train', '--resume', 'without', '--steps', '256'], { env });
  expect(resumedWithout.code).toBe(2);
  expect(resumedWithout.stderr).toContain('no native BLAS');
  expect(resumedWithout.stderr).toContain('--engine');
});
