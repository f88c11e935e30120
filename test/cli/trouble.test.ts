/** Folders of runs that somebody or something has damaged, and disks that refuse. */
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Ended, natgrad } from './natgrad.js';

const cli = natgrad();
const small = [
  '--set',
  'gamma=0.97',
  '--set',
  'batchSize=64',
  '--set',
  'hidden=8',
  '--set',
  'valueEpochs=1',
  '--steps',
  '192',
  '--episodes',
  '2',
  '--json',
];
const path = (...parts: readonly string[]): string => join(cli.folder, ...parts);

beforeAll(async () => {
  for (const [env, out] of [
    ['CartPole-v1', 'good'],
    ['Pendulum-v1', 'pendulum'],
  ] as const)
    expect((await cli.run(['train', '--env', env, ...small, '--out', out])).code).toBe(0);
}, 60_000);

/** A copy of the good run, damaged, and what resuming it says. */
const resumed = async (
  name: string,
  damage: (newest: string, folder: string) => void,
  from = 'good',
): Promise<Ended> => {
  cpSync(path(from), path(name), { recursive: true });
  const newest = readdirSync(path(name, 'checkpoints')).sort().at(-1) ?? '';
  damage(path(name, 'checkpoints', newest), path(name));
  return cli.run(['train', '--resume', name, '--steps', '256', '--episodes', '2', '--json']);
};

const edited = (file: string, edit: (text: string) => string): void =>
  writeFileSync(file, edit(readFileSync(file, 'utf8')));

const refused = ({ code, stdout, stderr }: Ended, ...words: readonly string[]): void => {
  for (const word of words) expect(stderr).toContain(word);
  expect(stderr).not.toMatch(/\n {4}at /);
  expect([code === 1 || code === 2, stdout]).toEqual([true, '']);
};

describe('checkpoints', () => {
  test('altered: one bit of the tensors', async () => {
    const end = await resumed('bit', (newest) => {
      const bytes = readFileSync(join(newest, 'tensors.safetensors'));
      const at = bytes.length - 5;
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      writeFileSync(join(newest, 'tensors.safetensors'), bytes);
    });
    refused(end, 'do not belong together', 'remove this folder to go back to the checkpoint before it');
  });

  test('altered, and gone back from as the message says', async () => {
    const end = await resumed('back', (newest) => rmSync(newest, { recursive: true }));
    expect(end.code).toBe(0);
    const before = Number(readdirSync(path('good/checkpoints')).sort().at(-2));
    const [first] = end.stdout.split('\n');
    expect(JSON.parse(first ?? '')).toMatchObject({ iteration: before + 1 });
  });

  test('truncated', async () => {
    const end = await resumed('cut', (newest) => {
      const file = join(newest, 'state.json');
      writeFileSync(file, readFileSync(file).subarray(0, 100));
    });
    refused(end, 'do not belong together');
  });

  test('incomplete', async () => {
    refused(
      await resumed('gone', (newest) => rmSync(join(newest, 'tensors.safetensors'))),
      'tensors.safetensors: there is no such file',
    );
  });

  test('of another environment', async () => {
    const end = await resumed('foreign', (newest, folder) => {
      rmSync(newest, { recursive: true });
      cpSync(path('pendulum/checkpoints', '000000003'), join(folder, 'checkpoints/000000003'), { recursive: true });
    });
    refused(end, 'a checkpoint of environment "Pendulum-v1"', 'this run is of environment "CartPole-v1"');
  });

  test('of a run whose options were changed', async () => {
    const end = await resumed('changed', (_, folder) =>
      edited(join(folder, 'run.json'), (text) => text.replace('"gamma": 0.97', '"gamma": 0.9')),
    );
    refused(end, 'a checkpoint of gamma 0.97', 'this run is of gamma 0.9');
  });
});

describe('run.json', () => {
  test('of a newer version', async () => {
    const end = await resumed('newer', (_, folder) =>
      edited(join(folder, 'run.json'), (text) =>
        text.replace('"format": 1', '"format": 2').replace(/"natgrad": "[^"]*"/, '"natgrad": "9.0.0"'),
      ),
    );
    refused(end, 'format 2, written by natgrad 9.0.0', 'this version reads formats up to 1: update natgrad');
  });

  test.for([
    ['no JSON', '{', 'no JSON'],
    ['no run', '[]', 'no format number'],
    ['no environment', '{"format":1}', 'environment'],
    [
      'unknown options',
      '{"format":1,"environment":{"id":"CartPole-v1","options":{}},"seed":0,"steps":1,"preset":null,"versions":{},"options":{"gama":1}}',
      'did you mean gamma?',
    ],
    [
      'an unknown environment',
      '{"format":1,"environment":{"id":"CartPoel-v1","options":{}},"seed":0,"steps":1,"preset":null,"versions":{},"options":{}}',
      'did you mean CartPole-v1',
    ],
  ] as const)('%s', async ([name, content, message]) => {
    mkdirSync(path(name));
    writeFileSync(path(name, 'run.json'), content);
    refused(await cli.run(['train', '--resume', name]), message);
  });
});

describe('metrics.jsonl', () => {
  test('a truncated last line is what a crash leaves: it is made again', async () => {
    const end = await resumed('torn', (_, folder) =>
      edited(join(folder, 'metrics.jsonl'), (text) => `${text}{"iteration":4,"ste`),
    );
    expect([end.code, end.stderr]).toEqual([0, '']);
    expect(readFileSync(path('torn/metrics.jsonl'), 'utf8').trimEnd().split('\n')).toHaveLength(4);
  });

  test('a broken line in the middle is named', async () => {
    const end = await resumed('middle', (_, folder) =>
      edited(join(folder, 'metrics.jsonl'), (text) => text.replace('\n{', '\n')),
    );
    refused(end, 'metrics.jsonl: line 2 is no record of an iteration');
  });
});

describe('disks', () => {
  test('a folder that may not be written to', async () => {
    mkdirSync(path('locked'));
    chmodSync(path('locked'), 0o555);
    // Nothing is read-only to the superuser, who runs tests in containers: then it is another one who tries.
    const uid = process.getuid?.() === 0 ? { uid: 65_534 } : {};
    refused(
      await cli.run(['train', '--env', 'CartPole-v1', ...small, '--out', 'locked/run'], uid),
      'locked/run: no permission (EACCES); choose a folder that you may write to',
    );
  });

  test('a file in the way', async () => {
    writeFileSync(path('file'), '');
    refused(await cli.run(['train', '--env', 'CartPole-v1', ...small, '--out', 'file']), 'file: it exists already');
  });

  // Linux has a device that is always full.
  if (existsSync('/dev/full'))
    test('a full disk', async () => {
      const end = await resumed('full', (_, folder) => {
        rmSync(join(folder, 'metrics.jsonl'));
        symlinkSync('/dev/full', join(folder, 'metrics.jsonl'));
      });
      refused(
        end,
        'metrics.jsonl: no space left on the disk (ENOSPC); free some and resume: what was saved before is intact',
      );
    });
});
