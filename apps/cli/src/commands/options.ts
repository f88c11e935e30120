/** `natgrad options`: what `--set` and `--preset` take. */

import { optionsOf } from '@natgrad/envs';
import { describeOption, type Option, options, presets } from '@natgrad/rl-trpo';
import type { Arguments, CommandLine } from '../arguments.js';
import { EXIT } from '../failure.js';
import { wrapped } from '../output/format.js';
import { terminal } from '../output/terminal.js';
import { findDefinition } from '../settings.js';

export const optionsLine: CommandLine = {
  name: 'options',
  brief: 'list what train --set and --preset take',
  summary: 'Lists the options that `train --set KEY=VALUE` takes, and the presets.',
  flags: [{ name: 'env', value: 'ID', description: 'also the options of this environment' }],
  notes: [
    'Lists are written with commas: --set hidden=64,64. Options of an environment',
    'have a prefix: --set env.maxEpisodeSteps=200.',
  ],
};

const entry = (head: string, about: string): string =>
  [`  ${head}`, ...wrapped(about, 74).map((line) => `      ${line}`)].join('\n');

export const runOptions = (args: Arguments): number => {
  const out = terminal();
  const id = args.value('env');
  const forTrpo = Object.entries<Option>({ ...options }).map(([name, option]) => {
    const value = Array.isArray(option.default) ? option.default.join(',') : String(option.default);
    return entry(`${name} = ${value}`, `${option.description}; ${describeOption(option)}`);
  });
  const forEnvironment =
    id === undefined
      ? []
      : Object.entries(optionsOf(findDefinition(id))).map(([name, option]) =>
          entry(`env.${name} = ${String(option.default)}`, option.description),
        );
  const forPresets = Object.entries(presets).map(([name, { summary, options: given }]) => {
    const settings = Object.entries(given).map(
      ([key, value]) => `${key}=${Array.isArray(value) ? value.join(',') : String(value)}`,
    );
    return entry(name, `${summary}; ${settings.join(' ')}`);
  });
  const section = (title: string, entries: readonly string[]): string =>
    entries.length === 0 ? '' : `${out.bold(title)}\n${entries.join('\n')}\n`;
  out.write(
    section('Options', forTrpo) + section(`Options of ${id ?? ''}`, forEnvironment) + section('Presets', forPresets),
  );
  return EXIT.done;
};
