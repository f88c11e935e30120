/** Pages from TypeScript: what a bundler makes of the packages for a browser, in memory. */
import { isBuiltin } from 'node:module';
import { build, type Plugin } from 'vite';
import { inBrowsers } from '../aliases.js';

/** The files of a site, by their path. */
export type Site = Readonly<Record<string, string | Uint8Array>>;

/** A browser has no modules of Node. (MuJoCo's loader names one behind a condition that holds in Node only.) */
const withoutNode: Plugin = {
  name: 'without-node',
  enforce: 'pre',
  resolveId: (id, importer) => {
    if (isBuiltin(id) && importer?.includes('/@mujoco/') !== true)
      throw new Error(`${importer ?? 'the page'} imports ${id}, which browsers do not have`);
    return null;
  },
};

/** Sources name the module of a worker as it will be called when it is built. */
export const workersAreSources: Plugin = {
  name: 'workers-are-sources',
  enforce: 'pre',
  transform: (code, id) =>
    id.endsWith('/threads/start.ts')
      ? { code: code.replace("'./engine-worker.js'", "'./engine-worker.ts'"), map: null }
      : null,
};

/**
 * Bundles a module and what it imports, code that is loaded on demand included.
 *
 * @throws where one of them imports a module of Node
 */
export const bundle = async (entry: string): Promise<Site> => {
  const result = await build({
    configFile: false,
    logLevel: 'error',
    root: import.meta.dirname,
    base: './',
    plugins: [withoutNode, workersAreSources],
    resolve: { alias: inBrowsers },
    worker: { format: 'es' },
    build: {
      write: false,
      minify: false,
      target: 'es2022',
      modulePreload: { polyfill: false },
      rolldownOptions: { input: { page: entry }, output: { entryFileNames: '[name].js' } },
    },
  });
  const [{ output }] = [result].flat() as [Extract<typeof result, { readonly output: unknown }>];
  return Object.fromEntries(
    output.map((each) => [`/${each.fileName}`, each.type === 'chunk' ? each.code : each.source]),
  );
};
