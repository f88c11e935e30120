/** Several choices at once. */
import {
  box,
  contains,
  defineEnv,
  multiBinary,
  multiDiscrete,
  type Space,
  type Vector,
  vectorise,
  widthOf,
} from '@natgrad/envs';
import { envLaws } from '@natgrad/envs/laws';
import { key, uniformAt } from '@natgrad/tensor';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { errorOf, expectError } from '../errors.js';

/** Observes the sum of its actions so far, the i-th element i times, and a mark that differs from episode to episode. */
const adder = (actionSpace: Space) =>
  defineEnv<{ readonly mark: number; readonly sum: number }, Vector>({
    id: 'Adder-v0',
    observationSpace: box({ low: -Infinity, high: Infinity, shape: [2] }),
    actionSpace,
    reset: (start) => {
      const mark = uniformAt(start, 0);
      return { state: { mark, sum: 0 }, observation: [mark, 0] };
    },
    step: ({ mark, sum }, action) => {
      const next = Array.from(action).reduce((total, x, i) => total + (i + 1) * x, sum);
      return {
        state: { mark, sum: next },
        observation: [mark, next],
        reward: next,
        terminated: false,
        truncated: false,
      };
    },
  });

describe.each([
  ['multiDiscrete', multiDiscrete([3, 2, 4]), [2, 1, 3], 13],
  ['multiBinary', multiBinary(2), [0, 1], 2],
] as const)('%s', (_, space, action, worth) => {
  test.each(envLaws(adder(space)))('$name', ({ property }) => {
    fc.assert(property, { numRuns: 20 });
  });

  test('environments side by side get a vector each', () => {
    expect(widthOf(space)).toBe(action.length);
    const envs = vectorise(adder(space), 2);
    const { state } = envs.reset(key(0));
    const nothing = action.map(() => 0);
    expect([...envs.step(state, [...nothing, ...action]).rewards]).toEqual([0, worth]);
  });
});

test('elements have their own numbers of choices', () => {
  const space = multiDiscrete([3, 2]);
  expect(contains(space, [2, 1])).toBe(true);
  expect(contains(space, Int32Array.of(0, 0))).toBe(true);
  for (const action of [[1, 2], [3, 0], [0.5, 0], [-1, 0], [0], [0, 0, 0], 1, [NaN, 0]])
    expect(contains(space, action)).toBe(false);
  expect(contains(multiBinary(2), [1, 1])).toBe(true);
  expect(contains(multiBinary(2), [1, 2])).toBe(false);
});

test('an element out of range is named', () => {
  const env = adder(multiDiscrete([3, 2]));
  const { state } = env.reset(key(0));
  const error = errorOf(() => env.step(state, [0, 2]));
  expect(error).toMatchObject({ code: 'OutOfRange', argument: 'action[1]', found: '2' });
  expect(error.message).toMatch(/^Adder-v0\.step: element 1 of the action is 2, expected a whole number from 0 to 1/);
  expect(errorOf(() => env.step(state, [0])).message).toMatch(/a vector of length 1, expected a vector of length 2/);
});

test.each([
  ['no choice at all', () => multiDiscrete([])],
  ['a choice of nothing', () => multiDiscrete([2, 0])],
  ['half a choice', () => multiDiscrete([1.5])],
  ['no switch', () => multiBinary(0)],
])('%s is refused', (_, run) => {
  expectError(run, 'InvalidArgument', 'a whole number ≥ 1');
});

test.each([
  ['no counts', { kind: 'multiDiscrete', counts: [] }],
  ['a count of 0', { kind: 'multiDiscrete', counts: [2, 0] }],
  ['no switches', { kind: 'multiBinary', n: 0 }],
] as const)('the laws see a malformed space: %s', (_, actionSpace) => {
  const law = envLaws({ ...adder(multiBinary(1)), actionSpace }).find(({ name }) => name.includes('well formed'));
  const { errorInstance } = fc.check(law?.property as fc.IProperty<unknown>, { numRuns: 1 });
  expect((errorInstance as Error).message).toMatch(/choices|switches/);
});
