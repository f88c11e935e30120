/** Small multiples of curves as an SVG that follows the colour scheme of the page around it. */
import { power } from '../chart/chart.js';
import { colour, page, path, px, text } from '../chart/svg.js';
import type { Curve } from './summary.js';

/** Of each algorithm: its name in the legend, its colours, the dashes of its line. */
const LINES = [
  { algorithm: 'penalised', label: 'penalised update, C of theorem 1', colour: 'green', dash: '' },
  { algorithm: 'conservative', label: 'conservative policy iteration', colour: 'amber', dash: '6 4' },
  {
    algorithm: 'trust region, δ = 0.01',
    label: 'practical trust region, δ = 0.01',
    colour: 'blue',
    dash: '',
  },
] as const;

/** Of the whole, in pixels. */
const WIDTH = 920;
const [LEFT, TOP, GAP] = [64, 128, 28];
const [ROW, BETWEEN] = [180, 72];
const HEIGHT = TOP + 2 * ROW + BETWEEN + 52;

/** Maps data to pixels of one panel. */
interface Frame {
  readonly x: (update: number) => number;
  readonly y: (value: number) => number;
}

interface Axis {
  readonly quantity: Curve['quantity'];
  readonly title: string;
  readonly low: number;
  readonly high: number;
  readonly logarithmic: boolean;
  readonly ticks: readonly { readonly at: number; readonly label: string }[];
}

const CLOSED: Axis = {
  quantity: 'closed',
  title: 'share of J* − J₀ gained',
  low: 0,
  high: 1,
  logarithmic: false,
  ticks: [0, 0.25, 0.5, 0.75, 1].map((at) => ({ at, label: `${100 * at} %` })),
};

/** Decades that hold all numbers, a label at every second one if there are many. */
const klAxis = (curves: readonly Curve[]): Axis => {
  const all = curves.flatMap(({ lower, upper }) => [...lower, ...upper]).filter((x) => x > 0);
  const [low, high] = [Math.floor(Math.log10(Math.min(...all))), Math.ceil(Math.log10(Math.max(...all)))];
  const decades = Array.from({ length: high - low + 1 }, (_, i) => low + i);
  return {
    quantity: 'maxKl',
    title: 'KL_max of an update, nats',
    low: 10 ** low,
    high: 10 ** high,
    logarithmic: true,
    ticks: decades
      .filter((each) => decades.length < 6 || (high - each) % 2 === 0)
      .map((each) => ({ at: 10 ** each, label: power(each) })),
  };
};

/** Median and, behind it, the quartiles. */
const curve = ({ lower, middle, upper, quantity }: Curve, { x, y }: Frame, line: (typeof LINES)[number]): string => {
  // The first update is number 1; what is closed before it is number 0.
  const first = quantity === 'closed' ? 0 : 1;
  const at = (values: readonly number[]): readonly (readonly [number, number])[] =>
    values.map((value, k) => [x(k + first), y(value)]);
  const band = path([...at(upper), ...[...at(lower)].reverse()]);
  const dash = line.dash === '' ? '' : ` stroke-dasharray="${line.dash}"`;
  return (
    `<path d="${band}Z" fill="${colour(line.colour)}" fill-opacity="0.16"/>` +
    `<path d="${path(at(middle))}" fill="none" stroke="${colour(line.colour)}" stroke-width="2"${dash} stroke-linejoin="round"/>`
  );
};

interface Place {
  readonly left: number;
  readonly top: number;
  readonly width: number;
}

const frameOf = ({ left, top, width }: Place, { low, high, logarithmic }: Axis, updates: number): Frame => {
  const of = (value: number): number => (logarithmic ? Math.log(Math.max(value, low)) : value);
  const [bottom, range] = [of(low), of(high) - of(low)];
  return {
    x: (update) => left + (width * update) / updates,
    y: (value) => top + ROW * (1 - (of(value) - bottom) / range),
  };
};

const panel = (curves: readonly Curve[], axis: Axis, place: Place, updates: number, first: boolean): string => {
  const frame = frameOf(place, axis, updates);
  const { left, width, top } = place;
  const rows = axis.ticks.map(
    ({ at, label }) =>
      `<line x1="${px(left)}" x2="${px(left + width)}" y1="${px(frame.y(at))}" y2="${px(frame.y(at))}" stroke="${colour('grid')}"/>` +
      (first ? text(left - 8, frame.y(at) + 4, label, 'text-anchor="end"') : ''),
  );
  const columns = [0, updates / 2, updates].map((at) =>
    text(frame.x(at), top + ROW + 18, String(at), 'text-anchor="middle"'),
  );
  const lines = LINES.flatMap((line) =>
    curves
      .filter(({ algorithm, quantity }) => algorithm === line.algorithm && quantity === axis.quantity)
      .map((each) => curve(each, frame, line)),
  );
  const title = first ? text(left, top - 30, axis.title, 'font-weight="600"', 'ink') : '';
  return [...rows, ...columns, ...lines, title].join('');
};

const legend = (): string =>
  LINES.map(({ label, colour: name, dash }, i) => {
    const x = LEFT + i * 280;
    const dashes = dash === '' ? '' : ` stroke-dasharray="${dash}"`;
    return (
      `<line x1="${x}" x2="${x + 26}" y1="56" y2="56" stroke="${colour(name)}" stroke-width="2.5"${dashes}/>` +
      text(x + 34, 60, label, 'font-size="13"', 'ink')
    );
  }).join('');

/** Two rows of panels, one column for each γ: the gap closed, and KL_max. */
export const plot = (curves: readonly Curve[]): string => {
  const drawn = curves.filter(({ algorithm }) => LINES.some((line) => line.algorithm === algorithm));
  const gammas = [...new Set(drawn.map(({ gamma }) => gamma))];
  const updates = Math.max(...drawn.map(({ middle, quantity }) => middle.length - (quantity === 'closed' ? 1 : 0)));
  const width = (WIDTH - LEFT - 24 - GAP * (gammas.length - 1)) / gammas.length;
  const axes = [CLOSED, klAxis(drawn.filter(({ quantity }) => quantity === 'maxKl'))];
  const panels = gammas.flatMap((gamma, column) =>
    axes.map((axis, row) => {
      const place = { left: LEFT + column * (width + GAP), top: TOP + row * (ROW + BETWEEN), width };
      const those = drawn.filter((each) => each.gamma === gamma);
      const head = text(place.left, place.top - 10, `γ = ${gamma}`, '');
      return panel(those, axis, place, updates, column === 0) + head;
    }),
  );
  return page({
    width: WIDTH,
    height: HEIGHT,
    title: 'What the theory guarantees, and what practice does',
    colours: LINES.map((line) => line.colour),
    body: [
      text(LEFT, 30, 'What the theory guarantees, and what practice does', 'font-size="19" font-weight="600"', 'ink'),
      legend(),
      ...panels,
      text(
        LEFT + (WIDTH - LEFT - 24) / 2,
        HEIGHT - 14,
        'updates; median and quartiles over random MDPs',
        'text-anchor="middle"',
      ),
    ],
  });
};
