/** A stranger's trajectory file gives a typed error with the place of the fault, never an exception. */
import {
  cartPole,
  decodeTrajectories,
  defineEnv,
  pendulum,
  replay,
  TRAJECTORY_LIMITS,
  type Trajectory,
} from '@natgrad/envs';
import type { NatgradError } from '@natgrad/tensor';
import fc from 'fast-check';
import { type Either, isLeft } from 'fp-ts/lib/Either.js';
import { describe, expect, test } from 'vitest';
import { runs } from './runs.js';

const good = {
  env: 'Pendulum-v1',
  trajectories: [
    {
      name: 'upright',
      state0: [0, 0],
      actions: [[0]],
      state: [[0, 0]],
      obs: [[1, 0, 0]],
      reward: [0],
      terminated: [false],
    },
  ],
};

const errorOf = (result: Either<NatgradError, unknown>): NatgradError => {
  if (!isLeft(result)) throw new Error('this should be refused');
  return result.left;
};

/** The good file with one field of its trajectory replaced. */
const altered = (change: object): string =>
  JSON.stringify({ ...good, trajectories: [{ ...good.trajectories[0], ...change }] });

describe('decodeTrajectories', () => {
  test.each([
    ['no JSON', '{"env":', 'the file'],
    ['nothing', '', 'the file'],
    ['an array', '[]', 'the file'],
    ['null', 'null', 'the file'],
    ['no id', JSON.stringify({ ...good, env: 3 }), 'env'],
    ['an endless id', JSON.stringify({ ...good, env: 'x'.repeat(201) }), 'env'],
    ['trajectories of another kind', JSON.stringify({ ...good, trajectories: {} }), 'trajectories'],
    ['a trajectory of another kind', JSON.stringify({ ...good, trajectories: [7] }), 'trajectories[0]'],
    ['too many trajectories', JSON.stringify({ ...good, trajectories: new Array(10_001).fill(0) }), 'trajectories'],
    ['no start', altered({ state0: undefined }), 'trajectories[0].state0'],
    ['a start with a hole', altered({ state0: [0, null] }), 'trajectories[0].state0[1]'],
    ['an infinite number', altered({}).replace('"state0":[0,0]', '"state0":[0,1e999]'), 'trajectories[0].state0[1]'],
    ['an action of another kind', altered({ actions: ['0'] }), 'trajectories[0].actions[0]'],
    ['an action within an action', altered({ actions: [[[0]]] }), 'trajectories[0].actions[0][0]'],
    [
      'more states than actions',
      altered({
        state: [
          [0, 0],
          [0, 0],
        ],
      }),
      'trajectories[0].state',
    ],
    ['an observation of another kind', altered({ obs: [3] }), 'trajectories[0].obs[0]'],
    ['a boolean for a reward', altered({ reward: [true] }), 'trajectories[0].reward[0]'],
    ['a number for a termination', altered({ terminated: [0] }), 'trajectories[0].terminated[0]'],
    ['a vector beyond all widths', altered({ state0: new Array(10_001).fill(0) }), 'trajectories[0].state0'],
  ])('%s', (_, content, place) => {
    expect(errorOf(decodeTrajectories(content))).toMatchObject({ code: 'Malformed', argument: place });
  });

  test('a file beyond all sizes is refused before it is parsed', () => {
    // A rope of one repeated block: no memory is spent on its characters until somebody reads them.
    const huge = ' '.repeat(TRAJECTORY_LIMITS.characters + 1);
    expect(errorOf(decodeTrajectories(huge)).argument).toBe('the file');
  });

  test('control characters in names do not reach a terminal', () => {
    const decoded = decodeTrajectories(altered({ name: 'a\u001b[2Jb\u202ec' }));
    if (isLeft(decoded)) throw decoded.left;
    expect(decoded.right.trajectories[0]?.name).toBe('a�[2Jb�c');
  });

  test('whatever is in the file, decoding and replaying it does not throw', () => {
    const mangled = fc.oneof(
      fc.string(),
      fc.json(),
      fc
        .record({ env: fc.constantFrom('Pendulum-v1', 'CartPole-v1'), trajectories: fc.array(fc.anything()) })
        .map((x) => JSON.stringify(x, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))),
      // A good file with one character changed.
      fc.tuple(fc.nat(), fc.string({ minLength: 1, maxLength: 2 })).map(([at, patch]) => {
        const content = JSON.stringify(good);
        const place = at % content.length;
        return content.slice(0, place) + patch + content.slice(place + 1);
      }),
      // Right kinds, wrong numbers and widths.
      fc
        .record({
          name: fc.string(),
          state0: fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { maxLength: 3 }),
          actions: fc.constantFrom([[0]], [[1e308]], [0], [[0, 0]], [[]]),
          state: fc.constantFrom([[0, 0]], [[]], [[1e308, -1e308]]),
          obs: fc.constantFrom([[1, 0, 0]], [[]]),
          reward: fc.constant([0]),
          terminated: fc.constant([true]),
        })
        .map((trajectory) => JSON.stringify({ env: 'Pendulum-v1', trajectories: [trajectory] })),
    );
    fc.assert(
      fc.property(mangled, (content) => {
        const decoded = decodeTrajectories(content);
        if (isLeft(decoded)) return;
        replay(pendulum(), decoded.right);
        replay(cartPole(), decoded.right);
      }),
      runs(500),
    );
  });
});

describe('replay', () => {
  const decoded = decodeTrajectories(JSON.stringify(good));
  if (isLeft(decoded)) throw decoded.left;
  const file = decoded.right;
  const trajectory = file.trajectories[0] as Trajectory;
  const replayed = (change: Partial<Trajectory>) =>
    replay(pendulum(), { ...file, trajectories: [trajectory, { ...trajectory, ...change }] });

  test('reports the largest deviation and its step', () => {
    const result = replayed({ observations: [[1, 0.25, 0]], rewards: [-2], terminated: [true] });
    if (isLeft(result)) throw result.left;
    expect(result.right[0]).toEqual({
      name: 'upright',
      steps: 1,
      state: { largest: 0, step: -1 },
      observation: { largest: 0, step: -1 },
      reward: { largest: 0, step: -1 },
      terminationMismatches: [],
      matches: true,
    });
    expect(result.right[1]).toMatchObject({
      observation: { largest: 0.25, step: 0 },
      reward: { largest: 2, step: 0 },
      terminationMismatches: [0],
      matches: false,
    });
  });

  test('another width deviates infinitely', () => {
    const result = replayed({ states: [[0]] });
    if (isLeft(result)) throw result.left;
    expect(result.right[1]?.state).toEqual({ largest: Infinity, step: 0 });
  });

  test('a state that is not a number deviates infinitely', () => {
    // So fast that its square overflows: the next velocity is ∞ − ∞.
    const result = replay(cartPole(), {
      env: 'CartPole-v1',
      trajectories: [
        {
          name: 'overflow',
          initial: [0, 0, 1, 1e200],
          actions: [1],
          states: [[0, 0, 1, 0]],
          observations: [[0, 0, 1, 0]],
          rewards: [1],
          terminated: [true],
        },
      ],
    });
    if (isLeft(result)) throw result.left;
    expect(result.right[0]).toMatchObject({ state: { largest: Infinity, step: 0 }, matches: false });
  });

  test('tolerances decide', () => {
    const loose = replay(
      pendulum(),
      { ...file, trajectories: [{ ...trajectory, rewards: [0.5] }] },
      {
        state: 0,
        observation: 0,
        reward: 0.5,
      },
    );
    if (isLeft(loose)) throw loose.left;
    expect(loose.right[0]?.matches).toBe(true);
  });

  test('a file of another environment, impossible actions and starts are typed errors', () => {
    expect(errorOf(replay(cartPole(), file)).message).toContain('recorded from Pendulum-v1, not from CartPole-v1');
    expect(errorOf(replayed({ actions: [0] }))).toMatchObject({ argument: 'trajectories[1]' });
    expect(errorOf(replayed({ initial: [0] })).message).toContain('1 coordinates, expected 2: angle, angularVelocity');
    const { coordinates: _coordinates, ...bare } = pendulum();
    expect(errorOf(replay(bare, file)).message).toContain('cannot start at given coordinates');
  });

  test('a fault in the environment itself is not blamed on the file', () => {
    const { coordinates, ...rod } = pendulum();
    if (coordinates === undefined) throw new Error('no coordinates');
    const faulty = defineEnv({
      ...rod,
      coordinates,
      step: () => {
        throw new RangeError('a bug');
      },
    });
    expect(() => replay(faulty, file)).toThrow('a bug');
  });
});
