/** Unused files, exports and dependencies. A folder without sources yet has nothing to say about its dependencies. */
import { existsSync } from 'node:fs';
import { workspaces } from './scripts/packages.mjs';

const sources = (folder) =>
  folder.startsWith('packages/') ? 'src/index.ts' : folder.startsWith('apps/') ? 'src/main.ts' : 'package.json';

export default {
  // Asked for by name at run time, where it is installed.
  ignoreDependencies: ['koffi'],
  ignoreWorkspaces: workspaces().filter((folder) => !existsSync(`${folder}/${sources(folder)}`)),
  workspaces: {
    '.': {
      entry: ['scripts/*.mjs', 'vitest.mutate.config.ts'],
      project: ['*.{ts,js,mjs}', 'scripts/**/*.mjs'],
      // Called by name in scripts, or by hand (`npx natgrad`).
      ignoreDependencies: ['natgrad', '@arethetypeswrong/cli', '@changesets/cli', 'publint'],
    },
    'packages/*': { project: ['src/**/*.ts'] },
    'apps/*': { entry: ['src/main.ts'], project: ['src/**/*.ts'] },
    test: {
      entry: ['**/*.test.ts', 'mutate.setup.ts', 'types/*.types.ts', 'consumer/*.{mjs,ts}', 'browser/page.ts'],
      project: ['**/*.{ts,mjs}'],
    },
    bench: { entry: ['src/main.ts'], project: ['src/**/*.ts'] },
    examples: { entry: ['src/main.ts'], project: ['src/**/*.ts'] },
  },
  // The laws need fast-check, which is an optional peer of the packages.
  rules: { optionalPeerDependencies: 'off' },
};
