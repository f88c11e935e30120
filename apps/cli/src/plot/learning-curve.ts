/** A learning curve as an SVG that follows the colour scheme of the page around it. */
import { type AlgorithmName, algorithmTitles } from '@natgrad/rl-trpo';
import type { MetricsRecord } from '@natgrad/rl-trpo/runs';
import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';

export interface CurveSubject {
  readonly id: string;
  readonly algorithm: AlgorithmName;
  readonly seed: number;
  /** Mean return from which the environment counts as solved. */
  readonly threshold: number | null;
}

/** Colours by their part, light and dark. */
const COLOURS = {
  paper: ['#ffffff', '#0d1117'],
  ink: ['#1f2328', '#e6edf3'],
  faint: ['#59636e', '#9198a1'],
  grid: ['#d1d9e0', '#2a313c'],
  curve: ['#0b63ce', '#58a6ff'],
  goal: ['#1a7f37', '#3fb950'],
} as const;

type Part = keyof typeof COLOURS;
const PARTS = Object.keys(COLOURS) as readonly Part[];

/** The drawing itself is light, also in viewers that know no style sheets. */
const colour = (part: Part): string => COLOURS[part][0];

/** In the dark, whatever has the light colour of a part gets its dark one. */
const DARK = PARTS.flatMap((part) =>
  ['fill', 'stroke'].map((property) => `[${property}="${COLOURS[part][0]}"]{${property}:${COLOURS[part][1]}}`),
).join('');

const STYLE = `<style>@media (prefers-color-scheme:dark){${DARK}}</style>`;

const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif';

interface Point {
  readonly steps: number;
  readonly mean: number;
  readonly min: number;
  readonly max: number;
}

const pointsOf = (records: readonly MetricsRecord[]): readonly Point[] =>
  records.flatMap(({ totalSteps, episodes: { returnMean, returnMin, returnMax } }) =>
    returnMean === null || returnMin === null || returnMax === null
      ? []
      : [{ steps: totalSteps, mean: returnMean, min: returnMin, max: returnMax }],
  );

const STEPS = {
  field: 'steps',
  type: 'quantitative',
  title: 'environment steps',
  scale: { zero: true, nice: false },
  axis: { grid: false, labelExpr: "datum.value === 0 ? '0' : format(datum.value, '~s')", tickCount: 6 },
} as const;

/** For marks that are drawn once, and not for each point. */
const ONCE = { values: [{}] };

/** A dashed line where the environment counts as solved, and its name. */
const goal = (threshold: number): Extract<TopLevelSpec, { readonly layer: unknown }>['layer'] => [
  {
    mark: { type: 'rule', color: colour('goal'), strokeDash: [5, 4], size: 1.5 },
    encoding: { y: { datum: threshold } },
    data: ONCE,
  },
  {
    mark: { type: 'text', color: colour('goal'), align: 'left', baseline: 'middle', dx: 8, fontSize: 12 },
    encoding: { y: { datum: threshold }, x: { value: 'width' }, text: { value: `solved: ${threshold}` } },
    data: ONCE,
  },
];

const specification = (points: readonly Point[], { id, algorithm, seed, threshold }: CurveSubject): TopLevelSpec => ({
  width: 640,
  height: 300,
  // Fixed, for without a browser the extent of a text is only guessed.
  autosize: 'none',
  padding: { left: 72, right: 84, top: 96, bottom: 56 },
  background: colour('paper'),
  title: {
    text: id,
    subtitle: `${algorithmTitles[algorithm]}, seed ${seed}. Return of the episodes in each batch: mean, least and greatest`,
    anchor: 'start',
    frame: 'group',
    offset: 18,
    color: colour('ink'),
    subtitleColor: colour('faint'),
    fontSize: 19,
    fontWeight: 600,
    subtitleFontSize: 13,
    subtitlePadding: 7,
  },
  data: { values: points.map((point) => ({ ...point })) },
  layer: [
    {
      mark: { type: 'area', color: colour('curve'), opacity: 0.16, interpolate: 'monotone' },
      encoding: { x: STEPS, y: { field: 'min', type: 'quantitative', title: 'return' }, y2: { field: 'max' } },
    },
    ...(threshold === null ? [] : goal(threshold)),
    {
      mark: {
        type: 'line',
        color: colour('curve'),
        size: 2.5,
        interpolate: 'monotone',
        strokeCap: 'round',
        strokeJoin: 'round',
      },
      encoding: { x: STEPS, y: { field: 'mean', type: 'quantitative' } },
    },
  ],
  config: {
    font: FONT,
    view: { stroke: null },
    axis: {
      labelColor: colour('faint'),
      titleColor: colour('faint'),
      gridColor: colour('grid'),
      domainColor: colour('grid'),
      tickColor: colour('grid'),
      labelFontSize: 12,
      titleFontSize: 12,
      titleFontWeight: 'normal',
      titlePadding: 10,
      labelPadding: 6,
    },
    axisY: { domain: false, ticks: false, tickCount: 5 },
  },
});

/** The picture, or null where no episode has ended. */
export const learningCurve = async (
  records: readonly MetricsRecord[],
  subject: CurveSubject,
): Promise<string | null> => {
  const points = pointsOf(records);
  if (points.length === 0) return null;
  const view = new View(parse(compile(specification(points, subject)).spec), { renderer: 'none' });
  const svg = await view.toSVG();
  view.finalize();
  return svg.replace(/<svg[^>]*>/, (tag) => `${tag}${STYLE}`);
};
