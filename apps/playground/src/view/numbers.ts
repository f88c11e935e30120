/** The numbers beside the film, the shares of time, and the table. */
import { PARTS, sharesOf, short, whole } from '../core/history.js';
import type { Point, Subject } from '../core/protocol.js';
import { find, html } from './dom.js';

const tile = (name: string, value: string, more = ''): Node =>
  html('div', {}, html('dt', {}, name), html('dd', {}, value, ...(more === '' ? [] : [html('small', {}, ` ${more}`)])));

const COLOURS: Readonly<Record<string, string>> = Object.fromEntries(
  PARTS.map(([, name], i) => [
    name,
    ['var(--return)', 'var(--input)', 'var(--elementwise)', 'var(--cg)', 'var(--kl)', 'var(--delta)', 'var(--entropy)'][
      i
    ] ?? '',
  ]),
);

const percent = (share: number): string => `${(100 * share).toFixed(share < 0.0995 ? 1 : 0)} %`;

/** The latest numbers. */
export const showNumbers = (points: readonly Point[], subject: Subject | null): void => {
  const last = points.at(-1);
  const returns = points.findLast((each) => each.returns !== null)?.returns?.mean;
  const goal = subject?.rewardThreshold ?? null;
  find('numbers').replaceChildren(
    tile('iteration', last === undefined ? '–' : whole(last.iteration)),
    tile('steps', last === undefined ? '–' : whole(last.totalSteps)),
    tile('return', returns === undefined ? '–' : short(returns), goal === null ? '' : `of ${short(goal)}`),
    tile(
      'KL',
      last === undefined ? '–' : short(last.kl),
      last === undefined || last.delta === null ? '' : `of ${short(last.delta)}`,
    ),
    tile('steps per second', last === undefined ? '–' : whole(last.stepsPerSecond)),
    tile('explained variance', short(last?.explainedVariance ?? Number.NaN)),
  );
  const shares = sharesOf(points);
  const words = shares.map(({ part, share }) => `${part} ${percent(share)}`).join(', ');
  if (shares.length === 0) {
    find('time').replaceChildren(html('p', { class: 'about' }, 'Nothing yet'));
    return;
  }
  find('time').replaceChildren(
    html(
      'div',
      { class: 'bar', role: 'img', 'aria-label': `Share of time: ${words}` },
      ...shares.map(({ part, share }) => html('i', { style: `width:${100 * share}%;background:${COLOURS[part]}` })),
    ),
    html(
      'ul',
      { class: 'shares', 'aria-hidden': 'true' },
      ...shares.map(({ part, share }) =>
        html('li', {}, html('i', { style: `background:${COLOURS[part]}` }), `${part} ${percent(share)}`),
      ),
    ),
  );
};

const ROWS = 12;

/** The last iterations, newest first. */
export const showRows = (points: readonly Point[]): void => {
  find('rows').replaceChildren(
    ...points
      .slice(-ROWS)
      .reverse()
      .map(({ iteration, totalSteps, returns, kl, delta, accepted, cgResiduals, entropy }) =>
        html(
          'tr',
          {},
          ...[
            whole(iteration),
            whole(totalSteps),
            returns === null ? '–' : short(returns.mean),
            short(kl),
            delta === null ? '–' : short(delta),
            accepted === null ? '–' : accepted ? 'taken' : 'none',
            short(cgResiduals?.at(-1) ?? Number.NaN),
            short(entropy),
          ].map((text) => html('td', {}, text)),
        ),
      ),
  );
};
