/** A part of `npm run consumer`: the packed packages as a bundler for browsers sees them, through their manifests. */
import { writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { build } from 'vite';

/** Optional, and found by who installs it. */
const optional = ['@mujoco/mujoco', 'koffi'];

/** What is wrong with a bundle of all packages for a page. */
export const bundleForBrowsers = async (folder, packages) => {
  const entry = join(folder, 'page.js');
  writeFileSync(entry, packages.map(({ name }, i) => `export * as p${i} from '${name}';`).join('\n'));
  const reached = [];
  const noted = {
    name: 'noted',
    enforce: 'pre',
    resolveId: (id, importer) => {
      if (isBuiltin(id)) reached.push(`${importer ?? 'the page'} imports ${id}, which browsers do not have`);
      return optional.includes(id) ? { id, external: true } : null;
    },
  };
  try {
    await build({
      configFile: false,
      logLevel: 'error',
      root: folder,
      plugins: [noted],
      build: { write: false, minify: false, lib: { entry, formats: ['es'] } },
    });
    return reached;
  } catch (error) {
    return [`a bundle for browsers\n${error.message}`];
  }
};
