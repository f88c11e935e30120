/** What the bits of a run may depend on. */
import { readFileSync } from 'node:fs';
import { type EngineOptions, engineOf } from '@natgrad/rl-trpo';
import { isLeft } from 'fp-ts/lib/Either.js';
import { blasText } from './engine.js';

const manifest = new URL('../package.json', import.meta.url);

export const version = (): string =>
  (JSON.parse(readFileSync(manifest, 'utf8')) as { readonly version: string }).version;

export const versions = (options: EngineOptions): Readonly<Record<string, string>> => {
  const engine = engineOf(options);
  const name = isLeft(engine) ? options.engine : engine.right.name;
  const blas = name === 'blas' ? blasText() : null;
  return {
    natgrad: version(),
    node: process.versions.node,
    v8: process.versions.v8,
    engine: name,
    ...(blas === null ? {} : { blas }),
    platform: `${process.platform}-${process.arch}`,
  };
};

/** Where two sets of versions differ, in words. Another engine has no BLAS, or another one, which goes without saying. */
export const differences = (
  then: Readonly<Record<string, string>>,
  now: Readonly<Record<string, string>>,
): readonly string[] =>
  [...new Set([...Object.keys(then), ...Object.keys(now)])]
    .filter((name) => then[name] !== now[name] && (name !== 'blas' || then['engine'] === now['engine']))
    .map((name) => `${name} ${then[name] ?? 'unknown'} → ${now[name] ?? 'unknown'}`);
