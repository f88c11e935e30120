/** An episode as one HTML file that plays it: the picture, what moves in it as numbers, and a small script. Nothing outside is named. */
import type { Film, Theme } from '@natgrad/envs';
import { escapeXml } from '@natgrad/envs/internal';
import { PLAYER } from './player.js';
import { pageStyle } from './style.js';
import { linePath, type Trace } from './traces.js';

export interface Subject {
  readonly title: string;
  /** What was played, and how it went: a sentence or two. */
  readonly about: string;
  readonly theme: Theme;
}

/** Tenths of a picture unit, as whole numbers; 0 for the elements that are seen where they are those of the frame before. */
const compact = ({ frames }: Film): readonly unknown[] =>
  frames.map(({ shown, moved }, i) => {
    const before = frames[i - 1]?.shown;
    const same = before !== undefined && before.length === shown.length && before.every((x, k) => x === shown[k]);
    return [
      same ? 0 : shown,
      ...moved.flatMap(([element, points]) => [element, points.map((x) => Math.round(x * 10))]),
    ];
  });

/** JSON that ends no script element and begins no comment, whatever is in it. */
const embedded = (value: unknown): string => JSON.stringify(value).replace(/</g, '\\u003c');

const row = (trace: Trace, last: number): string =>
  `<span class="name">${escapeXml(trace.name)}</span>` +
  `<svg viewBox="0 -6 ${Math.max(1, last)} 112" preserveAspectRatio="none" class="${trace.steps ? 'action' : trace.name}" role="img" aria-label="${escapeXml(
    `${trace.name}, from ${trace.values[0] ?? 0} to ${trace.values.at(-1) ?? 0} over ${last} steps`,
  )}"><path d="${linePath(trace)}"/></svg><output class="value" data-trace=""></output>`;

export const pageOf = (film: Film, traces: readonly Trace[], { title, about, theme }: Subject): string => {
  const last = film.frames.length - 1;
  const data = {
    stepSeconds: film.stepSeconds,
    placing: film.placing.map((placing) => placing.charAt(0)).join(''),
    frames: compact(film),
    traces: traces.map(({ values }) => values),
  };
  const scheme = theme === 'auto' ? 'light dark' : theme;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="${scheme}">
<title>${escapeXml(title)}</title>
<style>${pageStyle(theme)}</style>
</head>
<body>
<main>
<h1>${escapeXml(title)}</h1>
<p>${escapeXml(about)}</p>
<figure>${film.markup}</figure>
<div class="controls">
<button id="play" type="button" aria-label="play">&#9654;&#xfe0e;</button>
<input id="scrubber" type="range" min="0" max="${last}" value="0" step="1" aria-label="step">
<span id="step"></span><span id="clock"></span>
<select id="speed" aria-label="speed">${[0.1, 0.25, 0.5, 1, 2, 4]
    .map((x) => `<option value="${x}"${x === 1 ? ' selected' : ''}>${x}&times;</option>`)
    .join('')}</select>
</div>
<section id="traces" aria-label="return and actions over time">
<div id="lines" aria-hidden="true"><i></i></div>
${traces.map((trace) => row(trace, last)).join('\n')}
</section>
<p class="keys"><kbd>space</kbd> play or pause, <kbd>&larr;</kbd> <kbd>&rarr;</kbd> a step (with <kbd>shift</kbd> ten), <kbd>Home</kbd> <kbd>End</kbd></p>
<noscript><p>This is the first state; playing the episode needs scripts.</p></noscript>
</main>
<script type="application/json" id="episode">${embedded(data)}</script>
<script>${PLAYER}</script>
</body>
</html>
`;
};
