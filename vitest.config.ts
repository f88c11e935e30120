import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** Tests run against the sources; the consumer test covers the built, packed packages. */
const source = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  resolve: {
    alias: [
      {
        find: /^@natgrad\/(tensor|autodiff|rl-trpo|envs)$/,
        replacement: `${source('./packages')}/$1/src/index.ts`,
      },
      {
        find: /^@natgrad\/(tensor|autodiff|rl-trpo|envs)\/laws$/,
        replacement: `${source('./packages')}/$1/src/laws/index.ts`,
      },
      {
        find: /^@natgrad\/(tensor|autodiff|rl-trpo|envs)\/internal$/,
        replacement: `${source('./packages')}/$1/src/internal.ts`,
      },
      { find: '@natgrad/rl-trpo/theory', replacement: source('./packages/rl-trpo/src/theory/index.ts') },
      { find: '@natgrad/rl-trpo/runs', replacement: source('./packages/rl-trpo/src/shell/runs/index.ts') },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**'],
    testTimeout: 60_000,
  },
});
