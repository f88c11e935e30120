/** From the words of a command line to the options of an environment and of TRPO; all that is wrong is said at once. */
import { type AnyEnvDefinition, findEnv, loadEnv, type OptionTable, optionsOf } from '@natgrad/envs';
import { presetConfig, presets, type TrpoConfig, options as trpoOptions } from '@natgrad/rl-trpo';
import { isLeft } from 'fp-ts/lib/Either.js';
import { type Arguments, type Flag, quoted } from './arguments.js';
import { headline, usage } from './failure.js';

export interface Settings {
  readonly environment: { readonly id: string; readonly options: Readonly<Record<string, unknown>> };
  readonly preset: string;
  readonly options: TrpoConfig;
}

const ENV_PREFIX = 'env.';

/** The flag for options of TRPO, and of the environment with {@link ENV_PREFIX} before their names. */
export const settingFlags: readonly Flag[] = [
  {
    name: 'set',
    value: 'KEY=VALUE',
    repeatable: true,
    description: 'an option or env.KEY=VALUE: `natgrad options`; repeatable',
  },
];

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

/** An option as it was given: for the environment or for TRPO, its name and its words. */
interface Setting {
  readonly forEnvironment: boolean;
  readonly name: string;
  readonly text: string;
}

const settingsOf = (args: Arguments, more: readonly string[]): readonly Setting[] => {
  const given = [...args.values('set'), ...more].map((each): readonly [name: string, text: string] => {
    const [, name, text] = /^([^=]+)=(.*)$/s.exec(each) ?? [];
    if (name === undefined || text === undefined) throw usage(`--set takes KEY=VALUE, found ${quoted(each)}`);
    return [name, text];
  });
  const twice = given.find(([name], i) => given.slice(0, i).some(([other]) => other === name));
  if (twice !== undefined) throw usage(`--set ${quoted(twice[0])} is given twice`);
  return given.map(([name, text]) => {
    const forEnvironment = name.startsWith(ENV_PREFIX);
    return { forEnvironment, name: forEnvironment ? name.slice(ENV_PREFIX.length) : name, text };
  });
};

export const findDefinition = (id: string): AnyEnvDefinition => {
  const found = findEnv(id);
  if (isLeft(found)) throw usage(`there is no environment ${quoted(id)}; ${found.left.expected ?? ''}`);
  return found.right;
};

/** Where an option that TRPO does not know is one of the environment: how to give it. */
const hints = (table: OptionTable, settings: readonly Setting[]): readonly string[] =>
  settings
    .filter(
      ({ forEnvironment, name }) => !forEnvironment && !Object.hasOwn(trpoOptions, name) && Object.hasOwn(table, name),
    )
    .map(
      ({ name, text }) => `${name} is an option of the environment: --set ${ENV_PREFIX}${name}=${text.slice(0, 40)}`,
    );

/**
 * The settings of a run, from the environment's id, a preset (by default the environment's own) and `--set`.
 *
 * @param more further words as `--set` takes them
 */
export const resolveSettings = async (id: string, args: Arguments, more: readonly string[] = []): Promise<Settings> => {
  const preset = args.value('preset');
  const table = optionsOf(findDefinition(id));
  const all = settingsOf(args, more);
  const values = (kinds: object, settings: readonly Setting[]): Readonly<Record<string, unknown>> =>
    Object.fromEntries(settings.map(({ name, text }): [string, unknown] => [name, valueOf(kindOf(kinds, name), text)]));
  const forEnvironment = values(
    table,
    all.filter((each) => each.forEnvironment),
  );
  const forTrpo = values(
    trpoOptions,
    all.filter((each) => !each.forEnvironment),
  );
  const presetName = preset ?? (Object.hasOwn(presets, id) ? id : 'default');
  const environment = await loadEnv({ id, options: forEnvironment })();
  const config = presetConfig(presetName, forTrpo);
  const wrong = [
    ...(isLeft(environment) ? [headline(environment.left)] : []),
    ...(isLeft(config) ? [config.left.message] : []),
    ...hints(table, all),
  ];
  if (isLeft(environment) || isLeft(config)) throw usage(wrong.join('\n'));
  return { environment: { id, options: forEnvironment }, preset: presetName, options: config.right };
};
