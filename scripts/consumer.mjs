/**
 * `npm run consumer`: packs the public packages, installs the tarballs with plain npm in an empty folder, and runs the
 * programs of test/consumer there: NAME.mjs from Node, NAME.ts compiled by a strict TypeScript that checks the packages'
 * declarations too.
 */
import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleForBrowsers } from './consumer-bundle.mjs';
import { finish, packAll, readJson, root, run } from './packages.mjs';

const programs = join(root, 'test/consumer');
const tsc = join(root, 'node_modules/typescript/bin/tsc');
const travelling = ['LICENSE', 'NOTICE', 'README.md', 'package.json', 'dist/index.js', 'dist/index.d.ts'];

const folder = mkdtempSync(join(tmpdir(), 'natgrad-consumer-'));
const problems = [];
const attempt = (what, command) => {
  const { ok, output } = run(command, { cwd: folder });
  if (!ok) problems.push(`${what}\n${output}`);
  return ok;
};

try {
  const packages = packAll(join(folder, 'tarballs'));
  if (packages.length === 0) problems.push('no public package found');
  const fastCheck = readJson(join(root, 'package.json')).devDependencies['fast-check'];
  const dependencies = Object.fromEntries([
    ...packages.map(({ name, tarball }) => [name, `file:${tarball}`]),
    ['fast-check', fastCheck],
  ]);
  const manifest = { name: 'consumer', version: '0.0.0', private: true, type: 'module', dependencies };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
  const compilerOptions = {
    ...{ target: 'es2022', module: 'nodenext', strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false },
    ...{ lib: ['es2022', 'dom'], types: [], outDir: 'compiled', rootDir: '.' },
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }));

  if (attempt('npm install', 'npm install --prefer-offline --no-audit --no-fund --ignore-scripts')) {
    for (const { name, short } of packages) {
      for (const file of travelling)
        if (!existsSync(join(folder, 'node_modules', name, file))) problems.push(`${name}: the tarball lacks ${file}`);
      for (const program of [`${short}.mjs`, `${short}.ts`])
        if (existsSync(join(programs, program))) copyFileSync(join(programs, program), join(folder, program));
        else problems.push(`${name}: there is no test/consumer/${program}`);
    }
    const present = (program) => existsSync(join(folder, program));
    for (const { name, short } of packages)
      if (present(`${short}.mjs`)) attempt(`${name} from Node (${short}.mjs)`, `node ${short}.mjs`);
    problems.push(...(await bundleForBrowsers(folder, packages)));
    // The consumer's own installation decides how the packages resolve; only the compiler is borrowed.
    if (attempt('TypeScript', `node "${tsc}"`))
      for (const { name, short } of packages)
        if (present(`${short}.ts`)) attempt(`${name} from TypeScript (${short}.ts)`, `node compiled/${short}.js`);
  }
  finish(`consumer: ${packages.map(({ name }) => name).join(', ')} work from Node and TypeScript`, problems);
} finally {
  rmSync(folder, { recursive: true });
}
