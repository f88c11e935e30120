/** What the bits of a run may depend on. */
import { readFileSync } from 'node:fs';

const manifest = new URL('../package.json', import.meta.url);

export const versions = (): Readonly<Record<string, string>> => ({
  natgrad: (JSON.parse(readFileSync(manifest, 'utf8')) as { readonly version: string }).version,
  node: process.versions.node,
  v8: process.versions.v8,
  engine: 'interpreter',
  platform: `${process.platform}-${process.arch}`,
});

/** Where two sets of versions differ, in words. */
export const differences = (
  then: Readonly<Record<string, string>>,
  now: Readonly<Record<string, string>>,
): readonly string[] =>
  [...new Set([...Object.keys(then), ...Object.keys(now)])]
    .filter((name) => then[name] !== now[name])
    .map((name) => `${name} ${then[name] ?? 'unknown'} → ${now[name] ?? 'unknown'}`);
