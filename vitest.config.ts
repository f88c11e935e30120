import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, type Plugin } from 'vite';
import { defineConfig } from 'vitest/config';
import { inNode as alias, source } from './test/aliases.js';

/** Modules that name the module of a worker beside them, and what else its bundle finds where it is put. */
const workers = [
  {
    from: source('packages/rl-trpo/src/shell/workers/index.ts'),
    worker: 'worker',
    // Where the physics engine is found, whose files no bundle holds.
    into: source('packages/envs/node_modules/.worker-'),
    external: ['@mujoco/mujoco'],
  },
  {
    from: source('packages/autodiff/src/backends/wasm/threads/start.ts'),
    worker: 'engine-worker',
    // Where koffi is found.
    into: source('packages/autodiff/node_modules/.worker-'),
    external: [],
  },
];

/** Threads run JavaScript: where the sources name the module of a worker, tests find it bundled from the sources. */
const workersFromSources = (): Plugin => ({
  name: 'workers-from-sources',
  transform: async (code, id) => {
    const found = workers.find(({ from }) => from === id);
    if (found === undefined) return undefined;
    const { from, worker, into, external } = found;
    const outDir = mkdtempSync(into);
    process.once('exit', () => rmSync(outDir, { recursive: true, force: true }));
    await build({
      configFile: false,
      logLevel: 'error',
      resolve: { alias },
      ssr: { noExternal: true, external },
      build: { ssr: join(dirname(from), `${worker}.ts`), outDir, emptyOutDir: true, target: 'node20', minify: false },
    });
    const place = JSON.stringify(pathToFileURL(join(outDir, `${worker}.js`)).href);
    const named = new RegExp(
      `new URL\\(\\s*(?:/\\*[^*]*\\*/\\s*)?["']\\./${worker}\\.js["'],\\s*import\\.meta\\.url\\s*\\)`,
      'g',
    );
    return { code: code.replace(named, `new URL(${place})`), map: null };
  },
});

export default defineConfig({
  plugins: [workersFromSources()],
  resolve: { alias },
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // By default one less than there are cores: on two of them a single one, where two take two thirds of the time.
    maxWorkers: Math.max(2, availableParallelism() - 1),
  },
});
