import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, type Plugin } from 'vite';
import { defineConfig } from 'vitest/config';
import { inNode as alias, source, workers } from './test/aliases.js';

/** Threads run JavaScript: where the sources name the module of a worker, tests find it bundled from the sources. */
const workersFromSources = (): Plugin => ({
  name: 'workers-from-sources',
  transform: async (code, id) => {
    if (id !== join(workers, 'index.ts')) return undefined;
    // Where the physics engine is found, whose files no bundle holds.
    const outDir = mkdtempSync(source('packages/envs/node_modules/.worker-'));
    process.once('exit', () => rmSync(outDir, { recursive: true, force: true }));
    await build({
      configFile: false,
      logLevel: 'error',
      resolve: { alias },
      ssr: { noExternal: true, external: ['@mujoco/mujoco'] },
      build: { ssr: join(workers, 'worker.ts'), outDir, emptyOutDir: true, target: 'node20', minify: false },
    });
    const place = JSON.stringify(pathToFileURL(join(outDir, 'worker.js')).href);
    return {
      code: code.replace(/new URL\(["']\.\/worker\.js["'], import\.meta\.url\)/, `new URL(${place})`),
      map: null,
    };
  },
});

export default defineConfig({
  plugins: [workersFromSources()],
  resolve: { alias },
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**'],
    testTimeout: 60_000,
    // By default one less than there are cores: on two of them a single one, where two take two thirds of the time.
    maxWorkers: Math.max(2, availableParallelism() - 1),
  },
});
