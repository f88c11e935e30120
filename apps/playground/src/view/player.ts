/** The film of an episode: it plays, and asks for the next one when it has ended. */
import { type Film, filmScreen } from '@natgrad/envs';
import { short, whole } from '../core/history.js';
import type { Episode } from '../core/protocol.js';
import { find, html } from './dom.js';

const PLAY = '▶\ufe0e';
const PAUSE = '❚❚';
/** Seconds for which the end is shown. */
const HOLD = 0.7;

const ENDINGS = { terminated: 'ended by itself', truncated: 'lasted to the limit', cut: 'shown up to here' } as const;

const aboutOf = ({ return: total, steps, iteration, ending }: Episode): string =>
  `${iteration === 0 ? 'untrained' : `after iteration ${whole(iteration)}`}: return ${short(total)}, ${whole(steps)} steps, ${ENDINGS[ending]}`;

/** The picture comes as the text of an SVG; a parser for SVG runs nothing that is in it. */
const pictureOf = ({ markup }: Film): Node =>
  document.importNode(new DOMParser().parseFromString(markup, 'image/svg+xml').documentElement, true);

/** The player. `wanted` is called when it would like another episode. */
export const player = (
  wanted: () => void,
): { readonly show: (episode: Episode) => void; readonly clear: (text: string) => void } => {
  const picture = find('picture');
  const button = find<HTMLButtonElement>('play');
  const scrubber = find<HTMLInputElement>('scrubber');
  const step = find('step');
  const still = matchMedia('(prefers-reduced-motion: reduce)');
  let film: Film | null = null;
  let screen: (frame: number) => void = () => undefined;
  let at = 0;
  let playing = !still.matches;
  let before: number | null = null;
  let held = 0;
  let asked = false;

  const last = (): number => (film === null ? 0 : film.frames.length - 1);

  const draw = (frame: number): void => {
    if (film === null) return;
    at = Math.min(last(), Math.max(0, frame));
    const now = Math.floor(at);
    screen(now);
    scrubber.value = String(now);
    scrubber.setAttribute('aria-valuetext', `step ${now} of ${last()}`);
    step.textContent = `${now} / ${last()}`;
  };

  const tick = (now: number): void => {
    if (playing && film !== null) {
      const passed = Math.min(0.25, (now - (before ?? now)) / 1000);
      if (at < last()) draw(at + passed / film.stepSeconds);
      else held += passed;
      if (held >= HOLD && !asked) {
        asked = true;
        wanted();
      }
    }
    before = now;
    requestAnimationFrame(tick);
  };
  requestAnimationFrame(tick);

  const play = (on: boolean): void => {
    playing = on;
    button.textContent = on ? PAUSE : PLAY;
    button.setAttribute('aria-label', on ? 'Pause the film' : 'Play the film');
    if (on && at >= last()) {
      held = HOLD;
      asked = false;
    }
  };
  play(playing);
  button.addEventListener('click', () => play(!playing));
  scrubber.addEventListener('input', () => {
    play(false);
    draw(Number(scrubber.value));
  });

  return {
    show: (episode) => {
      // The same episode in other colours goes on where it was.
      const same =
        film !== null &&
        film.frames.length === episode.film.frames.length &&
        find('episode-about').textContent === aboutOf(episode);
      film = episode.film;
      picture.style.aspectRatio = `${film.width} / ${film.height}`;
      picture.replaceChildren(pictureOf(film));
      screen = filmScreen(picture, film);
      scrubber.max = String(last());
      find('episode-about').textContent = aboutOf(episode);
      asked = false;
      held = 0;
      draw(same ? at : 0);
    },
    clear: (text) => {
      film = null;
      find('episode-about').textContent = '';
      picture.replaceChildren(html('p', { class: 'waiting' }, text));
    },
  };
};
