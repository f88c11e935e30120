/** How the page is bundled: files that any static server can serve, from whatever folder. */
import { isBuiltin } from 'node:module';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const NONE = '\0nothing';

/** A page has no modules of Node. (MuJoCo's loader names one behind a condition that holds in Node only.) */
const withoutNode = () => ({
  name: 'without-node',
  enforce: 'pre',
  resolveId: (id, importer) => {
    if (!isBuiltin(id)) return null;
    if (importer?.includes('/@mujoco/')) return NONE;
    throw new Error(`${importer ?? 'the page'} imports ${id}, which browsers do not have`);
  },
  load: (id) => (id === NONE ? 'export {};' : null),
});

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: './',
  logLevel: 'warn',
  plugins: [withoutNode()],
  worker: { format: 'es', plugins: () => [withoutNode()], rolldownOptions: { checks: { pluginTimings: false } } },
  build: {
    target: 'es2022',
    outDir: 'dist/site',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // MuJoCo is ten megabytes, and loaded only by who chooses it.
    chunkSizeWarningLimit: 1000,
    rolldownOptions: { checks: { pluginTimings: false } },
  },
});
