/** The charts: uPlot draws, this file says what. */
import uPlot from 'uplot';
import { descriptions } from '../core/history.js';
import type { Point } from '../core/protocol.js';
import { colour, find } from './dom.js';

/** A chart that follows the points, the width of its place, and the colours of the page. */
interface Chart {
  readonly draw: (points: readonly Point[], description: string) => void;
  readonly recolour: () => void;
}

/** Half a bar more on both sides. */
const withRoomForBars: uPlot.Range.Function = (plot, low, high) => {
  const bars = plot.data[0].length;
  const half = bars > 1 ? (high - low) / (bars - 1) / 2 : Math.max(1, low / 2);
  return [low - half, high + half];
};

/** What distinguishes a chart: made anew when colours change. */
interface Kind {
  readonly id: string;
  readonly options: () => Pick<uPlot.Options, 'series'> & Partial<uPlot.Options>;
  readonly data: (points: readonly Point[]) => uPlot.AlignedData;
}

const FONT = '12px system-ui, sans-serif';

const axis = (more: uPlot.Axis = {}): uPlot.Axis => ({
  stroke: colour('faint'),
  font: FONT,
  grid: { stroke: colour('line'), width: 1 },
  ticks: { show: false },
  size: 52,
  ...more,
});

/** Steps as 20k, 1.5M. */
const brief = (x: number): string => {
  const [divisor, unit] = Math.abs(x) >= 1e6 ? [1e6, 'M'] : Math.abs(x) >= 1e3 ? [1e3, 'k'] : [1, ''];
  return `${Number((x / divisor).toPrecision(3))}${unit}`;
};

const steps = (): uPlot.Axis => axis({ size: 28, grid: { show: false }, values: (_, ticks) => ticks.map(brief) });

/** A range with room, also where all values are equal. */
const roomy: uPlot.Range.Function = (_, low, high) => {
  if (low === null || high === null || !Number.isFinite(low) || !Number.isFinite(high)) return [0, 1];
  const pad = low === high ? Math.max(1e-6, Math.abs(low) * 0.1) : (high - low) * 0.08;
  return [low - pad, high + pad];
};

const chart = ({ id, options, data }: Kind): Chart => {
  const place = find(id);
  place.setAttribute('role', 'img');
  place.classList.add('empty');
  let plot: uPlot | null = null;
  let shown: readonly Point[] = [];
  const size = (): { readonly width: number; readonly height: number } => ({
    width: Math.max(120, place.clientWidth),
    height: Math.max(120, place.clientHeight),
  });
  const make = (): void => {
    plot?.destroy();
    plot = new uPlot(
      {
        ...size(),
        legend: { show: false },
        cursor: { drag: { x: false, y: false }, points: { size: 6 } },
        scales: { x: { time: false }, y: { range: roomy } },
        axes: [steps(), axis({ values: (_, ticks) => ticks.map(brief) })],
        padding: [8, 12, 0, 0],
        ...options(),
      },
      data(shown),
      place,
    );
  };
  make();
  new ResizeObserver(() => {
    const { width, height } = size();
    if (plot !== null && (plot.width !== width || plot.height !== height)) plot.setSize({ width, height });
  }).observe(place);
  return {
    draw: (points, description) => {
      shown = points;
      place.classList.toggle('empty', points.length === 0);
      plot?.setData(data(points));
      place.setAttribute('aria-label', description);
    },
    recolour: make,
  };
};

/** Places of a logarithmic axis: powers of ten, about six of them, or where there are fewer than two 1, 2 and 5 times such. */
const logarithmic = (low: number, high: number): number[] => {
  const [first, last] = [Math.ceil(Math.log10(low) - 1e-9), Math.floor(Math.log10(high) + 1e-9)];
  if (last - first >= 1) {
    const every = Math.max(1, Math.ceil((last - first) / 6));
    return Array.from({ length: Math.floor((last - first) / every) + 1 }, (_, i) => 10 ** (last - i * every)).reverse();
  }
  return [first - 1, first]
    .flatMap((exponent) => [1, 2, 5].map((factor) => factor * 10 ** exponent))
    .filter((x) => x >= low && x <= high);
};

const SUPERSCRIPTS = '⁰¹²³⁴⁵⁶⁷⁸⁹';

/** 10⁻³, or what is near 1 as it is. */
const powerText = (x: number): string => {
  const exponent = Math.log10(x);
  const power = Math.round(exponent);
  if (Math.abs(exponent - power) > 1e-6 || Math.abs(power) < 2) return String(Number(x.toPrecision(1)));
  const digits = String(Math.abs(power)).replace(/\d/g, (digit) => SUPERSCRIPTS[Number(digit)] ?? '');
  return `10${power < 0 ? '⁻' : ''}${digits}`;
};

const xs = (points: readonly Point[]): number[] => points.map(({ totalSteps }) => totalSteps);

/** uPlot's number for it. */
// eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment -- its enumeration exists in its types only
const LOGARITHMIC = 3 as uPlot.Scale.Distr;

/** How many solves are drawn, the latest strongest. */
const SOLVES = 6;

const translucent = (name: string, alpha: number): string =>
  `${colour(name)}${Math.round(alpha * 255)
    .toString(16)
    .padStart(2, '0')}`;

/** All charts of the page. */
export const charts = (): {
  readonly draw: (points: readonly Point[]) => void;
  readonly recolour: () => void;
  /** The mean return from which the environment counts as solved; null for none. */
  readonly setGoal: (goal: number | null) => void;
} => {
  let goal: number | null = null;
  const returns = chart({
    id: 'chart-return',
    options: () => ({
      series: [
        {},
        { stroke: 'transparent', points: { show: false } },
        { stroke: 'transparent', points: { show: false } },
        { stroke: colour('goal'), width: 1.5, dash: [6, 5], points: { show: false } },
        { stroke: colour('return'), width: 2, spanGaps: true, points: { show: false } },
      ],
      bands: [{ series: [2, 1], fill: translucent('return', 0.16) }],
    }),
    data: (points) => {
      const of = (pick: 'mean' | 'min' | 'max'): (number | null)[] =>
        points.map(({ returns: each }) => each?.[pick] ?? null);
      return [xs(points), of('min'), of('max'), points.map(() => goal), of('mean')];
    },
  });
  const kl = chart({
    id: 'chart-kl',
    options: () => ({
      scales: {
        x: { time: false, range: withRoomForBars },
        y: { range: (_, _low, high) => [0, high > 0 ? high * 1.15 : 1] },
      },
      series: [
        {},
        {
          stroke: colour('kl'),
          fill: translucent('kl', 0.55),
          width: 0,
          points: { show: false },
          ...(uPlot.paths.bars === undefined ? {} : { paths: uPlot.paths.bars({ size: [0.7, 24] }) }),
        },
        { stroke: colour('delta'), width: 2, dash: [6, 5], points: { show: false } },
      ],
      axes: [steps(), axis({ size: 60 })],
    }),
    data: (points) => {
      // As many bars as can be told apart.
      const latest = points.slice(-80);
      return [xs(latest), latest.map((each) => each.kl), latest.map(({ delta }) => delta)];
    },
  });
  const cg = chart({
    id: 'chart-cg',
    options: () => ({
      scales: { x: { time: false }, y: { distr: LOGARITHMIC } },
      series: [
        {},
        ...Array.from({ length: SOLVES }, (_, i): uPlot.Series => {
          const newest = i === SOLVES - 1;
          return {
            stroke: translucent('cg', newest ? 1 : 0.12 + (0.3 * i) / SOLVES),
            width: newest ? 2.5 : 1.5,
            points: { show: newest, size: 6, fill: colour('cg') },
          };
        }),
      ],
      axes: [
        axis({ size: 28, grid: { show: false }, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000] }),
        axis({
          size: 52,
          // Otherwise uPlot leaves out the labels that it would not have chosen.
          filter: (_, splits) => splits,
          splits: (_, _axis, low, high) => logarithmic(low, high),
          values: (_, ticks) => ticks.map(powerText),
        }),
      ],
    }),
    data: (points) => {
      const solves = points.slice(-SOLVES).map(({ cgResiduals }) => cgResiduals ?? []);
      const padded = [...new Array<readonly number[]>(SOLVES - solves.length).fill([]), ...solves];
      const longest = Math.max(2, ...padded.map(({ length }) => length));
      return [
        Array.from({ length: longest }, (_, i) => i),
        // A logarithm has no place for zero.
        ...padded.map((each) => Array.from({ length: longest }, (_, i) => (each[i] ?? 0) || null)),
      ];
    },
  });
  const entropy = chart({
    id: 'chart-entropy',
    options: () => ({ series: [{}, { stroke: colour('entropy'), width: 2, points: { show: false } }] }),
    data: (points) => [xs(points), points.map((each) => each.entropy)],
  });
  const all = [returns, kl, cg, entropy];
  return {
    draw: (points) => {
      const words = descriptions(points);
      returns.draw(points, words.returns);
      kl.draw(points, words.kl);
      cg.draw(points, words.cg);
      entropy.draw(points, words.entropy);
    },
    recolour: () => {
      for (const each of all) each.recolour();
    },
    setGoal: (given) => {
      goal = given;
    },
  };
};
