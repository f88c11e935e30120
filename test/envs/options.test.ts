/** Specifications and options as callers without types give them: whatever is wrong is a typed error that says what was found. */
import * as envs from '@natgrad/envs';
import { type EnvOptions, type EnvSpec, environments, loadEnv, loadMujoco, makeEnv, spacesOf } from '@natgrad/envs';
import { isNatgradError, key, type NatgradError } from '@natgrad/tensor';
import { type Either, isLeft } from 'fp-ts/lib/Either.js';
import { describe, expect, test } from 'vitest';

const errorOf = (made: Either<NatgradError, unknown>): NatgradError => {
  if (!isLeft(made)) throw new Error('this should be refused');
  return made.left;
};

const thrown = (run: () => unknown): NatgradError => {
  try {
    run();
  } catch (error) {
    if (isNatgradError(error)) return error;
    throw error;
  }
  throw new Error('this should be refused');
};

const module = new URL('./own-env.ts', import.meta.url).href;

describe('loadEnv', () => {
  test.each([
    [null, 'spec', 'null'],
    [undefined, 'spec', 'a value of type undefined'],
    ['Ant-v5', 'spec', 'the string Ant-v5'],
    [5, 'spec', 'the number 5'],
    [{}, 'spec', 'an object with keys {}'],
    [[], 'spec', 'an array of length 0'],
    [{ name: 'Ant-v5' }, 'spec', 'an object with keys {name}'],
    [{ id: 5 }, 'id', 'the number 5'],
    [{ id: null }, 'id', 'null'],
    [{ id: 'Ant-v5', options: null }, 'options', 'null'],
    [{ id: 'Ant-v5', options: 7 }, 'options', 'the number 7'],
    [{ id: 'Ant-v5', options: 'fast' }, 'options', 'the string fast'],
    [{ id: 'CartPole-v1', options: [1] }, 'options', 'an array of length 1'],
    [{ module: 5, export: 'make' }, 'module', 'the number 5'],
    [{ module }, 'export', 'a value of type undefined'],
    [{ module, export: 7 }, 'export', 'the number 7'],
    [{ module, export: 'make', options: null }, 'options', 'null'],
    [{ module, export: 'make', options: 7 }, 'options', 'the number 7'],
  ])('%j is refused', async (spec, argument, found) => {
    const error = errorOf(await loadEnv(spec as unknown as EnvSpec)());
    expect(error).toMatchObject({ code: 'InvalidArgument', argument, found });
    expect(error.expected).toMatch(/\w/);
    expect(error.message).toContain(found);
  });

  test('makeEnv and spacesOf refuse the same', () => {
    for (const make of [makeEnv, spacesOf] as readonly ((
      id: string,
      options?: EnvOptions,
    ) => Either<NatgradError, unknown>)[]) {
      expect(errorOf(make(null as never))).toMatchObject({ argument: 'id', found: 'null' });
      expect(errorOf(make('CartPole-v1', null as never))).toMatchObject({ argument: 'options', found: 'null' });
      expect(errorOf(make('CartPole-v1', 7 as never))).toMatchObject({ argument: 'options', found: 'the number 7' });
    }
  });
});

const loaded = await loadMujoco()();
if (isLeft(loaded)) throw loaded.left;
const mujoco = loaded.right;

const ON_MUJOCO = [
  ...(['ant', 'halfCheetah', 'hopper', 'humanoid', 'invertedDoublePendulum', 'invertedPendulum', 'reacher'] as const),
  ...(['swimmer', 'walker2d'] as const),
] as const;

describe.each(ON_MUJOCO)('%s', (name) => {
  const create = envs[name] as (mujoco?: unknown, options?: unknown) => unknown;

  test('without an engine, or with what is none, says how to get one', () => {
    for (const [given, found] of [
      [undefined, 'a value of type undefined'],
      [null, 'null'],
      [{}, 'an object with keys {}'],
      // What loadMujoco resolves to, not unpacked.
      [loaded, 'an object with keys {_tag, right}'],
    ])
      expect(thrown(() => create(given))).toMatchObject({
        ...{ code: 'InvalidArgument', argument: 'mujoco', found },
        expected: expect.stringContaining('loadMujoco') as string,
      });
    expect(thrown(() => create())).toMatchObject({ argument: 'mujoco' });
  });

  test('refuses what are no options', () => {
    for (const [given, found] of [
      [null, 'null'],
      [7, 'the number 7'],
    ])
      expect(thrown(() => create(mujoco, given))).toMatchObject({
        code: 'InvalidArgument',
        argument: 'options',
        found,
      });
  });
});

describe.each(['cartPole', 'mountainCar', 'mountainCarContinuous', 'pendulum', 'detour', 'repeatPrevious'] as const)(
  '%s',
  (name) => {
    const create = envs[name] as (options?: unknown) => envs.Env;
    const definition = environments.find(({ id }) => id === create().id);

    test('refuses what are no options, and what its definition refuses', () => {
      expect(thrown(() => create(null))).toMatchObject({ code: 'InvalidArgument', argument: 'options', found: 'null' });
      expect(thrown(() => create(7))).toMatchObject({ argument: 'options', found: 'the number 7' });
      expect(thrown(() => create({ speed: 1 })).message).toContain('unknown option speed');
      for (const [option, { kind }] of Object.entries(definition?.options ?? {}))
        for (const value of ['1', null, Number.NaN, ...(kind === 'boolean' ? [1] : [true])])
          expect(thrown(() => create({ [option]: value }))).toMatchObject({
            code: 'InvalidArgument',
            argument: option,
          });
    });
  },
);

describe('ranges and weights', () => {
  test.each([
    [[2, 1], '[2, 1]'],
    [[1, 1], '[1, 1]'],
    [[0, Number.NaN], '[0, NaN]'],
    [['0', 1], '[the string 0, 1]'],
    [[1], '[1]'],
    [Array.from({ length: 9 }, () => 0), 'an array of length 9'],
  ])('a range of %j is reported as it is', (healthyZRange, found) => {
    expect(errorOf(spacesOf('Ant-v5', { healthyZRange }))).toMatchObject({
      ...{ code: 'InvalidArgument', argument: 'healthyZRange', found },
      expected: 'two numbers in [-Infinity, Infinity], the lower one first',
    });
  });

  const numbers = environments.flatMap(({ id, options }) =>
    'load' in (environments.find((each) => each.id === id) ?? {})
      ? Object.entries(options).flatMap(([name, { kind }]) => (kind === 'number' ? [[id, name] as const] : []))
      : [],
  );

  test.each(numbers)('%s: %s takes what Gymnasium takes, and nothing impossible', (id, name) => {
    const refused = (value: unknown): string | undefined => {
      const made = spacesOf(id, { [name]: value });
      return isLeft(made) ? made.left.expected : undefined;
    };
    for (const value of [Number.NaN, Infinity, -Infinity, '1', null]) expect(refused(value)).toMatch(/number/);
    if (name === 'resetNoiseScale') {
      expect(refused(-1)).toBe('a number in [0, 1000]');
      expect(refused(0)).toBeUndefined();
      return;
    }
    for (const value of [-1, 0, 1, -1e300, 1e300]) expect(refused(value)).toBeUndefined();
    expect(refused(Number.NaN)).toBe('a finite number');
  });

  test('a negative weight turns a reward round', () => {
    const paid = (forwardRewardWeight: number): number => {
      const env = envs.swimmer(mujoco, { forwardRewardWeight, ctrlCostWeight: 0 });
      return env.step(env.reset(key(1)).state, [1, -1]).reward;
    };
    expect(paid(-1)).toBe(-paid(1));
    expect(paid(1)).not.toBe(0);
  });
});
