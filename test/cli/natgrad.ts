/** The command line as a program of its own: bundled from the sources, so that it is never out of date. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { afterAll, beforeAll } from 'vitest';

const root = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export type Running = ChildProcessByStdio<null, Readable, Readable>;

export interface Natgrad {
  /** A fresh folder that ends with the tests. */
  readonly folder: string;
  readonly start: (
    args: readonly string[],
    options?: { readonly uid?: number; readonly env?: NodeJS.ProcessEnv },
  ) => Running;
  readonly run: (
    args: readonly string[],
    options?: { readonly uid?: number; readonly env?: NodeJS.ProcessEnv },
  ) => Promise<Ended>;
}

/** What a process writes, until it ends. */
export const ended = (child: Running): Promise<Ended> =>
  new Promise((resolve, reject) => {
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (stdout += String(chunk)));
    child.stderr.on('data', (chunk: Buffer) => (stderr += String(chunk)));
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });

/** An environment in which a package is not installed. */
export const without = (name: string): NodeJS.ProcessEnv => {
  const hidden = JSON.stringify(name);
  // `import` and `require` find packages in ways of their own.
  const hook = `export const resolve = (name, context, next) => {
    if (name === ${hidden}) throw Object.assign(new Error('Cannot find package ' + name), { code: 'ERR_MODULE_NOT_FOUND' });
    return next(name, context);
  };`;
  const source = `import Module, { register } from 'node:module';
    register(${JSON.stringify(`data:text/javascript,${encodeURIComponent(hook)}`)});
    const find = Module._resolveFilename;
    Module._resolveFilename = (name, ...rest) => find(name === ${hidden} ? name + '/missing' : name, ...rest);`;
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(source)}` };
};

/** Bundles the command line for the tests of a file. */
export const natgrad = (): Natgrad => {
  const base = realpathSync(mkdtempSync(join(tmpdir(), 'natgrad-cli-')));
  // So that another user may run it too.
  chmodSync(base, 0o755);
  const folder = join(base, 'work');
  mkdirSync(folder);
  beforeAll(async () => {
    await build({
      configFile: false,
      logLevel: 'error',
      root: root('apps/cli'),
      resolve: {
        alias: [
          { find: /^@natgrad\/rl-trpo\/runs$/, replacement: root('packages/rl-trpo/src/shell/runs/index.ts') },
          { find: /^@natgrad\/([a-z-]+)\/internal$/, replacement: `${root('packages')}/$1/src/internal.ts` },
          { find: '#builtin', replacement: root('packages/autodiff/src/backends/builtin/in-node.ts') },
          { find: /^@natgrad\/([a-z-]+)$/, replacement: `${root('packages')}/$1/src/index.ts` },
        ],
      },
      // What is native or has files of its own is met where it is installed.
      ssr: { noExternal: true, external: ['@mujoco/mujoco', 'koffi'] },
      build: {
        ...{ ssr: true, outDir: join(base, 'dist'), emptyOutDir: true, target: 'node20', minify: false },
        rolldownOptions: {
          input: {
            main: 'src/main.ts',
            'train-thread': 'src/thread/train-thread.ts',
            worker: root('packages/rl-trpo/src/shell/workers/worker.ts'),
            'engine-worker': root('packages/autodiff/src/backends/wasm/threads/engine-worker.ts'),
          },
          // The module of a worker is looked for beside the one that starts it.
          output: { chunkFileNames: '[name]-[hash].js' },
        },
      },
    });
    copyFileSync(root('apps/cli/package.json'), join(base, 'package.json'));
    symlinkSync(root('apps/cli/node_modules'), join(base, 'node_modules'));
  }, 60_000);
  afterAll(() => rmSync(base, { recursive: true, force: true, maxRetries: 5 }));
  const program = `import(${JSON.stringify(join(base, 'dist/main.js'))}).then(({ main }) => main(process.argv.slice(1)))`;
  const start: Natgrad['start'] = (args, { uid, env = {} } = {}) =>
    spawn(process.execPath, ['--input-type=module', '-e', program, '--', ...args], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
      ...(uid === undefined ? {} : { uid }),
    });
  return { folder, start, run: (args, options) => ended(start(args, options)) };
};
