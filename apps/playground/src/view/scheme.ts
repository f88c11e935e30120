/** Light or dark: as the system says, until a person says otherwise. */
import type { Scheme } from '../core/protocol.js';
import { find } from './dom.js';

/** Follows the system and the button; `changed` hears of every change but the first. */
export const schemeOf = (changed: (scheme: Scheme) => void): (() => Scheme) => {
  const button = find<HTMLButtonElement>('scheme');
  const system = matchMedia('(prefers-color-scheme: dark)');
  let own: Scheme | null = null;
  const now = (): Scheme => own ?? (system.matches ? 'dark' : 'light');
  const apply = (): void => {
    document.documentElement.dataset['scheme'] = now();
    button.setAttribute('aria-pressed', String(now() === 'dark'));
  };
  apply();
  button.addEventListener('click', () => {
    own = now() === 'dark' ? 'light' : 'dark';
    apply();
    changed(now());
  });
  system.addEventListener('change', () => {
    if (own !== null) return;
    apply();
    changed(now());
  });
  return now;
};
