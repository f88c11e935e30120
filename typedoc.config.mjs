/** `npm run docs`: the public interface of all packages, written to docs/api. */
import { existsSync } from 'node:fs';
import { publicPackages } from './scripts/packages.mjs';

const entryPoints = publicPackages().flatMap(({ short }) =>
  ['index.ts', 'laws/index.ts'].map((file) => `packages/${short}/src/${file}`).filter((file) => existsSync(file)),
);

export default {
  name: 'natgrad',
  entryPoints,
  out: 'docs/api',
  // Its links lead to files of the repository, which the reference does not hold.
  readme: 'none',
  excludeInternal: true,
  excludePrivate: true,
  disableSources: true,
  treatWarningsAsErrors: true,
  // Helpers that a signature mentions and nobody needs by name.
  validation: { notExported: false },
};
