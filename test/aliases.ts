/** Where the sources of the packages are, for bundlers: tests run against them and not against what was built last. */
import { fileURLToPath } from 'node:url';

/** An absolute path from one that begins at the root. */
export const source = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

const builtin: string = source('packages/autodiff/src/backends/builtin');
const workers: string = source('packages/rl-trpo/src/shell/workers');

const always = [
  {
    find: /^@natgrad\/(tensor|autodiff|rl-trpo|envs)$/,
    replacement: `${source('packages')}/$1/src/index.ts`,
  },
  {
    find: /^@natgrad\/(tensor|autodiff|rl-trpo|envs)\/laws$/,
    replacement: `${source('packages')}/$1/src/laws/index.ts`,
  },
  {
    find: /^@natgrad\/(tensor|autodiff|rl-trpo|envs)\/internal$/,
    replacement: `${source('packages')}/$1/src/internal.ts`,
  },
  { find: '@natgrad/rl-trpo/theory', replacement: source('packages/rl-trpo/src/theory/index.ts') },
  { find: '@natgrad/rl-trpo/runs', replacement: source('packages/rl-trpo/src/shell/runs/index.ts') },
];

/** What imports mean in Node. */
export const inNode = [
  ...always,
  { find: '#builtin', replacement: `${builtin}/in-node.ts` },
  { find: '#workers', replacement: `${workers}/index.ts` },
];

/** What they mean in a browser: as the conditions of the manifests say. */
export const inBrowsers = [
  ...always,
  { find: '#builtin', replacement: `${builtin}/anywhere.ts` },
  { find: '#workers', replacement: `${workers}/in-page.ts` },
];
