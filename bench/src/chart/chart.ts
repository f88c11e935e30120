/** Charts of curves, in panels side by side. */
import { type Colour, colour, type Points, page, path, px, text } from './svg.js';

export interface Tick {
  readonly at: number;
  readonly label: string;
}

/** `high` may lie below `low`: then the axis runs down. */
interface Axis {
  readonly title: string;
  readonly low: number;
  readonly high: number;
  readonly logarithmic?: boolean;
  /** Numbers are their own labels. */
  readonly ticks: readonly (number | Tick)[];
}

/** Something drawn in data coordinates; what leaves the panel is cut off. */
export interface Mark {
  readonly colour: Colour;
  readonly points: Points;
  /** Default `line`. */
  readonly kind?: 'line' | 'dots' | 'arrow' | 'area';
  /** Dashes of a line, as in SVG. */
  readonly dash?: string;
  readonly width?: number;
  /** In the legend; marks of the same label and colour stand there once. */
  readonly label?: string;
}

/** Words at a point, in data coordinates. */
interface Note {
  readonly at: readonly [number, number];
  readonly words: string;
  readonly anchor?: 'start' | 'middle' | 'end';
  /** In pixels. */
  readonly shift?: readonly [number, number];
  readonly colour?: Colour;
}

export interface Panel {
  readonly title?: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly marks: readonly Mark[];
  readonly notes?: readonly Note[];
}

export interface Chart {
  readonly title: string;
  readonly subtitle?: string;
  readonly panels: readonly Panel[];
  /** Of a panel, in pixels. Default 240. */
  readonly height?: number;
}

const WIDTH = 720;
const [LEFT, RIGHT, GAP] = [62, 22, 66];

interface Frame {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly x: (value: number) => number;
  readonly y: (value: number) => number;
}

/** Where a value lies on an axis, from 0 to 1. */
const share = ({ low, high, logarithmic = false }: Axis, value: number): number => {
  const of = (each: number): number => (logarithmic ? Math.log(Math.max(each, 1e-300)) : each);
  return (of(value) - of(low)) / (of(high) - of(low));
};

const placed = (points: Points, { x, y }: Frame): Points => points.map(([a, b]) => [x(a), y(b)] as const);

const arrowHead = (points: Points, fill: string): string => {
  const [[x0, y0], [x1, y1]] = points.slice(-2) as unknown as readonly [
    readonly [number, number],
    readonly [number, number],
  ];
  const length = Math.hypot(x1 - x0, y1 - y0);
  const [ux, uy] = [(x1 - x0) / length, (y1 - y0) / length];
  const back = (side: number): readonly [number, number] => [
    x1 - 11 * ux + side * 4.5 * uy,
    y1 - 11 * uy - side * 4.5 * ux,
  ];
  return `<path d="${path([[x1, y1], back(1), back(-1)])}Z" fill="${fill}"/>`;
};

const drawn = ({ colour: name, points, kind = 'line', dash, width = 2 }: Mark, frame: Frame): string => {
  const [fill, at] = [colour(name), placed(points, frame)];
  if (kind === 'dots')
    return at.map(([x, y]) => `<circle cx="${px(x)}" cy="${px(y)}" r="4.5" fill="${fill}"/>`).join('');
  if (kind === 'area') return `<path d="${path(at)}Z" fill="${fill}" fill-opacity="0.14"/>`;
  const dashes = dash === undefined ? '' : ` stroke-dasharray="${dash}"`;
  const line = `<path d="${path(at)}" fill="none" stroke="${fill}" stroke-width="${width}"${dashes} stroke-linejoin="round"/>`;
  return kind === 'arrow' ? line + arrowHead(at, fill) : line;
};

const tickOf = (tick: number | Tick): Tick =>
  typeof tick === 'number' ? { at: tick, label: String(tick).replace('-', '−') } : tick;

const axes = ({ x, y }: Panel, { left, top, width, height, ...frame }: Frame): string =>
  [
    ...y.ticks.map(tickOf).flatMap(({ at, label }) => {
      const row = px(frame.y(at));
      return [
        `<line x1="${px(left)}" x2="${px(left + width)}" y1="${row}" y2="${row}" stroke="${colour('grid')}"/>`,
        text(left - 8, frame.y(at) + 4, label, 'text-anchor="end"'),
      ];
    }),
    ...x.ticks.map(tickOf).map(({ at, label }) => text(frame.x(at), top + height + 18, label, 'text-anchor="middle"')),
    text(left + width / 2, top + height + 38, x.title, 'text-anchor="middle"'),
    y.title === ''
      ? ''
      : text(
          0,
          0,
          y.title,
          `text-anchor="middle" transform="translate(${px(left - 46)} ${px(top + height / 2)}) rotate(-90)"`,
        ),
  ].join('');

const panelAt = (panel: Panel, place: Omit<Frame, 'x' | 'y'>, index: number): string => {
  const { left, top, width, height } = place;
  const frame: Frame = {
    ...place,
    x: (value) => left + width * share(panel.x, value),
    y: (value) => top + height * (1 - share(panel.y, value)),
  };
  const notes = (panel.notes ?? []).map(({ at, words, anchor = 'start', shift = [0, 0], colour: fill = 'ink' }) =>
    text(frame.x(at[0]) + shift[0], frame.y(at[1]) + shift[1], words, `text-anchor="${anchor}"`, fill),
  );
  return [
    `<clipPath id="p${index}"><rect x="${px(left - 1)}" y="${px(top - 1)}" width="${px(width + 2)}" height="${px(height + 2)}"/></clipPath>`,
    axes(panel, frame),
    panel.title === undefined ? '' : text(left, top - 10, panel.title, 'font-weight="600"', 'ink'),
    `<g clip-path="url(#p${index})">${panel.marks.map((mark) => drawn(mark, frame)).join('')}</g>`,
    ...notes,
  ].join('');
};

/** Guessed, for there is nothing here that knows fonts. */
const widthOf = (words: string): number => 6.4 * words.length;

const legendMark = ({ colour: name, kind = 'line', dash }: Mark, x: number, y: number): string => {
  const fill = colour(name);
  if (kind === 'dots') return `<circle cx="${px(x + 13)}" cy="${px(y)}" r="4.5" fill="${fill}"/>`;
  if (kind === 'area')
    return `<rect x="${px(x)}" y="${px(y - 6)}" width="26" height="12" fill="${fill}" fill-opacity="0.14"/>`;
  const dashes = dash === undefined ? '' : ` stroke-dasharray="${dash}"`;
  return `<line x1="${px(x)}" x2="${px(x + 26)}" y1="${px(y)}" y2="${px(y)}" stroke="${fill}" stroke-width="2.5"${dashes}/>`;
};

/** Rows of labels, as many in each as fit. */
const legendRows = (marks: readonly Mark[]): readonly (readonly { readonly mark: Mark; readonly x: number }[])[] => {
  const labelled = marks.filter(
    ({ label, colour: name }, i) =>
      label !== undefined && marks.findIndex((other) => other.label === label && other.colour === name) === i,
  );
  return labelled.reduce<readonly (readonly { readonly mark: Mark; readonly x: number }[])[]>((rows, mark) => {
    const last = rows.at(-1) ?? [];
    const before = last.at(-1);
    const x = before === undefined ? LEFT : before.x + 34 + widthOf(before.mark.label ?? '') + 22;
    return before !== undefined && x + 34 + widthOf(mark.label ?? '') > WIDTH - RIGHT
      ? [...rows, [{ mark, x: LEFT }]]
      : [...rows.slice(0, -1), [...last, { mark, x }]];
  }, []);
};

/** A chart as an SVG, 720 pixels wide. */
export const chart = ({ title, subtitle, panels, height = 240 }: Chart): string => {
  const marks = panels.flatMap((panel) => panel.marks);
  const rows = legendRows(marks);
  const head = subtitle === undefined ? 34 : 54;
  const titled = panels.some((panel) => panel.title !== undefined);
  const top = head + 24 * rows.length + (titled ? 36 : 18);
  const width = (WIDTH - LEFT - RIGHT - GAP * (panels.length - 1)) / panels.length;
  const legend = rows.flatMap((row, i) =>
    row.map(({ mark, x }) => {
      const y = head + 14 + 24 * i;
      return legendMark(mark, x, y) + text(x + 34, y + 4, mark.label ?? '', 'font-size="13"', 'ink');
    }),
  );
  const used = [...marks.map((mark) => mark.colour), ...panels.flatMap(({ notes = [] }) => notes.map((n) => n.colour))];
  return page({
    width: WIDTH,
    height: top + height + 54,
    title,
    colours: [...new Set(used)].filter(
      (name) => name !== undefined && !['paper', 'ink', 'faint', 'grid'].includes(name),
    ) as readonly Colour[],
    body: [
      text(LEFT, 30, title, 'font-size="17" font-weight="600"', 'ink'),
      subtitle === undefined ? '' : text(LEFT, 50, subtitle, 'font-size="13"'),
      ...legend,
      ...panels.map((panel, i) => panelAt(panel, { left: LEFT + i * (width + GAP), top, width, height }, i)),
    ],
  });
};

/** Numbers from `low` to `high`, both among them. */
export const range = (low: number, high: number, count: number): readonly number[] =>
  Array.from({ length: count }, (_, i) => low + ((high - low) * i) / (count - 1));

const SUPERSCRIPTS = '⁰¹²³⁴⁵⁶⁷⁸⁹';

/** 10⁻³ and the like. */
export const power = (exponent: number): string =>
  exponent === 0
    ? '1'
    : `10${exponent < 0 ? '⁻' : ''}${Array.from(String(Math.abs(exponent)), (digit) => SUPERSCRIPTS[Number(digit)]).join('')}`;

/** Ticks at powers of ten. */
export const decades = (low: number, high: number, step = 1): readonly Tick[] =>
  Array.from({ length: Math.floor((high - low) / step) + 1 }, (_, i) => {
    const exponent = low + i * step;
    return { at: 10 ** exponent, label: power(exponent) };
  });
