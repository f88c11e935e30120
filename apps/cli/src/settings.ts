/** From the words of a command line to the options of an environment and of TRPO; all that is wrong is said at once. */
import { type AnyEnvDefinition, findEnv, loadEnv, optionsOf } from '@natgrad/envs';
import { presetConfig, presets, type TrpoConfig, options as trpoOptions } from '@natgrad/rl-trpo';
import { isLeft } from 'fp-ts/lib/Either.js';
import { quoted } from './arguments.js';
import { usage } from './failure.js';

export interface Settings {
  readonly environment: { readonly id: string; readonly options: Readonly<Record<string, unknown>> };
  readonly preset: string;
  readonly options: TrpoConfig;
}

const ENV_PREFIX = 'env.';

/** What an option's words mean; words that mean nothing to it are left as they are, for the decoder to refuse. */
const valueOf = (kind: string | undefined, text: string): unknown => {
  if (kind === 'number') {
    const value = Number(text);
    return text === 'null' ? null : text.trim() === '' || Number.isNaN(value) ? text : value;
  }
  if (kind === 'boolean') return text === 'true' ? true : text === 'false' ? false : text;
  if (kind === 'widths' || kind === 'range') {
    const inner = text.replace(/^\[(.*)\]$/, '$1').trim();
    const parts = inner === '' ? [] : inner.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
    return parts.some(Number.isNaN) ? text : parts;
  }
  return text;
};

const kindOf = (table: object, name: string): string | undefined =>
  Object.hasOwn(table, name) ? (table as Readonly<Record<string, { readonly kind: string }>>)[name]?.kind : undefined;

/** `--set` as pairs of name and words. */
const pairs = (settings: readonly string[]): readonly (readonly [string, string])[] =>
  settings.map((setting, i) => {
    const [, name, text] = /^([^=]+)=(.*)$/s.exec(setting) ?? [];
    if (name === undefined || text === undefined) throw usage(`--set takes KEY=VALUE, found ${quoted(setting)}`);
    if (settings.slice(0, i).some((other) => other.startsWith(`${name}=`)))
      throw usage(`--set ${quoted(name)} is given twice`);
    return [name, text];
  });

export const findDefinition = (id: string): AnyEnvDefinition => {
  const found = findEnv(id);
  if (isLeft(found)) throw usage(`there is no environment ${quoted(id)}; ${found.left.expected ?? ''}`);
  return found.right;
};

/** The settings of a run, from the environment's id, a preset (by default the environment's own) and the words of `--set`. */
export const resolveSettings = async (
  id: string,
  preset: string | undefined,
  settings: readonly string[],
): Promise<Settings> => {
  const definition = findDefinition(id);
  const table = optionsOf(definition);
  const all = pairs(settings);
  const forEnvironment = Object.fromEntries(
    all
      .filter(([name]) => name.startsWith(ENV_PREFIX))
      .map(([name, text]): [string, unknown] => {
        const own = name.slice(ENV_PREFIX.length);
        return [own, valueOf(kindOf(table, own), text)];
      }),
  );
  const forTrpo = Object.fromEntries(
    all
      .filter(([name]) => !name.startsWith(ENV_PREFIX))
      .map(([name, text]): [string, unknown] => [name, valueOf(kindOf(trpoOptions, name), text)]),
  );
  const presetName = preset ?? (Object.hasOwn(presets, id) ? id : 'default');
  const environment = await loadEnv({ id, options: forEnvironment })();
  const config = presetConfig(presetName, forTrpo);
  const wrong = [
    ...(isLeft(environment) ? [environment.left.message.split('\n', 1).join('')] : []),
    ...(isLeft(config) ? [config.left.message] : []),
  ];
  if (isLeft(environment) || isLeft(config)) throw usage(wrong.join('\n'));
  return { environment: { id, options: forEnvironment }, preset: presetName, options: config.right };
};
