/** Many pictures of one thing, for a script to play: what they share is written once, and each frame is the numbers that changed. */
import type { Scene } from '../scene.js';
import { drawn, type Placing, pathThrough, pictureOf, placingOf, shiftBy } from './markup.js';
import { listsOf, type Places, reelOf } from './reel.js';
import type { PictureOptions } from './render.js';

/** What a frame shows. Plain data. */
export interface FilmFrame {
  /** The elements that are seen. Appended to their parents in this order, those that are nearer hide what is behind them. */
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

/** True for the same numbers. */
export const same = (a: readonly number[] | undefined, b: readonly number[]): boolean =>
  a !== undefined && a.length === b.length && a.every((x, i) => x === b[i]);

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
  const started = frames[0] as Places;
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
