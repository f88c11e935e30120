/** An episode as one animated SVG without a script: it plays where an image is shown, in a README too. */
import type { Scene } from '../scene.js';
import { same } from './film.js';
import { drawn, type Placing, pathThrough, pictureOf, placingOf } from './markup.js';
import { type Element, listsOf, type Places, reelOf } from './reel.js';
import type { PictureOptions } from './render.js';

/** More than 30 pictures a second, or than this many, are thinned: every second scene is shown, or every third, and so on. */
const MOST = 1000;
const RATE = 30;
/** Seconds for which the end is shown before it begins again. */
const PAUSE = 1.2;

/** A value per frame, as the attributes of an SVG animation; null where nothing changes. */
const timed = (values: readonly string[], duration: string): string | null => {
  const changes = values.flatMap((value, i) => (i === 0 || value !== values[i - 1] ? [i] : []));
  if (changes.length === 1) return null;
  // With times each value costs more: worth it if few are needed.
  const sparse = changes.length < values.length / 2;
  const kept = sparse ? changes.map((i) => values[i] as string) : values;
  const times = changes.map((i) => Number((i / values.length).toFixed(5))).join(';');
  return `values="${kept.join(';')}"${sparse ? ` keyTimes="${times}"` : ''} calcMode="discrete" dur="${duration}" repeatCount="indefinite"`;
};

/** Points of an element in every frame; where it is not seen, the last ones, so that nothing changes there. */
const pointsOf = (frames: readonly Places[], i: number): readonly (readonly number[])[] => {
  const firstSeen = frames.find((places) => places.has(i))?.get(i) as readonly number[];
  const all: (readonly number[])[] = [];
  for (const places of frames) {
    const before = all.at(-1) ?? firstSeen;
    const points = places.get(i) ?? before;
    all.push(same(before, points) ? before : points);
  }
  return all;
};

const textOf = (placing: Placing): ((points: readonly number[]) => string) =>
  placing === 'shift'
    ? (points) => `${points[0] as number} ${points[1] as number}`
    : (points) => pathThrough(points, placing === 'area');

/** A file of many seconds is a loop: the frames that are shown, the last one held. */
const shownOf = (frames: readonly Places[], stepSeconds: number): readonly [readonly Places[], number] => {
  const every = Math.max(1, Math.ceil(1 / RATE / stepSeconds - 1e-9), Math.ceil(frames.length / MOST));
  const last = frames.length - 1;
  const kept = frames.filter((_, i) => i % every === 0 || i === last);
  const seconds = every * stepSeconds;
  const held = new Array<Places>(Math.ceil(PAUSE / seconds)).fill(frames[last] as Places);
  return [[...kept, ...held], seconds];
};

/**
 * The pictures of an episode as one SVG text that plays by itself, over and over, without a script (by SMIL animation), also inside
 * `<img>`. At most 30 pictures a second and 1000 in all: longer or faster episodes are thinned. Below runs a thin line that shows
 * how far it is.
 *
 * @param scenes one per state, at least one
 * @throws `InvalidArgument` for no scenes, and for impossible options
 * @example
 * ```ts
 * const env = pendulum();
 * const fall = [3, 2.5, 2].map((angle) => ({ angle, angularVelocity: 0 }));
 * const svg = animate(fall.map((state) => env.scene?.(state) as Scene));
 * console.log(svg.includes('<animate attributeName="d"')); // true
 * ```
 */
export const animate = (scenes: readonly Scene[], options: PictureOptions = {}): string => {
  const { canvas, frame, stepSeconds, elements, frames: all } = reelOf('animate', scenes, options);
  const [frames, seconds] = shownOf(all, stepSeconds);
  const duration = `${Number((frames.length * seconds).toFixed(3))}s`;
  const { id } = frame;
  const ids = frames.map((places) => [...places.keys()].filter((i) => elements[i]?.list === 'shapes'));
  const inOrder = ids.every((shown) => shown.every((i, k) => k === 0 || i > (shown[k - 1] as number)));

  /** Hides a group in some frames: its attribute before anything moves, and the animation inside it. */
  const display = (visible: readonly boolean[]): readonly [attribute: string, animation: string] => {
    const animation = timed(
      visible.map((v) => (v ? 'inline' : 'none')),
      duration,
    );
    return [
      visible[0] === true ? '' : ' display="none"',
      animation === null ? '' : `<animate attributeName="display" ${animation}/>`,
    ];
  };
  const write = ({ look, list }: Element, i: number): string => {
    // Thinning may leave an element that no frame shows.
    if (!frames.some((places) => places.has(i))) return '';
    const placing = placingOf(look);
    const places = pointsOf(frames, i);
    const texts = places.map(textOf(placing));
    const first = texts[0] as string;
    const animation = timed(texts, duration);
    const { elements: draw } = drawn(look, id, canvas);
    // Where a slot shows it, that is also what hides it.
    const inSlot = !inOrder && list === 'shapes';
    const [hidden, seen] = inSlot ? ['', ''] : display(frames.map((shown) => shown.has(i)));
    const begin = `<g${inSlot ? ` id="${id}-e${i}"` : ''}${hidden}`;
    if (placing === 'shift')
      return `${begin} transform="translate(${first})">${seen}${
        animation === null ? '' : `<animateTransform attributeName="transform" type="translate" ${animation}/>`
      }${draw('')}</g>`;
    if (animation === null) return `${begin}>${seen}${draw(`path d="${first}"`)}</g>`;
    // The layers of an element share one animated path.
    const path = `<path d="${first}" id="${id}-p${i}"><animate attributeName="d" ${animation}/></path>`;
    return `${begin}>${seen}<defs>${path}</defs>${draw(`use href="#${id}-p${i}"`)}</g>`;
  };

  const lists = listsOf(elements, write);
  // Where what hides what changes, the elements are definitions, and a place in the order of painting says which one is shown there.
  const slots = Array.from({ length: Math.max(...ids.map((shown) => shown.length)) }, (_, k) => {
    // Where it shows nothing, it goes on referring to what it showed last, or will show first.
    const kept = ids.find((shown) => k < shown.length)?.[k] as number;
    const references: string[] = [];
    for (const shown of ids)
      references.push(k < shown.length ? `#${id}-e${shown[k] as number}` : (references.at(-1) ?? `#${id}-e${kept}`));
    const animation = timed(references, duration);
    const [hidden, seen] = display(ids.map((shown) => k < shown.length));
    const change = animation === null ? '' : `<animate attributeName="href" ${animation}/>`;
    return `<use href="${references[0] as string}"${hidden}>${change}${seen}</use>`;
  });
  const bar = `<rect y="${canvas.height - 3}" height="3" width="0" class="${id}-faint-text"><animate attributeName="width" from="0" to="${canvas.width}" dur="${duration}" repeatCount="indefinite"/></rect>`;
  return pictureOf(
    canvas,
    frame,
    inOrder ? lists : { ...lists, shapes: `<defs>${lists.shapes}</defs>${slots.join('')}` },
    [...elements.map(({ look }) => look), { kind: 'label', tint: 'faint', size: 1, text: '' }],
    bar,
  );
};
