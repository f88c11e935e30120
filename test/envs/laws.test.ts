/** The laws of environments: kept by every registered one, and each of them broken by an environment made to break it. */
import {
  box,
  cartPole,
  defineEnv,
  discrete,
  type Env,
  environments,
  pendulum,
  type Scene,
  type TimeLimited,
  type Transition,
  timeLimit,
  type Vector,
} from '@natgrad/envs';
import { envLaws } from '@natgrad/envs/laws';
import { type Key, uniformAt } from '@natgrad/tensor';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { registered } from './_scenes.js';
import { runs } from './runs.js';

describe.each(registered)('$id', (env) => {
  const laws = envLaws(env);
  // A step of a physics engine costs a thousand times as much as one of the others. Measured on a busy machine: all nine tasks take 24
  // seconds with 6 cases, and 19 with 2 of the law that plays whole episodes, of 1000 steps; the seven others 9 with 30.
  const definition = environments.find(({ id }) => id === env.id);
  const cheap = definition !== undefined && 'create' in definition;
  const casesOf = (name: string): number => (cheap ? 30 : name.includes('a time limit truncates') ? 2 : 6);
  test.each(laws)('$name', ({ name, property }) => {
    fc.assert(property, runs(casesOf(name)));
  });

  test('has a time limit and coordinates, so that those laws were among them', () => {
    expect(laws.map(({ name }) => name.slice(env.id.length + 2))).toContain(
      'a time limit truncates at its step and not before',
    );
    expect(laws.map(({ name }) => name.slice(env.id.length + 2))).toContain('coordinates can be read back');
  });
});

type Walk = { readonly x: number };

const sceneAt = ({ x }: Walk, action?: number): Scene => ({
  shapes: [{ kind: 'sphere', at: [x, 0, action ?? 0], radius: 0.1, tint: 'body' }],
  ground: null,
  camera: { view: 'side', target: [0, 0, 0], span: [8, 4] },
  stepSeconds: 0.1,
});

/** A correct environment to break: a walk on a line, over at a distance of 3. */
const walk = (change: Partial<Env<Walk, number>> = {}): Env<Walk, number> => ({
  ...defineEnv<Walk, number>({
    id: 'Walk-v0',
    observationSpace: box({ low: -5, high: 5 }),
    actionSpace: discrete(2),
    reset: (key: Key) => {
      const x = uniformAt(key, 0);
      return { state: { x }, observation: [x] };
    },
    step: ({ x }: Walk, action: number) => {
      const next = x + (action === 1 ? 1 : -1) * (1 + x / 100);
      return {
        state: { x: next },
        observation: [next],
        reward: -0.5,
        terminated: Math.abs(next) >= 3,
        truncated: false,
      };
    },
    coordinates: {
      names: ['x'],
      dtype: 'f64',
      read: ({ x }: Walk) => [x],
      start: (values: Vector) => ({ state: { x: values[0] as number }, observation: [values[0] as number] }),
    },
    scene: sceneAt,
  }),
  ...change,
});

const good = walk();

/** The good walk with every transition passed through `change`. */
const stepping = (
  change: (next: Transition<Walk>, state: Walk, action: number) => Transition<Walk>,
): Env<Walk, number> => walk({ step: (state, action) => change(good.step(state, action), state, action) });

const counted = (): (() => number) => {
  let count = 0;
  return () => (count += 1);
};

const shared = [0];
const broken: readonly (readonly [law: string, how: string, env: () => Env])[] = [
  [
    'spaces are well formed',
    'a box with bounds the wrong way round',
    () => walk({ observationSpace: { kind: 'box', shape: [1], low: [1], high: [0], dtype: 'f64' } }),
  ],
  [
    'spaces are well formed',
    'a box with too few bounds',
    () => walk({ observationSpace: { kind: 'box', shape: [2], low: [1], high: [2], dtype: 'f64' } }),
  ],
  ['spaces are well formed', 'no choice at all', () => walk({ actionSpace: { kind: 'discrete', n: 0 } })],
  [
    'spaces are well formed',
    'an action space with bounds the wrong way round',
    () => ({ ...walk(), actionSpace: { kind: 'box', shape: [1], low: [1], high: [0], dtype: 'f64' } }),
  ],
  ['spaces are well formed', 'a time limit of half a step', () => walk({ timeLimit: 0.5 })],
  [
    'reset depends on the key only',
    'a counter in reset',
    () => {
      const next = counted();
      return walk({ reset: () => ({ state: { x: next() }, observation: [0] }) });
    },
  ],
  [
    'reset depends on the key only',
    'a reset that remembers the last step',
    () => {
      let last = 0;
      return walk({
        reset: () => ({ state: { x: last }, observation: [last] }),
        step: (state, action) => {
          const next = good.step(state, action);
          last = next.state.x;
          return next;
        },
      });
    },
  ],
  [
    'step depends on state and action only',
    'a hidden counter',
    () => {
      const next = counted();
      return stepping((transition) => ({ ...transition, reward: next() }));
    },
  ],
  [
    'step depends on state and action only',
    'the state of the simulator instead of the one given',
    () => {
      let current: Walk = { x: 0 };
      return walk({
        reset: (key) => {
          const start = good.reset(key);
          current = start.state;
          return start;
        },
        step: (_, action) => {
          const next = good.step(current, action);
          current = next.state;
          return next;
        },
      });
    },
  ],
  [
    'inputs are not changed',
    'a step that writes into its state',
    () =>
      stepping((next, state) => {
        (state as { x: number }).x = next.state.x;
        return next;
      }),
  ],
  [
    'inputs are not changed',
    'a step that writes into a typed array of its state',
    () =>
      defineEnv<Float64Array, number>({
        ...(walk() as unknown as Env<Float64Array, number>),
        reset: () => ({ state: Float64Array.of(1), observation: [0] }),
        step: (state) => {
          state[0] = (state[0] as number) + 1;
          return { state: Float64Array.of(1), observation: [0], reward: 0, terminated: false, truncated: false };
        },
      }),
  ],
  [
    'inputs are not changed',
    'a step that clips its action in place',
    () => {
      const rod = pendulum();
      return {
        ...rod,
        step: (state: { readonly angle: number; readonly angularVelocity: number }, action: Vector) => {
          (action as Float64Array)[0] = (action[0] as number) / 2 + 1;
          return rod.step(state, action);
        },
      };
    },
  ],
  [
    'observations lie in their space until the end of the episode',
    'an observation beyond its bound',
    () => walk({ observationSpace: box({ low: -2.5, high: 2.5 }) }),
  ],
  [
    'observations lie in their space until the end of the episode',
    'double precision where single is promised',
    () => walk({ observationSpace: box({ low: -4, high: 4, dtype: 'f32' }) }),
  ],
  [
    'observations lie in their space until the end of the episode',
    'a first observation of another width',
    () => walk({ reset: (key) => ({ ...good.reset(key), observation: [0, 0] }) }),
  ],
  [
    'rewards, costs and observations are finite and flags are booleans',
    'a cost that nobody announced',
    () => stepping((next) => ({ ...next, cost: 1 })),
  ],
  [
    'rewards, costs and observations are finite and flags are booleans',
    'an announced cost that is not there',
    () => walk({ reportsCost: true }),
  ],
  [
    'rewards, costs and observations are finite and flags are booleans',
    'an infinite cost',
    () => ({ ...stepping((next) => ({ ...next, cost: Infinity })), reportsCost: true }),
  ],
  [
    'rewards, costs and observations are finite and flags are booleans',
    'a reward of NaN',
    () => stepping((next) => ({ ...next, reward: NaN })),
  ],
  [
    'rewards, costs and observations are finite and flags are booleans',
    'a flag that is a number',
    () => stepping((next) => ({ ...next, terminated: 0 as unknown as boolean })),
  ],
  [
    'rewards, costs and observations are finite and flags are booleans',
    'no truncated at all',
    () => stepping(({ truncated: _truncated, ...next }) => next as Transition<Walk>),
  ],
  [
    'rewards, costs and observations are finite and flags are booleans',
    'an infinite observation',
    () => stepping((next) => ({ ...next, observation: [Infinity] })),
  ],
  [
    'rewards, costs and observations are finite and flags are booleans',
    'a failure that shows where it would have led',
    () =>
      stepping((next) =>
        next.terminated ? { ...next, reward: 0, failure: { code: 'Runaway', found: 'x', expected: 'less' } } : next,
      ),
  ],
  [
    'rewards, costs and observations are finite and flags are booleans',
    'a failure after which the episode goes on',
    () =>
      stepping((next, { x }) => ({
        ...{ ...next, state: { x }, observation: [x], reward: 0, terminated: false },
        failure: { code: 'Runaway', found: 'x', expected: 'less' },
      })),
  ],
  [
    'rewards, costs and observations are finite and flags are booleans',
    'a failure that pays',
    () =>
      stepping((next, { x }) => ({
        ...{ ...next, state: { x }, observation: [x], reward: 1, terminated: true },
        failure: { code: 'Runaway', found: 'x', expected: 'less' },
      })),
  ],
  [
    'finite actions of any size lead to finite transitions or to failures',
    'a square that overflows',
    () => {
      const rod = pendulum();
      return {
        ...rod,
        step: (state, action) => ({
          ...rod.step(state as never, action as never),
          reward: -(((action as Vector)[0] ?? 0) ** 2),
        }),
      };
    },
  ],
  [
    'step is total after the end of an episode',
    'an exception after the end',
    () =>
      stepping((next, state) => {
        if (Math.abs(state.x) >= 3) throw new Error('reset first');
        return next;
      }),
  ],
  [
    'step is total after the end of an episode',
    'NaN after the end',
    () => stepping((next, state) => ({ ...next, reward: Math.abs(state.x) >= 3 ? NaN : 0 })),
  ],
  [
    'a state is plain data and its copy continues alike',
    'a function in the state',
    () => stepping((next) => ({ ...next, state: { ...next.state, go: () => 1 } })),
  ],
  [
    'a state is plain data and its copy continues alike',
    'a class instance',
    () => stepping((next) => ({ ...next, state: Object.assign(new Map(), next.state) })),
  ],
  [
    'a state is plain data and its copy continues alike',
    'a state known by identity',
    () => {
      const known = new WeakMap<Walk, number>();
      return stepping((next, state) => {
        known.set(next.state, (known.get(state) ?? 0) + 1);
        return { ...next, reward: known.get(next.state) ?? 0 };
      });
    },
  ],
  [
    'observations are fresh',
    'one buffer for all observations',
    () =>
      stepping((next) => {
        shared[0] = next.state.x;
        return { ...next, observation: shared };
      }),
  ],
  [
    'invalid actions are typed errors',
    'any action taken',
    () => walk({ step: (state, action) => good.step(state, action === 1 ? 1 : 0) }),
  ],
  [
    'invalid actions are typed errors',
    'an error of another kind',
    () =>
      walk({
        step: (state, action) => {
          if (action !== 0 && action !== 1) throw new TypeError('no such action');
          return good.step(state, action);
        },
      }),
  ],
  [
    'a time limit truncates at its step and not before',
    'one step late',
    () => ({ ...timeLimit(good, 6), timeLimit: 5 }),
  ],
  [
    'a time limit truncates at its step and not before',
    'one step early',
    () => ({ ...timeLimit(good, 4), timeLimit: 5 }),
  ],
  [
    'a time limit truncates at its step and not before',
    'silent when the task ends too',
    () => {
      const env = timeLimit(good, 5);
      return {
        ...env,
        step: (state: TimeLimited<Walk>, action: number) => {
          const next = env.step(state, action);
          return { ...next, truncated: next.truncated && !next.terminated };
        },
      };
    },
  ],
  [
    'a scene depends on state and action only and changes nothing',
    'a counter in it',
    () => {
      const next = counted();
      return walk({ scene: (state) => sceneAt(state, next()) });
    },
  ],
  [
    'a scene depends on state and action only and changes nothing',
    'the memory that steps go on from',
    () => {
      let drawn = 0;
      return walk({
        scene: (state, action) => {
          drawn = state.x;
          return sceneAt(state, action);
        },
        step: (state, action) => {
          const next = good.step(state, action);
          return { ...next, reward: drawn };
        },
      });
    },
  ],
  [
    'a scene depends on state and action only and changes nothing',
    'a state that it writes into',
    () =>
      walk({
        scene: (state) => {
          (state as { x: number }).x += 1;
          return sceneAt(state);
        },
      }),
  ],
  [
    'coordinates can be read back',
    'a start somewhere else',
    () =>
      walk({
        coordinates: {
          names: ['x'],
          dtype: 'f64',
          read: ({ x }) => [x],
          start: (values) => ({ state: { x: (values[0] as number) + 1e-12 }, observation: [0] }),
        },
      }),
  ],
];

describe('each law can fail', () => {
  test.each(broken)('%s: %s', (name, _, env) => {
    const made = env();
    const law = envLaws(made).find((candidate) => candidate.name === `${made.id}: ${name}`);
    if (law === undefined) throw new Error(`there is no law ${name}`);
    expect(fc.check(law.property, { numRuns: 100, seed: 1 }).failed).toBe(true);
  });

  test('and the environments that were broken keep all laws whole', () => {
    const whole: readonly Env[] = [good, timeLimit(good, 5), cartPole({ suttonBartoReward: true }), pendulum()];
    for (const env of whole) for (const { property } of envLaws(env)) fc.assert(property, runs(30));
  });

  test('no law is without an environment that breaks it', () => {
    const names = [timeLimit(good, 5), timeLimit(pendulum(), 5)].flatMap((env) =>
      envLaws(env as Env).map(({ name }) => name.slice(`${env.id}: `.length)),
    );
    expect(names.filter((name) => !broken.some(([law]) => law === name))).toEqual([]);
  });
});
