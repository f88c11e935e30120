/** `npm run packaging`: the tarballs of the public packages through publint and are-the-types-wrong. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finish, packAll, run } from './packages.mjs';

const folder = mkdtempSync(join(tmpdir(), 'natgrad-pack-'));
try {
  const packages = packAll(folder);
  const problems = packages.flatMap(({ name, tarball }) =>
    // ESM only: that CommonJS and `moduleResolution: node10` cannot load the packages is intended.
    [`publint --strict "${tarball}"`, `attw --profile esm-only "${tarball}"`].flatMap((command) => {
      const { ok, output } = run(command, { cwd: folder });
      return ok ? [] : [`${name}: ${command}\n${output}`];
    }),
  );
  if (packages.length === 0) problems.push('no public package found');
  finish(`packaging: ${packages.map(({ name }) => name).join(', ')} are fit to publish`, problems);
} finally {
  rmSync(folder, { recursive: true });
}
