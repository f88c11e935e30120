/** How a step is sized: curvatures, the kinds, and the way that the search for the boundary takes through its bracket. */
import { boundaryStep, type StepSize, type Trial } from '@natgrad/rl-trpo';
import { describe, expect, test } from 'vitest';
import { chooseStepSize, quadraticStep, undampedCurvature } from '../../packages/rl-trpo/src/step-size.js';

const trial = (kl: number): Trial => ({ kl, gain: 0, finite: Number.isFinite(kl) });
const SHARE = 0.95;
/** δ = 1 everywhere below: the search aims at the middle of the band in √KL. */
const TARGET = Math.sqrt((1 + SHARE) / 2);

/** The scales that the search tries when KL is first `answers[0]`, then `answers[1]`, …; the last answer is repeated. */
const walk = (
  answers: readonly number[],
  options: { readonly initial?: number; readonly share?: number; readonly maxEvaluations?: number } = {},
): { readonly tried: readonly number[]; readonly found: StepSize } => {
  const tried: number[] = [];
  const found = boundaryStep(
    (scale) => {
      tried.push(scale);
      return trial(answers[Math.min(tried.length, answers.length) - 1] as number);
    },
    { delta: 1, initial: 1, ...options },
  );
  return { tried, found };
};

describe('boundaryStep', () => {
  test.each([0, -1, Number.NaN])('a beginning of %s is no direction', (initial) => {
    expect(walk([0.5], { initial })).toEqual({ tried: [], found: { scale: 0, evaluations: 0 } });
  });

  test('a first try within the band is taken, both ends included', () => {
    for (const kl of [SHARE, 0.97, 1]) expect(walk([kl])).toEqual({ tried: [1], found: { scale: 1, evaluations: 1 } });
  });

  test.each([
    ['follows √KL', 0.25, TARGET / 0.5],
    ['at most fourfold', 1e-4, 4],
    ['at least by a twentieth', 0.9499, 1.05],
    ['fourfold where KL is 0', 0, 4],
  ])('below the band it goes on: %s', (_, kl, next) => {
    const { tried, found } = walk([kl, 1]);
    expect(tried[0]).toBe(1);
    expect(tried[1]).toBeCloseTo(next, 14);
    expect(found).toEqual({ scale: tried[1], evaluations: 2 });
  });

  test('beyond it, a secant in √KL between the ends', () => {
    // From (0, 0) to (1, 2), then from (1, ½) to (TARGET / ½, 3).
    expect(walk([4, 1]).tried[1]).toBeCloseTo(TARGET / 2, 14);
    const high = TARGET / 0.5;
    expect(walk([0.25, 9, 1]).tried[2]).toBeCloseTo(1 + ((high - 1) * (TARGET - 0.5)) / 2.5, 14);
  });

  test('a secant too near the lower end becomes an eighth of the way from 0, or the middle', () => {
    expect(walk([1e8, 1]).tried[1]).toBe(1 / 8);
    expect(walk([1e-4, 1e10, 1]).tried).toEqual([1, 4, 2.5]);
    // A share of 1.1e-3 of the bracket is far enough.
    const root = TARGET / 1.1e-3;
    expect(walk([root ** 2, 1]).tried[1]).toBeCloseTo(1.1e-3, 12);
  });

  test('and so does one too near the upper end', () => {
    // With a narrow band the middle of it is nearly δ itself.
    const share = 0.9999;
    expect(walk([1 + 1e-9, 1], { share }).tried[1]).toBe(1 / 8);
    const [first, second, third] = walk([1e-4, 1 + 1e-9, 1], { share }).tried as [number, number, number];
    expect([first, second, third]).toEqual([1, 4, 2.5]);
  });

  test('ends more than fourfold apart: their geometric mean', () => {
    // 1 is far beyond, 1/8 within.
    expect(walk([1e10, 1e-4, 1]).tried[2]).toBeCloseTo(Math.sqrt(1 / 8), 14);
    expect(walk([Infinity, 1e-4, 1]).tried[2]).toBeCloseTo(Math.sqrt(1 / 8), 14);
    // Exactly fourfold is not: the secant, and without one the middle.
    expect(walk([1e-4, 4, 1]).tried[2]).toBeCloseTo(1 + (3 * (TARGET - 0.01)) / 1.99, 14);
    expect(walk([1e-4, Infinity, 1]).tried[2]).toBe(2.5);
  });

  test('KL that is not finite lies beyond: down by eighths from 0', () => {
    expect(walk([Infinity, Infinity, 1]).tried).toEqual([1, 1 / 8, 1 / 64]);
    expect(walk([Number.NaN, 1]).tried).toEqual([1, 1 / 8]);
  });

  test('a negative KL, which is rounding, counts as 0', () => {
    expect(walk([-1e-12, 1]).tried).toEqual([1, 4]);
  });

  test('the last evaluation may still find it; after that the largest scale within δ is taken', () => {
    expect(walk([Infinity, Infinity, 1], { maxEvaluations: 3 }).found).toEqual({ scale: 1 / 64, evaluations: 3 });
    expect(walk([Infinity], { maxEvaluations: 5 })).toMatchObject({
      tried: { length: 5 },
      found: { scale: 0, evaluations: 5 },
    });
    expect(walk([1e-4, Infinity], { maxEvaluations: 4 }).found).toEqual({ scale: 1, evaluations: 4 });
    expect(walk([Infinity]).tried).toHaveLength(30);
  });

  test('it ends where numbers end', () => {
    expect(walk([0], { initial: 1e308 }).found).toEqual({ scale: 1e308, evaluations: 1 });
    const least = Number.MIN_VALUE;
    // An eighth of the least number is 0.
    expect(walk([Infinity], { initial: least }).found).toEqual({ scale: 0, evaluations: 1 });
    // The middle of two neighbouring numbers is one of them.
    expect(walk([1e-4, Infinity], { initial: least })).toEqual({
      tried: [least, 4 * least, 2 * least],
      found: { scale: least, evaluations: 3 },
    });
  });
});

describe('quadraticStep', () => {
  test('has a KL of δ in the quadratic', () => {
    expect(quadraticStep(0.02, 4)).toBeCloseTo(0.1, 15);
  });

  test.each([0, -1, -Infinity, Number.NaN, Infinity])('is 0 for a curvature of %s', (curvature) => {
    expect(quadraticStep(0.02, curvature)).toBe(0);
  });

  test('is 0 where it would not be finite', () => {
    expect(quadraticStep(100, Number.MIN_VALUE)).toBe(0);
  });
});

test('undamped curvature: xᵀb − xᵀr − damping·xᵀx', () => {
  expect(undampedCurvature(10, 3, 2, 0.5)).toBe(6);
});

describe('chooseStepSize', () => {
  const input = { delta: 0.5, curvature: 4, dampedCurvature: 16 };
  const never = (): Trial => {
    throw new Error('nothing is to be evaluated');
  };
  /** KL = α². */
  const square = (scale: number): Trial => trial(scale * scale);

  test('damped and undamped are the quadratic’s', () => {
    expect(chooseStepSize({ ...input, kind: 'damped' }, never)).toEqual({ scale: 0.25, evaluations: 0 });
    expect(chooseStepSize({ ...input, kind: 'undamped' }, never)).toEqual({ scale: 0.5, evaluations: 0 });
  });

  test('no curvature, no step', () => {
    for (const kind of ['boundary', 'undamped', 'damped'] as const)
      expect(chooseStepSize({ ...input, curvature: 0, dampedCurvature: 0, kind }, never)).toEqual({
        scale: 0,
        evaluations: 0,
      });
  });

  test('the boundary begins at the undamped step', () => {
    const tried: number[] = [];
    const { scale, evaluations } = chooseStepSize({ ...input, kind: 'boundary' }, (at) => {
      tried.push(at);
      return square(at);
    });
    expect(tried[0]).toBe(0.5);
    expect(scale ** 2).toBeGreaterThanOrEqual(0.95 * 0.5);
    expect(scale ** 2).toBeLessThanOrEqual(0.5);
    expect(evaluations).toBe(tried.length);
  });

  test('where nothing stays inside, the line search begins at the undamped step', () => {
    expect(chooseStepSize({ ...input, kind: 'boundary' }, () => trial(Infinity))).toEqual({
      scale: 0.5,
      evaluations: 30,
    });
  });
});
