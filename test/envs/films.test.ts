/** Films and animations: frame by frame what the pictures of the states show. */
import { animate, type Env, type FilmFrame, filmOf, pendulum, type Scene } from '@natgrad/envs';
import { key } from '@natgrad/tensor';
import { describe, expect, test } from 'vitest';
import { drawingOf, LISTS, type Mark } from '../../packages/envs/src/render/drawing.js';
import { pathThrough, placingOf } from '../../packages/envs/src/render/markup.js';
import { below, check, type Element, treeOf } from '../svg.js';
import { episode, posed, registered, sceneOf } from './_scenes.js';

/** The points of all marks of every frame, as a player of the film has them. */
const played = (frames: readonly FilmFrame[]): readonly (readonly (readonly number[] | undefined)[])[] => {
  const places = new Map<number, readonly number[]>();
  return frames.map(({ shown, moved }) => {
    for (const [element, points] of moved) places.set(element, points);
    return shown.map((element) => places.get(element));
  });
};

describe('films', () => {
  test.each(registered.filter(({ id }) => /Cart|Repeat|Detour|Ant|Cheetah/.test(id)))(
    '$id: frame by frame what the pictures show, in the same order',
    (env) => {
      const scenes = episode(env, key(3), 40).map((moment) => sceneOf(env, moment));
      const film = filmOf(scenes);
      expect(film.frames).toHaveLength(scenes.length);
      const shown = played(film.frames);
      scenes.forEach((each, i) => {
        const drawing = drawingOf(each, film.width, film.height);
        expect(shown[i]).toEqual(LISTS.flatMap((list) => drawing[list].map(({ points }) => points)));
      });
      const elements = check(film.markup).flatMap(({ attributes }) => attributes['data-element'] ?? []);
      expect(elements.map(Number).sort((a, b) => a - b)).toEqual(film.placing.map((_, i) => i));
    },
  );

  test('what does not move is not said again', () => {
    const still = filmOf([posed(registered[0] as Env), posed(registered[0] as Env), posed(registered[0] as Env)]);
    expect(still.frames.map(({ moved }) => moved.length > 0)).toEqual([true, false, false]);
  });

  /** An attribute at a frame of `count`, by hand what SMIL says. */
  const attributeAt = (element: Element, attribute: string, frame: number, count: number): string | undefined => {
    const animation = element.children.find(
      ({ name, attributes }) => name.startsWith('animate') && attributes['attributeName'] === attribute,
    );
    if (animation === undefined) return element.attributes[attribute];
    expect(animation.attributes).toMatchObject({ calcMode: 'discrete', repeatCount: 'indefinite' });
    const values = animation.attributes['values']?.split(';') ?? [];
    const times = animation.attributes['keyTimes']?.split(';').map(Number);
    if (times === undefined) expect(values).toHaveLength(count);
    const at = times === undefined ? frame : times.findLastIndex((time) => time <= (frame + 0.5) / count);
    const value = values[at] as string;
    return animation.name === 'animateTransform' ? `translate(${value})` : value;
  };

  test.each(registered.filter(({ id }) => /Cart|Repeat|Detour|Ant|Hopper|Cheetah/.test(id)))(
    '$id: an animation shows at each time what a picture shows, and the first one where nothing moves',
    (env) => {
      const scenes = episode(env, key(3), 30).map((moment) => ({ ...sceneOf(env, moment), stepSeconds: 0.1 }));
      const svg = animate(scenes);
      check(svg);
      const tree = treeOf(svg);
      const byId = new Map(below(tree).map((element) => [`#${element.attributes['id']}`, element]));
      // The last one is held for 1.2 seconds.
      const count = scenes.length + 12;
      const at = (element: Element, attribute: string, frame: number | null): string | undefined =>
        frame === null ? element.attributes[attribute] : attributeAt(element, attribute, frame, count);
      /** Where the things in a list of groups are, those that are seen. */
      const placesIn = (list: Element | undefined, frame: number | null): readonly string[] =>
        (list?.children ?? []).flatMap((child) => {
          if (at(child, 'display', frame) === 'none' || child.name === 'defs') return [];
          const group = child.name === 'use' ? byId.get(at(child, 'href', frame) ?? '') : child;
          const shift = group && at(group, 'transform', frame);
          if (group === undefined || shift !== undefined) return shift ?? 'nothing';
          const mark = group.children.find(({ name }) => name === 'path' || name === 'use');
          const path = mark?.name === 'use' ? byId.get(mark.attributes['href'] ?? '') : mark;
          return (path && at(path, 'd', frame)) ?? 'nothing';
        });
      const [root] = tree.children;
      const groups = root?.children.filter(({ name }) => name === 'g') ?? [];
      const [marks, ...others] = groups.at(-1)?.children ?? [];
      const height = Number(root?.attributes['height']);
      for (const [frame, shown] of [
        [null, 0],
        ...scenes.map((_, i) => [i, i] as const),
        [count - 1, scenes.length - 1],
      ] as const) {
        const drawing = drawingOf(scenes[shown] as Scene, 640, height);
        const placed = ({ look, points }: Mark): string =>
          placingOf(look) === 'shift'
            ? `translate(${points[0]} ${points[1]})`
            : pathThrough(points, placingOf(look) === 'area');
        expect(placesIn(others.at(-1), frame)).toEqual(drawing.shapes.map(placed));
        expect(placesIn(marks, frame)).toEqual(drawing.marks.map(placed));
        if (drawing.shadows.length > 0)
          expect(placesIn(others[0]?.children[0], frame)).toEqual(drawing.shadows.map(placed));
      }
    },
  );

  test('a long and fast episode is thinned', () => {
    const rod = pendulum();
    const scenes = Array.from({ length: 2500 }, (_, i) => ({
      ...(rod.scene?.({ angle: i / 100, angularVelocity: 0 }) as Scene),
      stepSeconds: 0.008,
    }));
    const values = check(animate(scenes)).flatMap(({ attributes }) => attributes['values']?.split(';').length ?? []);
    // 30 a second of 125: every fifth, the last one, and a second of it held.
    expect(values).toEqual([500 + 1 + 30]);
  });
});
