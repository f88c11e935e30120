/** npm packages that are no dependencies of this project: found where the user has them. */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** A folder `node_modules` to look into first. */
const PEERS_VARIABLE = 'NATGRAD_PEERS';

const manifestOf = (name: string): string | undefined => {
  const given = process.env[PEERS_VARIABLE];
  const folders = [
    ...(given === undefined ? [] : [given]),
    ...(createRequire(import.meta.url).resolve.paths(name) ?? []),
    ...(createRequire(join(process.cwd(), 'here.js')).resolve.paths(name) ?? []),
  ];
  return folders.map((folder) => join(folder, name, 'package.json')).find((file) => existsSync(file));
};

export interface FoundPackage {
  readonly version: string;
  readonly folder: string;
  readonly load: () => Promise<unknown>;
}

/** Null when the package is not installed. */
export const findPackage = (name: string): FoundPackage | null => {
  const manifest = manifestOf(name);
  if (manifest === undefined) return null;
  const { version, main, type, exports } = JSON.parse(readFileSync(manifest, 'utf8')) as {
    readonly version: string;
    readonly main?: string;
    readonly type?: string;
    readonly exports?: { readonly '.'?: { readonly import?: string } };
  };
  const folder = join(manifest, '..');
  const entry = join(folder, exports?.['.']?.import ?? main ?? 'index.js');
  // CommonJS by `require`, so that packages which share a third one get one copy of it.
  const load =
    type === 'module'
      ? (): Promise<unknown> => import(pathToFileURL(entry).href)
      : (): Promise<unknown> => Promise.resolve(createRequire(manifest)(entry));
  return { version, folder, load };
};

export const howToInstall = (...names: readonly string[]): string =>
  `not installed: npm install --prefix FOLDER --ignore-scripts ${names.join(' ')}, then ${PEERS_VARIABLE}=FOLDER/node_modules`;
