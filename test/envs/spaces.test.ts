import { box, cartPole, contains, defineEnv, discrete, pendulum, timeLimit, type Vector, widthOf } from '@natgrad/envs';
import { key } from '@natgrad/tensor';
import { describe, expect, test } from 'vitest';
import { errorOf } from '../errors.js';

describe('boxes', () => {
  test('one bound stands for all elements', () => {
    const space = box({ low: -1, high: [1, 2], shape: [2, 1] });
    expect(space).toEqual({ kind: 'box', shape: [2, 1], low: [-1, -1], high: [1, 2], dtype: 'f64' });
    expect(widthOf(space)).toBe(2);
    expect(box({ low: 0, high: 1 }).shape).toEqual([1]);
  });

  test('contain vectors of their width, bounds included, and single precision where promised', () => {
    const space = box({ low: [-1, 0], high: [1, Infinity] });
    expect(contains(space, [1, 1e300])).toBe(true);
    expect(contains(space, Float64Array.of(-1, 0))).toBe(true);
    expect(contains(space, [1, -1e-300])).toBe(false);
    expect(contains(space, [NaN, 0])).toBe(false);
    expect(contains(space, [0])).toBe(false);
    expect(contains(space, 0)).toBe(false);
    const single = box({ low: -1.2, high: 0.1, dtype: 'f32' });
    expect(contains(single, Float32Array.of(-1.2))).toBe(true);
    expect(contains(single, [0.05])).toBe(false);
  });

  test.each([
    ['bounds the wrong way round', () => box({ low: 1, high: 0 })],
    ['NaN', () => box({ low: NaN, high: 1 })],
    ['too few bounds', () => box({ low: [0], high: 1, shape: [2] })],
    ['an empty axis', () => box({ low: 0, high: 1, shape: [0] })],
    ['a discrete space of nothing', () => discrete(0)],
    ['half a choice', () => discrete(1.5)],
    ['a time limit of 0', () => timeLimit(cartPole(), 0)],
    ['coordinates that are not finite', () => cartPole().coordinates?.start([0, 0, NaN, 0])],
    ['too few coordinates', () => cartPole().coordinates?.start([0, 0])],
  ])('%s is refused', (_, run) => {
    expect(errorOf(run).code).toBe('InvalidArgument');
  });
});

describe('actions are checked where they enter', () => {
  const cart = cartPole();
  const cartState = cart.reset(key(0)).state;
  const rod = pendulum();
  const rodState = rod.reset(key(0)).state;

  test('a choice out of range names the environment, what was found and what was expected', () => {
    const error = errorOf(() => cart.step(cartState, 2));
    expect(error).toMatchObject({ code: 'OutOfRange', argument: 'action', found: 'the number 2' });
    expect(error.message).toMatch(
      /^CartPole-v1\.step: the action is the number 2, expected a whole number from 0 to 1/,
    );
  });

  test('a width or an element that is wrong is named', () => {
    expect(errorOf(() => rod.step(rodState, [1, 2])).message).toMatch(
      /^Pendulum-v1\.step: the action is a vector of length 2, expected a vector of length 1/,
    );
    expect(errorOf(() => rod.step(rodState, [NaN])).argument).toBe('action[0]');
    expect(errorOf(() => rod.step(rodState, 1 as unknown as Vector)).found).toBe('the number 1');
  });

  test('beyond the bounds is valid', () => {
    expect(rod.step(rodState, [1e6])).toEqual(rod.step(rodState, [2]));
  });

  test('an own environment receives valid actions only', () => {
    const seen: number[] = [];
    const env = defineEnv<null, number>({
      id: 'Own-v0',
      observationSpace: box({ low: 0, high: 1 }),
      actionSpace: discrete(3),
      reset: () => ({ state: null, observation: [0] }),
      step: (state, action) => {
        seen.push(action);
        return { state, observation: [0], reward: 0, terminated: false, truncated: false };
      },
    });
    env.step(null, 2);
    expect(errorOf(() => env.step(null, 3)).operation).toBe('Own-v0.step');
    expect(seen).toEqual([2]);
  });
});

describe('time limit', () => {
  test('truncation and termination are apart and may meet', () => {
    // A pole on its way down: out of bounds after its second step.
    const fallingPole = (steps: number) => {
      const env = timeLimit(cartPole(), steps);
      let { state } = (env.coordinates as NonNullable<typeof env.coordinates>).start([0, 0, 0.17, 1]);
      return [0, 1, 2].map(() => {
        const next = env.step(state, 0);
        state = next.state;
        return [next.terminated, next.truncated];
      });
    };
    expect(fallingPole(10)).toEqual([
      [false, false],
      [true, false],
      [true, false],
    ]);
    expect(fallingPole(2)).toEqual([
      [false, false],
      [true, true],
      [true, true],
    ]);
    expect(fallingPole(1)).toEqual([
      [false, true],
      [true, true],
      [true, true],
    ]);
  });

  test('of two limits the shorter one counts', () => {
    expect(timeLimit(timeLimit(cartPole(), 5), 9).timeLimit).toBe(5);
    expect(timeLimit(timeLimit(cartPole(), 9), 5).timeLimit).toBe(5);
    const env = timeLimit(timeLimit(pendulum(), 1), 9);
    expect(env.step(env.reset(key(0)).state, [0]).truncated).toBe(true);
  });
});
