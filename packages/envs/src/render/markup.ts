/** SVG text: escaped, and every number finite. */
import type { Drawing, Look, Mark } from './drawing.js';
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

/** How the place of a mark is written: as the `d` of each of its paths, or as a shift of the whole. */
export const placedBy = ({ kind }: Look): 'path' | 'shift' =>
  kind === 'label' || kind === 'plane' || kind === 'tiles' ? 'shift' : 'path';

const round = (x: number): number => Math.round(x * 100) / 100 + 0;

/** Towards the light, on the picture. */
const LIGHT = [-0.5, -0.866] as const;
/** Layers of a solid of some width in picture units: of a narrow one most would not be seen. */
const layersFor = (width: number): readonly number[] =>
  width < 8 ? [0, 1, 7] : width < 36 ? [0, 1, 3, 5, 7, 9, 11] : LAYERS.map((_, i) => i);

const tilesPath = ({ side, deep, columns, rows }: Extract<Look, { readonly kind: 'tiles' }>): string =>
  Array.from({ length: rows }, (_, j) =>
    Array.from({ length: columns }, (_, i) =>
      (i + j) % 2 === 0 ? `M${round(i * side)} ${round(-j * deep)}h${side}v${-deep}h${-side}z` : '',
    ).join(''),
  ).join('');

/** A mark as an element, and the names of the style rules and of the gradient that it needs. */
export interface Drawn {
  /** Attributes that place it are left to `place`, so that a film can leave them out. */
  readonly write: (place: string) => string;
  readonly rules: readonly string[];
  readonly gradient?: string;
}

/** How a look is written. `place` is `d="…"` or `transform="…"`; `id` is the prefix of classes and ids. */
export const drawn = (look: Look, id: string, { width, height }: Pick<Drawing, 'width' | 'height'>): Drawn => {
  switch (look.kind) {
    case 'solid': {
      const layers = layersFor(look.width);
      return {
        rules: layers.map((i) => `${look.tint}${i}`),
        write: (place) =>
          `<g>${layers
            .map((i) => {
              const { width: share, shift } = LAYERS[i] as Layer;
              const [dx, dy] = LIGHT.map((c) => round((c * shift * look.width) / 2)) as [number, number];
              const moved = shift === 0 ? '' : ` transform="translate(${dx} ${dy})"`;
              return `<path class="${id}-${look.tint}${i}" stroke-width="${round(share * look.width)}"${moved} ${place}/>`;
            })
            .join('')}</g>`,
      };
    }
    case 'disc':
      return {
        rules: [`${look.tint}-edge`, `${look.tint}-line`],
        write: (place) =>
          `<g><path class="${id}-${look.tint}-edge" stroke-width="${look.width}" ${place}/>` +
          `<path class="${id}-${look.tint}-line" stroke-width="${round(Math.max(0.1, look.width * 0.97 - 1.6))}" ${place}/></g>`,
      };
    case 'area': {
      const { tint, rim } = look;
      const fill = `fill="url(#${id}-${tint})"`;
      const inner = rim > 0 ? `${fill} stroke="url(#${id}-${tint})" stroke-width="${round(2 * rim)}"` : fill;
      return {
        rules: [`${tint}-edge`, `${tint}-top`, `${tint}-low`],
        gradient: tint,
        write: (place) =>
          `<g><path class="${id}-${tint}-edge" stroke-width="${round(2 * rim + 2)}" ${place}/><path ${inner} ${place}/></g>`,
      };
    }
    case 'line':
      return {
        rules: [`${look.tint}-line`],
        write: (place) =>
          `<path class="${id}-${look.tint}-line" stroke-width="${look.width}"${
            look.dashed ? ` stroke-dasharray="${round(2 * look.width)} ${round(2.6 * look.width)}"` : ''
          } ${place}/>`,
      };
    case 'label':
      return {
        rules: [`${look.tint}-text`],
        write: (place) =>
          `<text class="${id}-${look.tint}-text" font-size="${look.size}" dy=".35em" ${place}>${escapeXml(look.text)}</text>`,
      };
    case 'shadow':
      return { rules: ['shadow'], write: (place) => `<path stroke-width="${look.width}" ${place}/>` };
    case 'plane':
      return {
        rules: look.edge ? [look.surface, `${look.surface}-edge`] : [look.surface],
        write: (place) =>
          `<g ${place}><rect class="${id}-${look.surface}" width="${width}" height="${2 * height}"/>${
            look.edge ? `<path class="${id}-${look.surface}-edge" stroke-width="1.5" d="M0 0H${width}"/>` : ''
          }</g>`,
      };
    case 'tiles':
      return {
        rules: [`${look.surface}-tiles`],
        write: (place) => `<path class="${id}-${look.surface}-tiles" ${place} d="${tilesPath(look)}"/>`,
      };
  }
};

/** The attribute that places a mark. */
export const placeOf = ({ look, points }: Mark): string =>
  placedBy(look) === 'path'
    ? `d="${pathThrough(points, look.kind === 'area')}"`
    : `transform="translate(${points[0] as number} ${points[1] as number})"`;

/** What a picture is called and how it is written. */
export interface Frame {
  readonly title: string;
  readonly theme: Theme;
  /** Prefix of every id and class. */
  readonly id: string;
}

const matrixText = ({ matrix: { a, b, c, d }, width, height }: Drawing): string =>
  `matrix(${[a, b, c, d].map((x) => Math.round(x * 1e5) / 1e5 + 0).join(' ')} ${width / 2} ${height / 2})`;

/** The parts of a picture between `<svg>` and `</svg>`, the marks of each list already written. */
export interface Parts {
  readonly plane: string;
  readonly tiles: string;
  readonly marks: string;
  readonly shadows: string;
  readonly shapes: string;
}

/** A picture from its written parts. `rules` and `gradients` are those that the parts need. */
export const pictureOf = (
  drawing: Drawing,
  { title, theme, id }: Frame,
  parts: Parts,
  rules: readonly string[],
  gradients: readonly string[],
  extra: { readonly attributes?: string; readonly style?: string } = {},
): string => {
  const { width, height } = drawing;
  const grounded = drawing.plane.length > 0;
  const names = new Set([...rules, 'sky-top', 'sky-low', 'glow']);
  const matrix = matrixText(drawing);
  const font = `.${id}-all text{font-weight:600;font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;text-anchor:middle}`;
  const gradient = (tint: string): string =>
    `<linearGradient id="${id}-${tint}" x2="0" y2="1"><stop class="${id}-${tint}-top"/><stop offset="1" class="${id}-${tint}-low"/></linearGradient>`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"`,
    ` role="img" aria-label="${escapeXml(title)}" class="${id}-all"${extra.attributes ?? ''}>`,
    `<title>${escapeXml(title)}</title>`,
    `<style>${font}${styleSheet(names, theme, id)}${extra.style ?? ''}</style><defs>`,
    `<linearGradient id="${id}-sky" x2="0" y2="1"><stop class="${id}-sky-top"/><stop offset="1" class="${id}-sky-low"/></linearGradient>`,
    `<radialGradient id="${id}-glow"><stop class="${id}-glow" stop-opacity=".5"/><stop offset="1" class="${id}-glow" stop-opacity="0"/></radialGradient>`,
    [...new Set(gradients)].map(gradient).join(''),
    grounded
      ? `<filter id="${id}-soft" filterUnits="userSpaceOnUse" x="0" y="0" width="${width}" height="${height}"><feGaussianBlur stdDeviation="${round(height / 160)}"/></filter>`
      : '',
    `</defs><rect width="${width}" height="${height}" fill="url(#${id}-sky)"/>`,
    parts.plane,
    parts.tiles === '' ? '' : `<g transform="${matrix}">${parts.tiles}</g>`,
    `<ellipse cx="${width / 2}" cy="${height / 2}" rx="${round(width * 0.55)}" ry="${round(height * 0.6)}" fill="url(#${id}-glow)"/>`,
    `<g fill="none" stroke-linecap="round" stroke-linejoin="round">`,
    parts.marks,
    parts.shadows === ''
      ? ''
      : `<g opacity=".3" filter="url(#${id}-soft)"><g class="${id}-shadow" transform="${matrix}">${parts.shadows}</g></g>`,
    `${parts.shapes}</g></svg>`,
  ].join('');
};

/** A drawing as SVG text. */
export const svgOf = (drawing: Drawing, frame: Frame): string => {
  const write = (marks: readonly Mark[]): string =>
    marks.map((mark) => drawn(mark.look, frame.id, drawing).write(placeOf(mark))).join('');
  const { plane, tiles, marks, shadows, shapes } = drawing;
  const all = [...plane, ...tiles, ...marks, ...shadows, ...shapes].map(({ look }) => drawn(look, frame.id, drawing));
  return pictureOf(
    drawing,
    frame,
    { plane: write(plane), tiles: write(tiles), marks: write(marks), shadows: write(shadows), shapes: write(shapes) },
    all.flatMap(({ rules }) => rules),
    all.flatMap(({ gradient }) => gradient ?? []),
  );
};
