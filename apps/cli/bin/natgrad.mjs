#!/usr/bin/env node
// The command line is built from TypeScript; the first use after a fresh set-up builds it.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const main = new URL('../dist/main.js', import.meta.url);
if (!existsSync(main)) {
  const cwd = fileURLToPath(new URL('../../..', import.meta.url));
  console.error('Building (once).');
  const { status } = spawnSync('npm run --silent build -- apps/cli', { cwd, shell: true, stdio: ['ignore', 2, 2] });
  if (status !== 0) process.exit(1);
}
const { main: run } = await import(main.href);
await run(process.argv.slice(2));
