/** What shows the frames of a film in a page. */
import type { Film } from './film.js';

/**
 * Shows the frames of a film on its picture, one at a time and in any order. It sets attributes of the picture from numbers, and touches
 * nothing else.
 *
 * The function names nothing outside of itself, so that its text (`filmScreen.toString()`) is a script for a page that is one file.
 *
 * @param picture the element that holds the film's `markup`
 * @returns shows the frame of a number, which must be one of the film's
 * @example
 * ```ts
 * const play = (figure: Element, film: Film) => {
 *   const show = filmScreen(figure, film);
 *   let frame = 0;
 *   return setInterval(() => show(frame++ % film.frames.length), film.stepSeconds * 1000);
 * };
 * console.log(typeof play); // function
 * ```
 */
export const filmScreen = (
  picture: ParentNode,
  { placing, frames }: Pick<Film, 'placing' | 'frames'>,
): ((frame: number) => void) => {
  const elements: Element[] = [];
  for (const node of picture.querySelectorAll('[data-element]'))
    elements[Number(node.getAttribute('data-element'))] = node;
  const paths = elements.map((node) => node.querySelectorAll('path'));

  // Every frame in full: the points of an element are those of the last frame that moved it.
  const places: (readonly number[])[][] = [];
  for (const { moved } of frames) {
    const now = (places[places.length - 1] ?? []).slice();
    for (const [element, points] of moved) now[element] = points;
    places.push(now);
  }

  const through = (points: readonly number[], closed: boolean): string => {
    let text = `M${points[0]} ${points[1]}`;
    for (let i = 2; i < points.length; i += 2) text += `L${points[i]} ${points[i + 1]}`;
    if (points.length === 2) text += `L${points[0]} ${points[1]}`;
    return closed ? `${text}Z` : text;
  };
  const current: (readonly number[] | undefined)[] = [];
  let order: readonly number[] | null = null;
  return (frame) => {
    const shown = (frames[frame] as Film['frames'][number]).shown;
    if (shown !== order) {
      order = shown;
      const seen = new Set(shown);
      elements.forEach((node, i) => {
        if (seen.has(i)) node.removeAttribute('display');
        else node.setAttribute('display', 'none');
      });
      for (const i of shown) elements[i]?.parentNode?.appendChild(elements[i]);
    }
    for (const i of shown) {
      const points = places[frame]?.[i];
      if (points === undefined || current[i] === points) continue;
      current[i] = points;
      if (placing[i] === 'shift') elements[i]?.setAttribute('transform', `translate(${points[0]} ${points[1]})`);
      else for (const path of paths[i] ?? []) path.setAttribute('d', through(points, placing[i] === 'area'));
    }
  };
};
