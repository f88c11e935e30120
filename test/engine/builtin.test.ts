/** Node 20.0 to 20.15 has no `process.getBuiltinModule`: threads, BLAS and relaxed vectors are there all the same. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os, { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import * as anywhere from '../../packages/autodiff/src/backends/builtin/anywhere.js';
import * as inNode from '../../packages/autodiff/src/backends/builtin/in-node.js';
import { source } from '../aliases.js';

describe('a module of Node by its name', () => {
  afterEach(() => vi.unstubAllGlobals());

  test('where the process has it', () => {
    expect([anywhere.builtin('node:os'), inNode.builtin('node:os')]).toEqual([os, os]);
  });

  test.each([
    ['an old Node', {}],
    ['a page', undefined],
  ])('in %s', (_, process) => {
    vi.stubGlobal('process', process);
    expect(anywhere.builtin('node:os')).toBeUndefined();
    expect(inNode.builtin('node:os')).toEqual(os);
  });

  test('one that there is not', () => {
    expect(inNode.builtin('node:no-such-module')).toBeUndefined();
  });
});

describe('a process of an old Node', () => {
  const folder = mkdtempSync(join(tmpdir(), 'natgrad-builtin-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const old = join(folder, 'old.cjs');
  writeFileSync(old, 'delete process.getBuiltinModule;\n');

  interface Said {
    readonly known: string;
    readonly relaxed: boolean;
    readonly blas: string | undefined;
    readonly wanted: number;
    readonly ready: number;
    readonly lost: number;
  }

  /** What the packages find, with two threads started; workers are told `NODE_OPTIONS` too. */
  const said = (nodeOptions: string): Said => {
    const dist = (name: string): string => JSON.stringify(source(`packages/${name}/dist/index.js`));
    const program = `
      import { blasLibrary, jit, matmul, platform, wasmEngine } from ${dist('autodiff')};
      import { ones } from ${dist('tensor')};
      const engine = wasmEngine({ threads: 2 });
      const product = jit((a, b) => matmul(a, b), { engine });
      const end = performance.now() + 20_000;
      do {
        product(ones([600, 500]), ones([500, 400]));
        await new Promise((resolve) => setTimeout(resolve, 20));
      } while (engine.statistics().threads.ready < 2 && engine.statistics().threads.lost === 0 && performance.now() < end);
      const { wanted, ready, lost } = engine.statistics().threads;
      const { left, right } = blasLibrary();
      const known = typeof process.getBuiltinModule;
      const blas = right?.library ?? left.found;
      console.log(JSON.stringify({ known, relaxed: platform().relaxed, blas, wanted, ready, lost }));`;
    const env = { ...process.env, NODE_OPTIONS: nodeOptions };
    return JSON.parse(
      execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8', env }),
    ) as Said;
  };

  test('finds what a newer one finds, and its threads start', () => {
    const { known, ...found } = said(`--require ${JSON.stringify(old)}`);
    expect(known).toBe('undefined');
    expect(found).toMatchObject({ wanted: 2, ready: 2, lost: 0 });
    expect({ ...found, known: typeof process.getBuiltinModule }).toEqual(said(''));
  });
});
