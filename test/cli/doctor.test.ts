/** What `natgrad doctor` says is there was tried, on machines that have less than this one too. */
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { natgrad } from './natgrad.js';

const cli = natgrad();

interface Finding {
  readonly what: string;
  readonly found: string;
  readonly advice: string | null;
}

/** What is found by a process that runs this code, or has these options, before anything else. */
const findings = async (options: {
  readonly flags?: string;
  readonly before?: string;
}): Promise<Map<string, Finding>> => {
  const { flags = '', before = '' } = options;
  const path = join(cli.folder, 'before.cjs');
  writeFileSync(path, before);
  const env = { NODE_OPTIONS: `${flags} --require ${JSON.stringify(path)}` };
  const { code, stdout } = await cli.run(['doctor', '--json'], { env });
  expect(code).toBe(0);
  const lines = stdout.trimEnd().split('\n');
  return new Map(lines.map((line) => JSON.parse(line) as Finding).map((finding) => [finding.what, finding]));
};

test('where nothing can be compiled, it says so of everything, and ends', async () => {
  const found = await findings({ flags: '--jitless' });
  expect(found.get('vector instructions')).toMatchObject({
    found: 'no WebAssembly: programs are interpreted',
    advice: expect.stringContaining('--jitless') as unknown,
  });
  expect([...found.keys()]).not.toContain('threads');
  expect(found.get('native BLAS')?.found).not.toContain('matrix products are its');
  expect(found.get('MuJoCo')).toMatchObject({
    found: 'there is no WebAssembly',
    advice: expect.stringContaining('--jitless') as unknown,
  });
});

describe('memory', () => {
  const ofLimit = async (limit: string): Promise<Finding | undefined> => {
    const before = `require('node:os').totalmem = () => 2 ** 34; process.constrainedMemory = () => ${limit};`;
    return (await findings({ before })).get('memory');
  };

  test('of a container is what it may use', async () => {
    expect(await ofLimit('2 ** 29')).toEqual({
      what: 'memory',
      found: '0.5 GiB: a limit of this process; the machine has 16.0 GiB',
      advice: expect.stringContaining('fisherChunk') as unknown,
    });
  });

  test.each(['0', '2 ** 64'])('is that of the machine where the limit is %s', async (limit) => {
    expect(await ofLimit(limit)).toEqual({ what: 'memory', found: '16.0 GiB', advice: null });
  });
});

describe.runIf(availableParallelism() > 1)('threads', () => {
  test('that have computed something are there', async () => {
    const found = (await findings({})).get('threads');
    expect([found?.found, found?.advice]).toEqual([expect.stringMatching(/^\d+: large steps/), null]);
  });

  test('that do not start are not, and why is said', async () => {
    const before = `require('node:worker_threads').Worker = class {
      constructor() { throw new Error('no thread can be made'); }
    };`;
    const found = (await findings({ before })).get('threads');
    expect(found?.found).toMatch(/no thread can be made/);
    expect(found?.advice).not.toBeNull();
  });

  test('that start and do nothing are not, after a while', async () => {
    const before = `require('node:worker_threads').Worker = class {
      on() {} unref() {} postMessage() {} terminate() { return Promise.resolve(0); }
    };`;
    const found = (await findings({ before })).get('threads');
    expect([found?.found, found?.advice]).toEqual([
      expect.stringMatching(/^1 of \d+/),
      expect.stringContaining('within 5 s'),
    ]);
  });
});
