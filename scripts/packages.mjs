/** What the scripts know about the workspace: its packages, and how to run a command in it. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

export const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));

/** Folders with a manifest, relative to the root; the root itself is '.'. */
export const workspaces = () => {
  const children = (parent) =>
    existsSync(join(root, parent)) ? readdirSync(join(root, parent)).map((name) => `${parent}/${name}`) : [];
  return ['.', ...children('packages'), ...children('apps'), 'test', 'bench', 'examples']
    .filter((folder) => existsSync(join(root, folder, 'package.json')))
    .sort();
};

/** The packages that are published: those under packages/ which have something to export. */
export const publicPackages = () =>
  workspaces()
    .filter((folder) => folder.startsWith('packages/') && existsSync(join(root, folder, 'src/index.ts')))
    .map((folder) => ({
      folder: join(root, folder),
      short: folder.slice('packages/'.length),
      ...readJson(join(root, folder, 'package.json')),
    }));

/** The one place that names pnpm's version is `devEngines` of the root manifest. */
export const pnpm = () => {
  const { name, version } = readJson(join(root, 'package.json')).devEngines.packageManager;
  return `npx --yes ${name}@${version}`;
};

/** The environment of commands: the workspace's tools on the path, colours only on a terminal. */
const environment = (env) => ({
  ...process.env,
  ...(process.stdout.isTTY ? {} : { NO_COLOR: '1', FORCE_COLOR: undefined }),
  PATH: `${join(root, 'node_modules/.bin')}${delimiter}${process.env.PATH ?? ''}`,
  // Silences npm's own notices (and so keeps what its children print readable).
  npm_config_loglevel: 'error',
  ...env,
});

/** Runs a command line through the shell; `stdio: 'inherit'` shows its output at once, otherwise it is returned. */
export const run = (commandLine, { cwd = root, stdio = 'pipe', env = {} } = {}) => {
  const { status, signal, stdout, stderr, error } = spawnSync(commandLine, {
    cwd,
    shell: true,
    stdio: stdio === 'inherit' ? ['ignore', 'inherit', 'inherit'] : ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    env: environment(env),
  });
  const ended = error === undefined ? (signal ? `\nended by ${signal}` : '') : `\n${error.message}`;
  return { ok: status === 0, status: status ?? 1, output: `${stdout ?? ''}${stderr ?? ''}${ended}` };
};

/** {@link run} beside whatever else goes on. */
export const runBeside = (commandLine) =>
  new Promise((resolve) => {
    const child = spawn(commandLine, {
      cwd: root,
      shell: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: environment({}),
    });
    const chunks = [];
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => chunks.push(chunk));
    const end = (ok, last) => resolve({ ok, output: Buffer.concat(chunks).toString() + last });
    child.on('error', ({ message }) => end(false, `\n${message}`));
    child.on('close', (status, signal) => end(status === 0, signal ? `\nended by ${signal}` : ''));
  });

/** Writes the tarballs of all public packages to `folder`, as they would be published. */
export const packAll = (folder) => {
  mkdirSync(folder, { recursive: true });
  return publicPackages().map((each) => {
    const { ok, output } = run(`${pnpm()} pack --pack-destination "${folder}"`, { cwd: each.folder });
    const tarball = join(folder, `${each.name.replace('@', '').replace('/', '-')}-${each.version}.tgz`);
    if (!ok || !existsSync(tarball)) throw new Error(`pnpm pack failed for ${each.name}\n${output}`);
    return { ...each, tarball };
  });
};

/** For scripts that make a list of independent findings: prints them and sets the exit code. */
export const finish = (what, problems) => {
  for (const problem of problems) console.error(`✗ ${problem.trimEnd()}\n`);
  if (problems.length === 0) console.log(what);
  process.exitCode = problems.length === 0 ? 0 : 1;
};
