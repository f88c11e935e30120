/** The elements of pictures that follow the colour scheme of the page around them. */

/** Colours by their use, light and dark. */
const COLOURS = {
  paper: ['#ffffff', '#0d1117'],
  ink: ['#1f2328', '#e6edf3'],
  faint: ['#59636e', '#9198a1'],
  grid: ['#d1d9e0', '#2a313c'],
  blue: ['#0b63ce', '#58a6ff'],
  green: ['#1a7f37', '#3fb950'],
  amber: ['#9a6700', '#d29922'],
  red: ['#cf222e', '#ff7b72'],
} as const;

export type Colour = keyof typeof COLOURS;

/** The drawing itself is light, also in viewers that know no style sheets. */
export const colour = (name: Colour): string => COLOURS[name][0];

/** In the dark, whatever has the light colour of a name gets its dark one. */
const dark = (names: readonly Colour[]): string =>
  names
    .flatMap((name) => {
      const [light, night] = COLOURS[name];
      return ['fill', 'stroke'].map((property) => `[${property}="${light}"]{${property}:${night}}`);
    })
    .join('');

export const px = (x: number): string => String(Number(x.toFixed(1)));

export const text = (x: number, y: number, words: string, style: string, fill: Colour = 'faint'): string =>
  `<text x="${px(x)}" y="${px(y)}" fill="${colour(fill)}" ${style}>${words}</text>`;

export type Points = readonly (readonly [number, number])[];

/** The data of a path through points in pixels. */
export const path = (points: Points): string =>
  points.map(([x, y], i) => `${i === 0 ? 'M' : 'L'}${px(x)} ${px(y)}`).join('');

export interface Page {
  readonly width: number;
  readonly height: number;
  readonly title: string;
  /** All that are used, but for those of paper and text. */
  readonly colours: readonly Colour[];
  readonly body: readonly string[];
}

/** A whole picture. */
export const page = ({ width, height, title, colours, body }: Page): string =>
  [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`,
    ' font-family="system-ui, -apple-system, &quot;Segoe UI&quot;, Roboto, &quot;Helvetica Neue&quot;, Arial, sans-serif" font-size="12" role="img">',
    `<title>${title}</title>`,
    `<style>@media (prefers-color-scheme:dark){${dark(['paper', 'ink', 'faint', 'grid', ...colours])}}</style>`,
    `<rect width="${width}" height="${height}" fill="${colour('paper')}"/>`,
    ...body,
    '</svg>\n',
  ].join('');
