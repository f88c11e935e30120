/** The pictures of an episode, taken apart: elements, which are the same in many frames, and where each is in each frame. */
import { invalid } from '@natgrad/tensor/internal';
import type { Scene } from '../scene.js';
import { type Canvas, drawingOf, LISTS, type List, type Look } from './drawing.js';
import type { Frame } from './markup.js';
import { type PictureOptions, resolvePicture } from './render.js';

/** Where each element that is seen in a frame is, in the order of painting. */
export type Places = ReadonlyMap<number, readonly number[]>;

export interface Element {
  readonly list: List;
  readonly look: Look;
}

/** A film before it is written. */
export interface Reel {
  readonly canvas: Canvas;
  readonly frame: Frame;
  readonly stepSeconds: number;
  readonly elements: readonly Element[];
  readonly frames: readonly Places[];
}

/** Marks that look alike are the same element, the first with the first and so on: they may swap places, and nobody can tell. */
export const reelOf = (operation: string, scenes: readonly Scene[], options: PictureOptions): Reel => {
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
  const stepSeconds = seconds >= 1e-4 && seconds <= 60 ? seconds : 0.1;
  return { canvas: { width, height, matrix }, frame, stepSeconds, elements, frames };
};

/** The lists of a picture, each element written by `write`. */
export const listsOf = (
  elements: readonly Element[],
  write: (element: Element, i: number) => string,
): Record<List, string> => {
  const written = elements.map((element, i) => [element.list, write(element, i)] as const);
  return Object.fromEntries(
    LISTS.map((list) => [list, written.flatMap(([of, text]) => (of === list ? [text] : [])).join('')]),
  ) as Record<List, string>;
};
