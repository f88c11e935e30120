/** SVG text: escaped, and every number finite. */
import { type Canvas, type Drawing, LISTS, type List, type Look, type Mark } from './drawing.js';
import { LAYERS, type Layer, styleSheet, type Theme } from './palette.js';

/** Text for XML and HTML, in content and in attributes. Characters that XML does not know are replaced. */
export const escapeXml = (text: string): string =>
  text
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones that XML 1.0 has no way to write
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Cs}/gu, '\ufffd')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;')
    .replace(/'/g, '&#39;');

/** `M1 2L3 4`: a path through points; a single point is a line of no length, which round ends make a dot. */
export const pathThrough = (points: readonly number[], closed: boolean): string => {
  const pair = (i: number): string => `${points[i] as number} ${points[i + 1] as number}`;
  const rest = Array.from({ length: points.length / 2 - 1 }, (_, i) => `L${pair(2 * i + 2)}`).join('');
  return `M${pair(0)}${rest === '' ? `L${pair(0)}` : rest}${closed ? 'Z' : ''}`;
};

/** How points place a mark: as a line through them, as the outline of an area, or as a shift of the whole. */
export type Placing = 'line' | 'area' | 'shift';

/** How a look is placed. */
export const placingOf = ({ kind }: Look): Placing =>
  kind === 'label' || kind === 'plane' || kind === 'tiles' ? 'shift' : kind === 'area' ? 'area' : 'line';

/** `translate(1 2)`. */
export const shiftBy = (points: readonly number[]): string =>
  `translate(${points[0] as number} ${points[1] as number})`;

const round = (x: number): number => Math.round(x * 100) / 100 + 0;

/** Towards the light, on the picture. */
const LIGHT = [-0.5, -0.866] as const;
/** Layers of a solid of some width in picture units: of a narrow one most would not be seen. */
const layersFor = (width: number): readonly number[] =>
  width < 8 ? [0, 1, 7] : width < 36 ? [0, 1, 3, 5, 7, 9, 11] : LAYERS.map((_, i) => i);

/** A dashed line for each row, as wide as a tile is deep; every second one begins with the gap. */
const tilesPath = ({ side, deep, columns, rows }: Extract<Look, { readonly kind: 'tiles' }>): string =>
  Array.from(
    { length: rows },
    (_, j) => `M${j % 2 === 0 ? 0 : side} ${round(-(j + 0.5) * deep)}H${round(columns * side)}`,
  ).join('');

/** A look as elements, and the names of the style rules and of the gradient that it needs. */
export interface Drawn {
  /**
   * The elements. `path` begins each that is placed by its points, e.g. `path d="M0 0L1 1"`, or `use href="#…"` for one that is placed
   * elsewhere; what is placed by a shift leaves that to a group around it.
   */
  readonly elements: (path: string) => string;
  readonly rules: readonly string[];
  readonly gradient?: string;
}

/** How a look is written; `id` is the prefix of classes and ids. */
export const drawn = (look: Look, id: string, { width, height }: Canvas): Drawn => {
  switch (look.kind) {
    case 'solid': {
      const layers = layersFor(look.width);
      return {
        rules: layers.map((i) => `${look.tint}${i}`),
        elements: (path) =>
          layers
            .map((i) => {
              const { width: share, shift } = LAYERS[i] as Layer;
              const [dx, dy] = LIGHT.map((c) => round((c * shift * look.width) / 2)) as [number, number];
              const moved = shift === 0 ? '' : ` transform="translate(${dx} ${dy})"`;
              return `<${path} class="${id}-${look.tint}${i}" stroke-width="${round(share * look.width)}"${moved}/>`;
            })
            .join(''),
      };
    }
    case 'disc': {
      const inner = round(Math.max(0.1, look.width * 0.97 - 1.6));
      return {
        rules: [`${look.tint}-edge`, `${look.tint}-line`],
        elements: (path) =>
          `<${path} class="${id}-${look.tint}-edge" stroke-width="${look.width}"/>` +
          `<${path} class="${id}-${look.tint}-line" stroke-width="${inner}"/>`,
      };
    }
    case 'area': {
      const { tint, rim } = look;
      const fill = `fill="url(#${id}-${tint})"`;
      const inner = rim > 0 ? `${fill} stroke="url(#${id}-${tint})" stroke-width="${round(2 * rim)}"` : fill;
      return {
        rules: [`${tint}-edge`, `${tint}-top`, `${tint}-low`],
        gradient: tint,
        elements: (path) =>
          `<${path} class="${id}-${tint}-edge" stroke-width="${round(2 * rim + 2)}"/><${path} ${inner}/>`,
      };
    }
    case 'line': {
      const dashes = `${round(2 * look.width)} ${round(2.6 * look.width)}`;
      return {
        rules: [`${look.tint}-line`],
        elements: (path) =>
          `<${path} class="${id}-${look.tint}-line" stroke-width="${look.width}"${look.dashed ? ` stroke-dasharray="${dashes}"` : ''}/>`,
      };
    }
    case 'label':
      return {
        rules: [`${look.tint}-text`],
        elements: () =>
          `<text class="${id}-text ${id}-${look.tint}-text" font-size="${look.size}" dy=".35em">${escapeXml(look.text)}</text>`,
      };
    case 'shadow':
      return { rules: ['shadow'], elements: (path) => `<${path} stroke-width="${look.width}"/>` };
    case 'plane': {
      const edge = `<path class="${id}-${look.surface}-edge" stroke-width="1.5" d="M0 0H${width}"/>`;
      return {
        rules: look.edge ? [look.surface, `${look.surface}-edge`] : [look.surface],
        elements: () =>
          `<rect class="${id}-${look.surface}" width="${width}" height="${2 * height}"/>${look.edge ? edge : ''}`,
      };
    }
    case 'tiles':
      return {
        rules: [`${look.surface}-tiles`],
        elements: () =>
          `<path class="${id}-${look.surface}-tiles" fill="none" stroke-width="${look.deep}" stroke-dasharray="${look.side}" d="${tilesPath(look)}"/>`,
      };
  }
};

/** What a picture is called and how it is written. */
export interface Frame {
  readonly title: string;
  readonly theme: Theme;
  /** Prefix of every id and class. */
  readonly id: string;
}

/** A picture around its written lists; `looks` are those in them. `end` comes last, over everything. */
export const pictureOf = (
  canvas: Canvas,
  { title, theme, id }: Frame,
  lists: Readonly<Record<List, string>>,
  looks: readonly Look[],
  end = '',
): string => {
  const { width, height, matrix } = canvas;
  const all = looks.map((look) => drawn(look, id, canvas));
  const names = new Set([...all.flatMap(({ rules }) => rules), 'sky-top', 'sky-low', 'glow']);
  const gradients = [...new Set(all.flatMap(({ gradient }) => gradient ?? []))];
  const { a, b, c, d } = matrix;
  const ground = `transform="matrix(${[a, b, c, d].map((x) => Math.round(x * 1e5) / 1e5 + 0).join(' ')} ${width / 2} ${height / 2})"`;
  const font = `.${id}-text{font-weight:600;font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;text-anchor:middle}`;
  const gradient = (name: string, stops: string): string =>
    `<linearGradient id="${id}-${name}" x2="0" y2="1">${stops}</linearGradient>`;
  const stop = (name: string, rest = ''): string => `<stop class="${id}-${name}"${rest}/>`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"`,
    ` role="img" aria-label="${escapeXml(title)}">`,
    `<title>${escapeXml(title)}</title><style>${font}${styleSheet(names, theme, id)}</style><defs>`,
    gradient('sky', stop('sky-top') + stop('sky-low', ' offset="1"')),
    ...gradients.map((tint) => gradient(tint, stop(`${tint}-top`) + stop(`${tint}-low`, ' offset="1"'))),
    `<radialGradient id="${id}-spot">${stop('glow', ' stop-opacity=".5"')}${stop('glow', ' offset="1" stop-opacity="0"')}</radialGradient>`,
    `<filter id="${id}-soft" filterUnits="userSpaceOnUse" x="0" y="0" width="${width}" height="${height}">`,
    `<feGaussianBlur stdDeviation="${round(height / 160)}"/></filter></defs>`,
    `<rect width="${width}" height="${height}" fill="url(#${id}-sky)"/>`,
    `<g>${lists.plane}</g>`,
    lists.tiles === '' ? '' : `<g ${ground}>${lists.tiles}</g>`,
    `<ellipse cx="${width / 2}" cy="${height / 2}" rx="${round(width * 0.55)}" ry="${round(height * 0.6)}" fill="url(#${id}-spot)"/>`,
    `<g fill="none" stroke-linecap="round" stroke-linejoin="round"><g>${lists.marks}</g>`,
    lists.shadows === ''
      ? ''
      : `<g opacity=".3" filter="url(#${id}-soft)"><g class="${id}-shadow" ${ground}>${lists.shadows}</g></g>`,
    `<g>${lists.shapes}</g></g>${end}</svg>`,
  ].join('');
};

/** A drawing as SVG text. */
export const svgOf = (drawing: Drawing, frame: Frame): string => {
  const written = ({ look, points }: Mark): string => {
    const { elements } = drawn(look, frame.id, drawing);
    const placing = placingOf(look);
    return placing === 'shift'
      ? `<g transform="${shiftBy(points)}">${elements('')}</g>`
      : elements(`path d="${pathThrough(points, placing === 'area')}"`);
  };
  const lists = Object.fromEntries(LISTS.map((list) => [list, drawing[list].map(written).join('')]));
  const looks = LISTS.flatMap((list) => drawing[list].map(({ look }) => look));
  return pictureOf(drawing, frame, lists as Record<List, string>, looks);
};
