/**
 * Installs the dependencies with the pinned pnpm, from the frozen lockfile, running no install scripts. Does nothing when
 * lockfile, manifests and Node's major version are those of the last installation. `npm run setup -- --update` first brings
 * the lockfile in line with changed manifests.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { pnpm, root, run, workspaces } from './packages.mjs';

// Inside node_modules, so that removing that folder asks for a new set-up.
const stamp = join(root, 'node_modules/.setup-stamp');

const key = () => {
  const hash = createHash('sha256');
  const files = [
    'pnpm-lock.yaml',
    'pnpm-workspace.yaml',
    ...workspaces().map((folder) => join(folder, 'package.json')),
  ];
  for (const file of files)
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(root, file)))
      .update('\0');
  return `${hash.digest('hex')} node ${process.versions.node.split('.')[0]} ${process.platform} ${process.arch}\n`;
};

/** True when the workspace is ready; what went wrong is on the screen otherwise. */
export const setUp = ({ update = false } = {}) => {
  if (!update && existsSync(stamp) && readFileSync(stamp, 'utf8') === key()) return true;
  console.log('Setting up: dependencies from the lockfile, without install scripts.');
  const lockfile = update ? '--no-frozen-lockfile' : '--frozen-lockfile';
  const { ok, output } = run(`${pnpm()} install ${lockfile} --ignore-scripts`, { env: { CI: 'true' } });
  if (!ok) {
    console.error(`${output.trimEnd()}\nIf a manifest has changed: npm run setup -- --update`);
    return false;
  }
  writeFileSync(stamp, key());
  return true;
};

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  process.exitCode = setUp({ update: process.argv[2] === '--update' }) ? 0 : 1;
