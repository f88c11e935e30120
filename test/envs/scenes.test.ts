/** What scenes tell: forces, failures, goals, and who is asked for what. */
import {
  acrobot,
  arcArrow,
  arrow,
  cartPole,
  detour,
  mountainCar,
  mountainCarContinuous,
  type Point,
  pendulum,
  repeatPrevious,
  type Scene,
  type Shape,
} from '@natgrad/envs';
import { describe, expect, test } from 'vitest';
import { drawingOf } from '../../packages/envs/src/render/drawing.js';

type Kind<K extends Shape['kind']> = Extract<Shape, { readonly kind: K }>;

const ofKind = <K extends Shape['kind']>(scene: Scene | undefined, kind: K): readonly Kind<K>[] =>
  (scene?.shapes ?? []).filter((shape): shape is Kind<K> => shape.kind === kind);

/** Where the tips of arrows are. */
const tips = (scene: Scene | undefined): readonly Point[] =>
  ofKind(scene, 'polygon').flatMap(({ tint, points }) => (tint === 'force' ? [points[0] as Point] : []));

describe('CartPole', () => {
  const env = cartPole();
  const at = (position: number, angle: number, action?: number): Scene | undefined =>
    env.scene?.({ position, velocity: 0, angle, angularVelocity: 0, fallen: false }, action);

  test('the pole leans to the side of its angle, is a metre long, and red once it is lost', () => {
    const pole = (position: number, angle: number): Kind<'capsule'> =>
      ofKind(at(position, angle), 'capsule').at(-1) as Kind<'capsule'>;
    const { from, to, tint } = pole(0.5, 0.1);
    expect([to[0] - from[0], to[2] - from[2]]).toEqual([
      expect.closeTo(Math.sin(0.1), 12),
      expect.closeTo(Math.cos(0.1), 12),
    ]);
    expect([from[0], tint]).toEqual([0.5, 'limb']);
    expect([pole(0, 0.22).tint, pole(0, -0.22).tint, pole(2.5, 0).tint, pole(-2.5, 0).tint]).toEqual(
      new Array(4).fill('danger'),
    );
  });

  test('the arrow points to where it is pushed', () => {
    const [right, left] = [tips(at(1, 0, 1)), tips(at(1, 0, 0))];
    expect([right.length, left.length, tips(at(1, 0)).length]).toEqual([1, 1, 0]);
    expect([right[0]?.[0], left[0]?.[0]]).toEqual([expect.closeTo(1.73, 9), expect.closeTo(0.27, 9)]);
  });
});

describe('Acrobot', () => {
  const env = acrobot();
  const end = (angle1: number, angle2: number): Kind<'capsule'> =>
    ofKind(env.scene?.({ angle1, angle2, velocity1: 0, velocity2: 0 }), 'capsule').at(-1) as Kind<'capsule'>;

  test('hangs down at 0, bends from the second joint, and is green above the line', () => {
    const near = (x: number, z: number): unknown => [expect.closeTo(x, 12), 0, expect.closeTo(z, 12)];
    expect(end(0, 0).to).toEqual(near(0, -2));
    expect(end(Math.PI / 2, Math.PI / 2).to).toEqual(near(1, 1));
    expect(end(Math.PI / 2, -Math.PI / 2).to).toEqual(near(1, -1));
    expect([end(Math.PI, 0).tint, end(0, 0).tint]).toEqual(['goal', 'limb']);
  });

  test('a torque of nothing has no arrow', () => {
    const state = { angle1: 1, angle2: 1, velocity1: 0, velocity2: 0 };
    expect([0, 1, 2].map((action) => tips(env.scene?.(state, action)).length)).toEqual([1, 0, 1]);
  });
});

test('Pendulum: upright at 0, positive angles and torques are counterclockwise, arrows are as long as torques', () => {
  const env = pendulum();
  const rod = (angle: number): Kind<'capsule'> =>
    ofKind(env.scene?.({ angle, angularVelocity: 0 }), 'capsule')[0] as Kind<'capsule'>;
  expect(rod(0).to[2]).toBeGreaterThan(0.9);
  expect(rod(0.5).to[0]).toBeLessThan(0);
  const sweep = (torque: number): number => {
    const shaft = ofKind(env.scene?.({ angle: 0, angularVelocity: 0 }, [torque]), 'path').at(-1) as Kind<'path'>;
    const angles = shaft.points.map(([x, , z]) => Math.atan2(x, z));
    return (angles[0] ?? 0) - (angles.at(-1) ?? 0);
  };
  expect([sweep(1), sweep(-0.5)]).toEqual([expect.closeTo(1, 9), expect.closeTo(-0.5, 9)]);
  // Clipped, as the environment does.
  expect(env.scene?.({ angle: 0, angularVelocity: 0 }, [9])).toEqual(
    env.scene?.({ angle: 0, angularVelocity: 0 }, [2]),
  );
});

test('MountainCar: wheels stand on the road, and the flag where the task ends', () => {
  for (const [env, goal] of [
    [mountainCar(), 0.5],
    [mountainCarContinuous(), 0.45],
  ] as const)
    for (const position of [-1.2, -0.9, -Math.PI / 6, 0, 0.3, 0.5]) {
      const scene = env.scene?.({ position, velocity: 0 });
      const wheels = ofKind(scene, 'disc').filter(({ tint }) => tint === 'rubber');
      expect(wheels).toHaveLength(2);
      for (const { at, radius } of wheels) {
        // The distance of the middle of a wheel to the curve, along its normal.
        const [x, , z] = at;
        const slope = Math.cos(3 * x);
        const distance = (z - Math.sin(3 * x) / 3) / Math.hypot(1, slope);
        expect(Math.abs(distance - radius)).toBeLessThan(0.012);
      }
      expect(ofKind(scene, 'path').find(({ tint }) => tint === 'metal')?.points[0]?.[0]).toBe(goal);
    }
});

test('Detour: red in the pond, which is as large as the option says; the field follows who leaves its middle', () => {
  const at = (x: number, y: number, radius = 0.4): Scene => detour({ radius }).scene?.({ x, y }) as Scene;
  const walker = (scene: Scene): Kind<'sphere'> => ofKind(scene, 'sphere')[0] as Kind<'sphere'>;
  expect([walker(at(0, 0)).tint, walker(at(0, -0.3)).tint, walker(at(0, 0, 0.1)).tint]).toEqual([
    'danger',
    'body',
    'body',
  ]);
  expect(ofKind(at(0, 0, 0.1), 'disc')[0]?.radius).toBe(0.1);
  expect(at(0.9, 0).camera.target).toEqual([0, 0, 0]);
  expect(at(-2, 2).camera.target).toEqual([-1, 1.5, 0]);
});

describe('RepeatPrevious', () => {
  const episode = (k: number): readonly number[] => Array.from({ length: k + 12 }, (_, i) => (i * 7 + 3) % 26);

  test.each([1, 2, 6, 7, 8, 40, 100])('k = %d: the card that is asked for is seen, and the answer judged', (k) => {
    const env = repeatPrevious({ k, symbols: 26 });
    const symbols = episode(k);
    const step = k + 3;
    const right = symbols[3] as number;
    const name = String.fromCharCode(65 + right);
    for (const action of [right, (right + 1) % 26]) {
      const scene = env.scene?.({ symbols, step }, action) as Scene;
      const drawing = drawingOf(scene, 640, 320);
      for (const { look, points } of drawing.shapes)
        if (look.kind === 'area')
          for (const x of points.filter((_, i) => i % 2 === 0)) expect(x >= 0 && x <= 640).toBe(true);
      const bright = ofKind(scene, 'label').filter(({ tint, text }) => tint === 'ink' && text.length === 1);
      expect(bright.map(({ text }) => text)).toEqual([name, String.fromCharCode(65 + (symbols[step] as number))]);
      const verdict = ofKind(scene, 'label').at(-1);
      expect([verdict?.text.slice(0, 1), verdict?.tint]).toEqual([
        String.fromCharCode(65 + action),
        action === right ? 'goal' : 'danger',
      ]);
    }
  });

  test('before there is something to repeat, and at the end, nothing is asked', () => {
    const env = repeatPrevious();
    const symbols = episode(4);
    const words = (step: number, action?: number): readonly string[] =>
      ofKind(env.scene?.({ symbols, step }, action), 'label').map(({ text }) => text);
    expect(words(3, 1)).toContain('nothing to repeat yet');
    expect(words(16)).toContain('the end');
    expect(words(4)).toContain('which one was it 4 before?');
    // What comes is face down.
    expect(words(0).filter((word) => /^[A-Z]$/.test(word))).toEqual(['D']);
  });
});

describe('arrows', () => {
  test('end at their tip, whatever their length; without one there is nothing', () => {
    for (const to of [
      [1, 0, 0],
      [0, 0, 0.01],
      [-3, 0, 4],
      [1, 1, 0],
    ] satisfies readonly Point[]) {
      const [shaft, head] = arrow([0, 0, 0], to, 0.1) as readonly [Kind<'path'>, Kind<'polygon'>];
      expect(head.points[0]).toEqual(to);
      expect(shaft.points[0]).toEqual([0, 0, 0]);
      // The head is even on both sides.
      const [, left, right] = head.points as readonly [Point, Point, Point];
      expect(Math.hypot(...left.map((x, i) => x - (to[i] as number)))).toBeCloseTo(
        Math.hypot(...right.map((x, i) => x - (to[i] as number))),
        12,
      );
    }
    expect(arrow([1, 2, 3], [1, 2, 3], 0.1)).toEqual([]);
    expect(arrow([0, 0, 0], [Number.NaN, 0, 0], 0.1)).toEqual([]);
    expect([0, Number.NaN, Infinity].map((sweep) => arcArrow([0, 0, 0], 1, 0, sweep, 0.1))).toEqual([[], [], []]);
  });
});
