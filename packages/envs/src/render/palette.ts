/**
 * Colours, light and dark. A picture carries the rules that it uses as literal colours: viewers that know style sheets but no custom
 * properties are many, and show black where a property is looked up.
 */
import type { Ground, Tint } from '../scene.js';

/** `auto` follows the reader's preference, and is light where there is none. */
export type Theme = 'light' | 'dark' | 'auto';

type Pair = readonly [light: string, dark: string];

/** What pictures are made of beside tints. */
type Part = 'skyTop' | 'skyLow' | 'shadow' | 'glow';

const TINTS: Readonly<Record<Tint, Pair>> = {
  body: ['#4467d8', '#6d8ff5'],
  limb: ['#ee8a3c', '#f39a55'],
  opposite: ['#b5652b', '#b36c3c'],
  tip: ['#1fa294', '#3bbfae'],
  metal: ['#7b8796', '#8794a5'],
  rubber: ['#3a4553', '#4a5666'],
  paper: ['#ffffff', '#2c3747'],
  goal: ['#2c9c52', '#3fbf6b'],
  danger: ['#d94a4a', '#ef6a66'],
  force: ['#d52f78', '#ff6ea6'],
  terrain: ['#93b57e', '#3a5640'],
  grass: ['#bfdcae', '#26402f'],
  water: ['#6fb3dd', '#2b6a96'],
  ink: ['#1f2a37', '#e6edf3'],
  faint: ['#8d9aab', '#5d6b7e'],
};

const PARTS: Readonly<Record<Part, Pair>> = {
  skyTop: ['#dbe8f8', '#0c131f'],
  skyLow: ['#f7fafd', '#1b2738'],
  shadow: ['#1d2b44', '#000000'],
  glow: ['#ffffff', '#35507c'],
};

/** The plane and its darker tiles. */
const SURFACES: Readonly<Record<Ground['surface'], readonly [plane: Pair, tiles: Pair]>> = {
  floor: [
    ['#dde4ed', '#222c3a'],
    ['#ccd6e2', '#2a3647'],
  ],
  grass: [
    ['#d3e8c6', '#1b2c22'],
    ['#c7e0b8', '#203428'],
  ],
  water: [
    ['#c8e3f3', '#10283a'],
    ['#b9daee', '#143047'],
  ],
};

const channels = (colour: string): readonly number[] =>
  [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));

/** `share` of the second colour in the first. */
const mix = (a: string, b: string, share: number): string => {
  const other = channels(b);
  return `#${channels(a)
    .map((x, i) => Math.round(x + ((other[i] as number) - x) * share))
    .map((x) => x.toString(16).padStart(2, '0'))
    .join('')}`;
};

const INK = '#0b1324';
const WHITE = '#ffffff';

/** A layer of a solid: its share of the width, and how far it is moved towards the light, in radii. */
export interface Layer {
  readonly width: number;
  readonly shift: number;
  /** Share of white if positive, of ink if negative, by theme. */
  readonly tone: readonly [light: number, dark: number];
}

const STEPS = 12;

/** The rim, then ever narrower and lighter ones. */
const layerAt = (i: number): Layer => {
  if (i === 0) return { width: 1, shift: 0, tone: [-0.5, -0.62] };
  const t = (i - 1) / (STEPS - 1);
  const lit = ((t - 0.45) / 0.55) ** 1.3;
  const tone = (shade: number, light: number): number => (t < 0.45 ? shade * (1 - t / 0.45) : light * lit);
  return { width: 0.92 - 0.8 * t, shift: 0.46 * t, tone: [tone(-0.24, 0.5), tone(-0.36, 0.34)] };
};

/**
 * A solid is a stack of ever narrower strokes that move towards the light: exact under any rotation, where a gradient would have to
 * turn with each limb in each frame. `width + shift ≤ 1` keeps each inside the outline.
 */
export const LAYERS: readonly Layer[] = Array.from({ length: STEPS + 1 }, (_, i) => layerAt(i));

/** A rule of a style sheet with a colour in it: `{ stroke: … }`. */
interface Rule {
  readonly name: string;
  readonly property: 'stroke' | 'fill' | 'stop-color' | 'flood-color';
  readonly colours: Pair;
}

const pair = (colours: Pair, change: (colour: string, theme: 0 | 1) => string): Pair => [
  change(colours[0], 0),
  change(colours[1], 1),
];

const tintRules = (tint: Tint): readonly Rule[] => {
  const colours = TINTS[tint];
  return [
    ...LAYERS.map(
      ({ tone }, i): Rule => ({
        name: `${tint}${i}`,
        property: 'stroke',
        colours: pair(colours, (colour, theme) => mix(colour, tone[theme] < 0 ? INK : WHITE, Math.abs(tone[theme]))),
      }),
    ),
    { name: `${tint}-line`, property: 'stroke', colours },
    { name: `${tint}-text`, property: 'fill', colours },
    { name: `${tint}-edge`, property: 'stroke', colours: pair(colours, (colour) => mix(colour, INK, 0.4)) },
    { name: `${tint}-top`, property: 'stop-color', colours: pair(colours, (colour) => mix(colour, WHITE, 0.14)) },
    { name: `${tint}-low`, property: 'stop-color', colours: pair(colours, (colour) => mix(colour, INK, 0.16)) },
  ];
};

const RULES: readonly Rule[] = [
  ...(Object.keys(TINTS) as readonly Tint[]).flatMap(tintRules),
  ...(Object.keys(SURFACES) as readonly Ground['surface'][]).flatMap((surface): readonly Rule[] => [
    { name: surface, property: 'fill', colours: SURFACES[surface][0] },
    { name: `${surface}-tiles`, property: 'stroke', colours: SURFACES[surface][1] },
    {
      name: `${surface}-edge`,
      property: 'stroke',
      colours: pair(SURFACES[surface][1], (colour, theme) => mix(colour, theme === 0 ? INK : WHITE, 0.16)),
    },
  ]),
  { name: 'sky-top', property: 'stop-color', colours: PARTS.skyTop },
  { name: 'sky-low', property: 'stop-color', colours: PARTS.skyLow },
  { name: 'glow', property: 'stop-color', colours: PARTS.glow },
  { name: 'shadow', property: 'stroke', colours: PARTS.shadow },
];

/** The rules for those names, each class beginning with a prefix that keeps pictures on one page apart. */
export const styleSheet = (names: ReadonlySet<string>, theme: Theme, prefix: string): string => {
  const used = RULES.filter(({ name }) => names.has(name));
  const sheet = (which: 0 | 1): string =>
    used.map(({ name, property, colours }) => `.${prefix}-${name}{${property}:${colours[which]}}`).join('');
  if (theme !== 'auto') return sheet(theme === 'light' ? 0 : 1);
  return `${sheet(0)}@media (prefers-color-scheme:dark){${sheet(1)}}`;
};
