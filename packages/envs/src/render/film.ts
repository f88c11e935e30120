/**
 * Many pictures of one thing: what they share is written once, and each frame is the numbers that changed. For a script to play, or
 * as one animated SVG without any.
 */
import { invalid } from '@natgrad/tensor/internal';
import type { Scene } from '../scene.js';
import { type Canvas, drawingOf, LISTS, type List, type Look } from './drawing.js';
import { drawn, type Frame, type Placing, pathThrough, pictureOf, placingOf, shiftBy } from './markup.js';
import { type PictureOptions, resolvePicture } from './render.js';

/** What a frame shows. Plain data. */
export interface FilmFrame {
  /** The elements that are seen; those that are painted later hide those before. */
  readonly shown: readonly number[];
  /** Elements whose place is another than in the frames before, and their points: x, y pairs in picture units. */
  readonly moved: readonly (readonly [element: number, points: readonly number[]])[];
}

/** An episode as pictures, ready to be played by a script. Plain data. */
export interface Film {
  readonly width: number;
  readonly height: number;
  readonly stepSeconds: number;
  /** SVG text that shows the first frame, with all elements of all frames in it: element `i` is the group with `data-element="i"`. */
  readonly markup: string;
  /**
   * How its points place each element. `line` and `area`: as the `d` of every path in its group, `M x y L x y …`, with a `Z` for an area, and
   * with the only point twice if there is one. `shift`: as the `translate(x y)` of the group.
   */
  readonly placing: readonly Placing[];
  readonly frames: readonly FilmFrame[];
}

interface Element {
  readonly list: List;
  readonly look: Look;
}

/** A film before it is written. */
interface Reel {
  readonly canvas: Canvas;
  readonly frame: Frame;
  readonly stepSeconds: number;
  readonly elements: readonly Element[];
  /** Points of each element that is seen in each frame, in the order of painting. */
  readonly frames: readonly ReadonlyMap<number, readonly number[]>[];
}

/** Marks that look alike are the same element, the first with the first and so on: they may swap places, and nobody can tell. */
const reelOf = (operation: string, scenes: readonly Scene[], options: PictureOptions): Reel => {
  const [first] = scenes;
  if (first === undefined)
    throw invalid(operation, 'there are no scenes, expected at least one', {
      argument: 'scenes',
      found: '[]',
      expected: 'at least one scene',
    });
  const { width, height, ...frame } = resolvePicture(operation, options, first, 'an episode');
  const numbers = new Map<string, number>();
  const elements: Element[] = [];
  const frames = scenes.map((scene) => {
    const drawing = drawingOf(scene, width, height);
    const alike = new Map<string, number>();
    return new Map(
      LISTS.flatMap((list) =>
        drawing[list].map(({ look, points }): readonly [number, readonly number[]] => {
          const name = JSON.stringify([list, look]);
          const nth = alike.get(name) ?? 0;
          alike.set(name, nth + 1);
          const key = `${name}${nth}`;
          const known = numbers.get(key);
          if (known !== undefined) return [known, points];
          numbers.set(key, elements.length);
          elements.push({ list, look });
          return [elements.length - 1, points];
        }),
      ),
    );
  });
  const { matrix } = drawingOf(first, width, height);
  const seconds = first.stepSeconds;
  // What has no time of its own, or an impossible one, is shown at a pace that can be followed.
  const stepSeconds = seconds > 0 && seconds <= 60 ? seconds : 0.1;
  return { canvas: { width, height, matrix }, frame, stepSeconds, elements, frames };
};

const same = (a: readonly number[] | undefined, b: readonly number[]): boolean =>
  a !== undefined && a.length === b.length && a.every((x, i) => x === b[i]);

/** The lists of a picture, each element written by `write`. */
const listsOf = (
  elements: readonly Element[],
  write: (element: Element, i: number) => string,
): Record<List, string> => {
  const written = elements.map((element, i) => [element.list, write(element, i)] as const);
  return Object.fromEntries(
    LISTS.map((list) => [list, written.flatMap(([of, text]) => (of === list ? [text] : [])).join('')]),
  ) as Record<List, string>;
};

/**
 * The pictures of an episode for a script to play: markup once, and what moves in each frame. The size and the kind of view are those of the first
 * scene.
 *
 * @param scenes one per state, at least one
 * @throws `InvalidArgument` for no scenes, and for impossible options
 * @example
 * ```ts
 * const env = pendulum();
 * const fall = [3, 2.5, 2].map((angle) => ({ angle, angularVelocity: 0 }));
 * const { frames } = filmOf(fall.map((state) => env.scene?.(state) as Scene));
 * // Only the rod has moved.
 * console.log(frames.map(({ moved }) => moved.length)); // [ 5, 1, 1 ]
 * ```
 */
export const filmOf = (scenes: readonly Scene[], options: PictureOptions = {}): Film => {
  const { canvas, frame, stepSeconds, elements, frames } = reelOf('filmOf', scenes, options);
  const places = new Map<number, readonly number[]>();
  const started = frames[0] as ReadonlyMap<number, readonly number[]>;
  const lists = listsOf(elements, ({ look }, i) => {
    const points = started.get(i);
    const placing = placingOf(look);
    const shift = points !== undefined && placing === 'shift' ? ` transform="${shiftBy(points)}"` : '';
    const path = points === undefined ? '' : pathThrough(points, placing === 'area');
    const hidden = points === undefined ? ' display="none"' : '';
    return `<g data-element="${i}"${shift}${hidden}>${drawn(look, frame.id, canvas).elements(`path d="${path}"`)}</g>`;
  });
  return {
    width: canvas.width,
    height: canvas.height,
    stepSeconds,
    markup: pictureOf(
      canvas,
      frame,
      lists,
      elements.map(({ look }) => look),
    ),
    placing: elements.map(({ look }) => placingOf(look)),
    frames: frames.map((shown) => {
      const moved = [...shown].filter(([i, points]) => !same(places.get(i), points));
      for (const [i, points] of moved) places.set(i, points);
      return { shown: [...shown.keys()], moved };
    }),
  };
};
