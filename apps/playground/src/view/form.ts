/** The form: what to train. Fields say what is wrong with them beside themselves. */
import { environments } from '@natgrad/envs';
import { algorithmNames, algorithmTitles, needsCosts, options, presets, type TrpoConfig } from '@natgrad/rl-trpo';
import { isLeft } from 'fp-ts/lib/Either.js';
import {
  decodeSettings,
  EDITABLE,
  type Field,
  type Issue,
  type Settings,
  startingOptions,
  type Words,
} from '../core/settings.js';
import { find, html } from './dom.js';

const TITLES: Readonly<Record<Exclude<Field, 'environment'>, string>> = {
  algorithm: 'Algorithm',
  seed: 'Seed',
  steps: 'Steps to train for',
  delta: 'Trust region δ',
  cgIterations: 'CG iterations',
  damping: 'Damping',
  batchSize: 'Batch size',
};

const ABOUT: Partial<Record<Field, string>> = { seed: 'source of all randomness', steps: 'environment steps' };

const FIELDS: readonly Exclude<Field, 'environment'>[] = [
  'algorithm',
  'delta',
  'cgIterations',
  'damping',
  'batchSize',
  'seed',
  'steps',
];

const aboutOf = (field: Field): string =>
  ABOUT[field] ?? (Object.hasOwn(options, field) ? options[field as keyof typeof options].description : '');

const inputOf = (field: Exclude<Field, 'environment'>): HTMLElement => {
  const described = `${field}-about ${field}-issue`;
  if (field === 'algorithm') return html('select', { id: field, name: field, 'aria-describedby': described });
  const text = html('input', {
    id: field,
    name: field,
    inputmode: 'decimal',
    autocomplete: 'off',
    spellcheck: 'false',
    'aria-describedby': described,
  });
  return text;
};

const valueText = (value: TrpoConfig[keyof TrpoConfig]): string =>
  Array.isArray(value) ? value.join(', ') : value === null ? '–' : String(value);

const wrapped = (field: Exclude<Field, 'environment'>): HTMLElement =>
  html(
    'div',
    { class: field === 'algorithm' ? 'field wide' : 'field' },
    html('label', { for: field }, TITLES[field]),
    inputOf(field),
    html('p', { class: 'about', id: `${field}-about` }, aboutOf(field)),
    html('p', { class: 'issue', id: `${field}-issue`, hidden: true }),
  );

const fillEnvironments = (select: HTMLSelectElement): void => {
  const group = (label: string, loaded: boolean): HTMLElement =>
    html(
      'optgroup',
      { label },
      ...environments.filter((each) => 'load' in each === loaded).map(({ id }) => html('option', { value: id }, id)),
    );
  select.append(group('Ready at once', false), group('MuJoCo, a 10 MB engine that is loaded when chosen', true));
};

/** Only an environment that reports costs can be learnt under a constraint on them. */
const fillAlgorithms = (select: HTMLSelectElement, environment: string): void => {
  const kept = select.value;
  const names = algorithmNames.filter((name) => !needsCosts(name) || environment === 'Detour-v0');
  select.replaceChildren(...names.map((name) => html('option', { value: name }, algorithmTitles[name])));
  select.value = names.some((name) => name === kept) ? kept : 'trpo';
};

export interface Form {
  /** The settings, or null with every issue shown. */
  readonly read: () => Settings | null;
  readonly showIssues: (issues: readonly Issue[]) => void;
  /** Fields are locked while a session trains on what they said. */
  readonly lock: (locked: boolean) => void;
  readonly reset: () => void;
}

/** The form. `changed` is called when other settings are chosen, valid ones or not. */
export const form = (changed: () => void): Form => {
  const environment = find<HTMLSelectElement>('environment');
  const folded = find<HTMLDetailsElement>('options');
  // On a phone the learning is nearer than the options.
  folded.open = matchMedia('(min-width: 760px)').matches;
  fillEnvironments(environment);
  find('fields').append(...FIELDS.map(wrapped));
  const algorithm = find<HTMLSelectElement>('algorithm');
  const fields = ['environment' as const, ...FIELDS];
  const control = (field: string): HTMLInputElement | HTMLSelectElement | null =>
    fields.some((each) => each === field) ? find<HTMLInputElement | HTMLSelectElement>(field) : null;

  const showIssues = (issues: readonly Issue[]): void => {
    for (const field of fields) {
      const mine = issues.filter((issue) => issue.field === field).map(({ message }) => message);
      const place = find(`${field}-issue`);
      place.hidden = mine.length === 0;
      place.textContent = mine.join('; ');
      control(field)?.setAttribute('aria-invalid', String(mine.length > 0));
      // A field that is folded away cannot say what is wrong with it.
      if (mine.length > 0) folded.open = true;
    }
    const others = issues.filter(({ field }) => control(field) === null);
    find('other-issue').hidden = others.length === 0;
    find('other-issue').textContent = others.map(({ field, message }) => `${field}: ${message}`).join('\n');
  };

  const showPreset = (config: TrpoConfig): void => {
    const others = Object.entries(config).filter(([name]) => !(EDITABLE as readonly string[]).includes(name));
    find('preset').replaceChildren(
      ...others.flatMap(([name, value]) => [html('dt', {}, name), html('dd', {}, valueText(value))]),
    );
  };

  const begin = (id: string): void => {
    const definition = environments.find((each) => each.id === id);
    const config = startingOptions(id);
    find('environment-about').textContent = [definition?.summary ?? '', presets[id]?.summary ?? '']
      .filter((each) => each !== '')
      .join('. Preset: ');
    fillAlgorithms(algorithm, id);
    for (const name of EDITABLE) find<HTMLInputElement>(name).value = String(config[name]);
    find<HTMLInputElement>('steps').value = 'load' in (definition ?? {}) ? '1000000' : '100000';
    showPreset(config);
    showIssues([]);
  };

  const read = (): Settings | null => {
    const words = Object.fromEntries(fields.map((field) => [field, control(field)?.value ?? ''])) as Words;
    const settings = decodeSettings(words);
    showIssues(isLeft(settings) ? settings.left : []);
    return isLeft(settings) ? null : settings.right;
  };

  const reset = (): void => {
    find<HTMLInputElement>('seed').value = '0';
    algorithm.value = 'trpo';
    begin(environment.value);
  };
  environment.value = 'CartPole-v1';
  environment.addEventListener('change', () => {
    begin(environment.value);
    changed();
  });
  // More steps are no other session: what was learnt is kept.
  for (const field of FIELDS) find(field).addEventListener('change', () => (field === 'steps' ? read() : changed()));
  begin(environment.value);
  reset();

  return {
    read,
    showIssues,
    lock: (locked) => {
      // A text that cannot be edited keeps the focus, a disabled one would lose it.
      for (const field of FIELDS)
        if (field === 'algorithm') algorithm.disabled = locked;
        else find<HTMLInputElement>(field).readOnly = locked;
      environment.disabled = locked;
    },
    reset,
  };
};
