/** Pictures of states: well formed, finite, the same for the same state; references are kept. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  animate,
  cartPole,
  type Env,
  filmOf,
  type Point,
  pendulum,
  render,
  renderScene,
  type Scene,
  type Shape,
  type Tint,
  timeLimit,
  withHistory,
} from '@natgrad/envs';
import { key } from '@natgrad/tensor';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { drawingOf } from '../../packages/envs/src/render/drawing.js';
import { expectError } from '../errors.js';
import { below, check, treeOf } from '../svg.js';
import { episode, type Moment, posed, registered, sceneOf } from './_scenes.js';
import { runs } from './runs.js';

const withoutStyle = (svg: string): string => svg.replace(/<style>.*?<\/style>/s, '');
const WHO: ReadonlySet<Tint> = new Set(['body', 'limb', 'danger']);

describe.each(registered)('$id', (env) => {
  test('a picture of any state of an episode is sound XML, and shows who moves', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        for (const moment of episode(env, key(seed), 25)) {
          const svg = render(env, moment.state, { action: moment.action, title: env.id });
          const [root] = check(svg);
          const [, , width = 0, height = 0] = (root?.attributes['viewBox'] ?? '').split(' ').map(Number);
          const seen = drawingOf(sceneOf(env, moment), width, height).shapes.some(
            ({ look, points }) =>
              'tint' in look &&
              WHO.has(look.tint) &&
              points.every((x, i) => x >= 0 && x <= (i % 2 === 0 ? width : height)),
          );
          expect(seen, 'somebody in the picture').toBe(true);
        }
      }),
      runs(4),
    );
  });

  test('the same state gives the same text, whatever was drawn or stepped in between, and drawing changes no step', () => {
    const plain = episode(env, key(5), 15);
    const texts: string[] = [];
    const drawn = episode(env, key(5), 15, ({ state, action }) => texts.push(render(env, state, { action })));
    expect(drawn).toEqual(plain);
    // Backwards, after all the steps.
    for (let i = plain.length - 1; i >= 0; i -= 1) {
      const { state, action } = plain[i] as Moment;
      expect(render(env, state, { action })).toBe(texts[i]);
    }
    expect(new Set(texts).size).toBeGreaterThan(1);
  });

  test('a theme changes colours and nothing else', () => {
    const scene = posed(env);
    const [light, dark, auto] = (['light', 'dark', 'auto'] as const).map((theme) => renderScene(scene, { theme }));
    expect(withoutStyle(dark as string)).toBe(withoutStyle(light as string));
    expect(withoutStyle(auto as string)).toBe(withoutStyle(light as string));
    expect(new Set([light, dark, auto]).size).toBe(3);
    expect([light, dark, auto].map((svg) => svg?.includes('prefers-color-scheme'))).toEqual([false, false, true]);
  });

  test('every class has its rule, and every rule is used', () => {
    for (const svg of [renderScene(posed(env), { theme: 'dark' }), animate([posed(env)], { theme: 'dark' })]) {
      const used = new Set(check(svg).flatMap(({ attributes }) => attributes['class']?.split(' ') ?? []));
      const ruled = [...(/<style>(.*)<\/style>/s.exec(svg)?.[1] ?? '').matchAll(/\.([\w-]+)\{/g)].map(
        ([, name]) => name,
      );
      expect(new Set(ruled)).toEqual(new Set([...used, 'scene-text']));
    }
  });

  test('the kept picture', () => {
    const file = fileURLToPath(new URL(`../fixtures/scenes/${env.id}.svg`, import.meta.url));
    const svg = `${renderScene(posed(env), { title: env.id })}\n`;
    if (process.env['NATGRAD_WRITE_SCENES'] === '1') {
      mkdirSync(fileURLToPath(new URL('../fixtures/scenes', import.meta.url)), { recursive: true });
      writeFileSync(file, svg);
    }
    // As a boolean, for the texts are long.
    expect(svg === readFileSync(file, 'utf8'), 'it changed: look at it, then NATGRAD_WRITE_SCENES=1').toBe(true);
  });

  test('extreme states are drawn too', () => {
    const { coordinates } = env;
    expect(coordinates).toBeDefined();
    const [first] = episode(env, key(1), 1);
    const usual = Array.from(coordinates?.read((first as Moment).state) ?? []);
    if (env.id === 'RepeatPrevious-v0') return;
    for (const far of [1e3, -1e9, 1e300, -Number.MAX_VALUE, 5e-324])
      for (const [i] of usual.entries())
        check(render(env, coordinates?.start(usual.map((x, j) => (i === j ? far : x))).state));
  });
});

test('there is a picture kept for each environment and no other', () => {
  expect(readdirSync(fileURLToPath(new URL('../fixtures/scenes', import.meta.url))).sort()).toEqual(
    registered.map(({ id }) => `${id}.svg`).sort(),
  );
});

const number = fc.oneof(
  { weight: 6, arbitrary: fc.double({ min: -4, max: 4, noNaN: true }) },
  { weight: 1, arbitrary: fc.double() },
  { weight: 1, arbitrary: fc.constantFrom(Number.NaN, Infinity, -Infinity, 1e308, -0, 5e-324) },
);
const point: fc.Arbitrary<Point> = fc.tuple(number, number, number);
const tint = fc.constantFrom<Tint>('body', 'metal', 'water', 'ink');
const shape: fc.Arbitrary<Shape> = fc.oneof(
  fc.record({ kind: fc.constant('capsule' as const), from: point, to: point, radius: number, tint }),
  fc.record({ kind: fc.constant('sphere' as const), at: point, radius: number, tint }),
  fc.record({ kind: fc.constant('disc' as const), at: point, radius: number, tint }),
  fc.record({ kind: fc.constant('polygon' as const), points: fc.array(point, { maxLength: 5 }), rim: number, tint }),
  fc.record({
    kind: fc.constant('path' as const),
    points: fc.array(point, { maxLength: 5 }),
    width: number,
    dashed: fc.boolean(),
    tint,
  }),
  fc.record({
    kind: fc.constant('label' as const),
    at: point,
    text: fc.string({ unit: 'binary' }),
    size: number,
    tint,
  }),
);
const scene: fc.Arbitrary<Scene> = fc.record({
  shapes: fc.array(shape, { maxLength: 8 }),
  ground: fc.option(
    fc.record({
      z: number,
      tile: number,
      surface: fc.constantFrom('floor' as const, 'grass' as const, 'water' as const),
      marks: number,
    }),
  ),
  camera: fc.record({
    view: fc.constantFrom('side' as const, 'above' as const, 'oblique' as const),
    target: point,
    span: fc.tuple(number, number),
  }),
  stepSeconds: number,
});

describe('any scene', () => {
  test('gives sound XML of bounded size with finite numbers, as a picture, a film and an animation', () => {
    fc.assert(
      fc.property(fc.array(scene, { minLength: 1, maxLength: 3 }), fc.string({ unit: 'binary' }), (scenes, title) => {
        for (const svg of [
          renderScene(scenes[0] as Scene, { title }),
          filmOf(scenes, { title }).markup,
          animate(scenes, { title }),
        ]) {
          check(svg);
          expect(svg.length).toBeLessThan(400_000);
        }
      }),
      runs(150),
    );
  });

  test('text comes out as it went in, but for what XML cannot hold', () => {
    const label = (text: string): Scene => ({
      shapes: [{ kind: 'label', at: [0, 0, 0], text, size: 1, tint: 'ink' }],
      ground: null,
      camera: { view: 'side', target: [0, 0, 0], span: [4, 2] },
      stepSeconds: 1,
    });
    const text = `</text><script>alert("1")</script>&amp;'\u{1f98a}`;
    const writing = (svg: string): readonly string[] =>
      below(treeOf(svg)).flatMap(({ name, text: written }) => (name === 'text' ? [written] : []));
    const svg = renderScene(label(text), { title: 'x' });
    expect(writing(svg)).toEqual([text]);
    expect(svg).not.toContain('<script');
    expect(writing(renderScene(label('a\u0000\u001b\ud800b')))).toEqual(['a\ufffd\ufffd\ufffdb']);
  });

  test('what is nearer is painted later; at the same depth the order given decides', () => {
    const ball = (y: number, tintOf: Tint): Shape => ({ kind: 'sphere', at: [0, y, 0], radius: 0.3, tint: tintOf });
    const order = (view: 'side' | 'oblique', ...shapes: Shape[]): readonly unknown[] =>
      drawingOf(
        { shapes, ground: null, camera: { view, target: [0, 0, 0], span: [4, 2] }, stepSeconds: 1 },
        400,
        200,
      ).shapes.map(({ look }) => ('tint' in look ? look.tint : null));
    expect(order('side', ball(0, 'body'), ball(1, 'limb'), ball(0, 'tip'))).toEqual(['limb', 'body', 'tip']);
    // A stick inside a large ball is hidden by it.
    const stick: Shape = { kind: 'capsule', from: [0, 0, 0], to: [0.1, -0.1, 0], radius: 0.05, tint: 'limb' };
    expect(order('oblique', ball(0, 'body'), stick)).toEqual(['limb', 'body']);
  });

  test('the camera: metres to picture units, up is up, and the middle is the target', () => {
    const at = (view: 'side' | 'above' | 'oblique', place: Point): readonly number[] =>
      drawingOf(
        {
          shapes: [{ kind: 'sphere', at: place, radius: 0.1, tint: 'body' }],
          ground: null,
          camera: { view, target: [1, 2, 3], span: [4, 2] },
          stepSeconds: 1,
        },
        400,
        400,
      ).shapes[0]?.points ?? [];
    for (const view of ['side', 'above', 'oblique'] as const) expect(at(view, [1, 2, 3])).toEqual([200, 200]);
    expect(at('side', [2, 9, 3.5])).toEqual([300, 150]);
    expect(at('above', [2, 2.5, 9])).toEqual([300, 150]);
    const [x = 0, y = 0] = at('oblique', [2, 2, 3]);
    expect([x > 200, y > 200]).toEqual([true, true]);
    expect((at('oblique', [1, 2, 4])[1] ?? 0) < 200).toBe(true);
  });
});

/** An environment that describes no scene. */
const blind = <E extends object>(env: E): E =>
  Object.fromEntries(Object.entries(env).filter(([name]) => name !== 'scene')) as E;

describe('options', () => {
  const rod = pendulum();
  const state = { angle: 1, angularVelocity: 0 };

  test('size, title and prefix', () => {
    const svg = render(rod, state, { width: 300, height: 200, title: 'a "rod" & more', id: 'p7' });
    const nodes = check(svg);
    expect(nodes[0]?.attributes).toMatchObject({ width: '300', height: '200', viewBox: '0 0 300 200', role: 'img' });
    expect(nodes[0]?.attributes['aria-label']).toBe('a "rod" & more');
    for (const { attributes } of nodes)
      for (const name of [attributes['id'], ...(attributes['class']?.split(' ') ?? [])])
        expect(name ?? 'p7-').toMatch(/^p7-/);
  });

  test('the height follows the camera', () => {
    const heightOf = (env: Env): number => Number(check(renderScene(posed(env)))[0]?.attributes['height']);
    expect(registered.filter(({ id }) => /Acrobot|CartPole/.test(id)).map(heightOf)).toEqual([320, 480]);
  });

  test('an action is shown where it can be seen', () => {
    expect(render(rod, state, { action: [2] })).not.toBe(render(rod, state));
    expect(render(rod, state, { action: [0] })).toBe(render(rod, state));
  });

  test('wrappers show what they wrap', () => {
    const inner = cartPole();
    const limited = timeLimit(inner, 9);
    const remembering = withHistory(limited, 2);
    const start = remembering.reset(key(1)).state;
    expect(render(remembering, start, { action: 1 })).toBe(render(inner, start.inner.inner, { action: 1 }));
    expect('scene' in timeLimit(blind(inner), 9)).toBe(false);
  });

  test('impossible ones are typed errors', () => {
    const wrong = [
      { width: Number.NaN },
      { width: 4 },
      { height: 1e9 },
      { theme: 'pink' as 'dark' },
      { id: '"><x' },
      { id: '' },
    ];
    for (const options of wrong)
      expectError(() => render(rod, state, options), 'InvalidArgument', 'render: ', `${Object.keys(options)[0]} is `);
    expectError(() => render(blind(rod), state), 'InvalidArgument', 'render: Pendulum-v1 has no scene');
    expectError(() => filmOf([]), 'InvalidArgument', 'filmOf: there are no scenes');
    expectError(() => animate([]), 'InvalidArgument', 'animate: there are no scenes');
  });
});
