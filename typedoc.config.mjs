/** `npm run docs`: the public interface of all packages, from their sources, written to docs/api. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { publicPackages } from './scripts/packages.mjs';

/** Exports of packages with the source of each; what is `internal` is for packages of this repository. */
const modules = publicPackages().flatMap(({ name, folder, short, exports }) =>
  Object.entries(exports).map(([path, { types }]) => {
    const source = `packages/${short}/src/${types.slice('./dist/'.length).replace(/\.d\.ts$/, '.ts')}`;
    if (!existsSync(join(folder, '../..', source))) throw new Error(`${name}: ${path} has no source ${source}`);
    return { specifier: path === '.' ? name : `${name}${path.slice(1)}`, source };
  }),
);

export default {
  name: 'natgrad',
  entryPoints: modules.filter(({ specifier }) => !specifier.endsWith('/internal')).map(({ source }) => source),
  compilerOptions: {
    // Packages see each other's sources, so that nothing need be built and nothing can be out of date.
    paths: Object.fromEntries(modules.map(({ specifier, source }) => [specifier, [join(import.meta.dirname, source)]])),
  },
  out: 'docs/api',
  // Its links lead to files of the repository, which the reference does not hold.
  readme: 'none',
  excludeInternal: true,
  excludePrivate: true,
  disableSources: true,
  treatWarningsAsErrors: true,
  // Helpers that a signature mentions and nobody needs by name.
  validation: { notExported: false, notDocumented: true },
  requiredToBeDocumented: ['Variable', 'Function', 'Class', 'Interface', 'TypeAlias'],
};
