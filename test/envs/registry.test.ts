import { type EnvDefinition, type EnvSpec, environments, loadEnv, makeEnv, optionsOf } from '@natgrad/envs';
import { key, type NatgradError } from '@natgrad/tensor';
import { type Either, isLeft } from 'fp-ts/lib/Either.js';
import { describe, expect, test } from 'vitest';

const errorOf = (made: Either<NatgradError, unknown>): NatgradError => {
  if (!isLeft(made)) throw new Error('this should be refused');
  return made.left;
};

const valueOf = <T>(made: Either<NatgradError, T>): T => {
  if (isLeft(made)) throw made.left;
  return made.right;
};

describe('registry', () => {
  test('every file of a task is registered, under an id of its own', () => {
    const files = import.meta.glob<{ readonly definition?: EnvDefinition }>(
      '../../packages/envs/src/{classic,memory,constrained}/[a-z]*.ts',
      {
        eager: true,
      },
    );
    const found = Object.entries(files).filter(([path]) => !path.endsWith('/index.ts'));
    expect(found.length).toBeGreaterThanOrEqual(7);
    for (const [path, { definition }] of found) expect(environments, path).toContain(definition);
    expect(new Set(environments.map(({ id }) => id)).size).toBe(environments.length);
  });

  test('time limits and reward thresholds are those of Gymnasium', async () => {
    const facts = await Promise.all(
      environments.map(async ({ id }) => {
        const { timeLimit, rewardThreshold } = valueOf(await loadEnv({ id })());
        return [id, timeLimit, rewardThreshold];
      }),
    );
    expect(facts).toEqual(
      expect.arrayContaining([
        ['CartPole-v1', 500, 475],
        ['Acrobot-v1', 500, -100],
        ['MountainCar-v0', 200, -110],
        ['MountainCarContinuous-v0', 999, 90],
        ['Pendulum-v1', 200, null],
      ]),
    );
  });

  test.each(environments)('$id: definition and environment say the same', async (definition) => {
    const env = valueOf(await loadEnv({ id: definition.id })());
    expect(env.id).toBe(definition.id);
    expect(env.rewardThreshold).toBe(definition.rewardThreshold);
    for (const option of Object.values(optionsOf(definition))) expect(option.description.length).toBeGreaterThan(10);
  });

  test.each([
    ['CartPoel-v1', 'CartPole-v1'],
    ['cartpole', 'CartPole-v1'],
    ['CartPole-v0', 'CartPole-v1'],
    ['pendulum-v1', 'Pendulum-v1'],
    ['Mountain', 'MountainCar-v0'],
    ['Acrobat-v1', 'Acrobot-v1'],
  ])('%s suggests %s', (id, nearest) => {
    const error = errorOf(makeEnv(id));
    expect(error.code).toBe('InvalidArgument');
    expect(error.expected?.startsWith(`did you mean ${nearest}`)).toBe(true);
  });

  test('where nothing is near, all ids are listed, and a huge id is cut', () => {
    expect(errorOf(makeEnv('xyzzy')).expected).toMatch(/^one of CartPole-v1, /);
    expect(errorOf(makeEnv('x'.repeat(1e6))).message.length).toBeLessThan(500);
    expect(errorOf(makeEnv('')).expected).toMatch(/^one of /);
    expect(errorOf(makeEnv('__proto__')).code).toBe('InvalidArgument');
  });
});

describe('options', () => {
  test('are passed on', () => {
    expect(valueOf(makeEnv('CartPole-v1', { maxEpisodeSteps: 7 })).timeLimit).toBe(7);
    const env = valueOf(makeEnv('CartPole-v1', { suttonBartoReward: true }));
    expect(env.step(env.reset(key(0)).state, 0).reward).toBe(0);
    const heavy = valueOf(makeEnv('Pendulum-v1', { g: 20 }));
    const light = valueOf(makeEnv('Pendulum-v1'));
    const { state } = light.reset(key(0));
    expect(heavy.step(state, [0]).observation).not.toEqual(light.step(state, [0]).observation);
  });

  test('all that is wrong is said at once, with the nearest names', () => {
    const error = errorOf(makeEnv('CartPole-v1', { suttonBartoRewards: true, maxEpisodeSteps: 0.5 }));
    expect(error.message).toContain('unknown option suttonBartoRewards: did you mean suttonBartoReward?');
    expect(error.message).toContain('maxEpisodeSteps is the number 0.5, expected a whole number in [1, 1000000000]');
  });

  test.each([
    ['Pendulum-v1', { g: -1 }],
    ['Pendulum-v1', { g: NaN }],
    ['Pendulum-v1', { g: '10' }],
    ['Pendulum-v1', { g: undefined }],
    ['CartPole-v1', { suttonBartoReward: 1 }],
    ['MountainCar-v0', { goalVelocity: 1 }],
  ])('%s refuses %o', (id, options) => {
    expect(errorOf(makeEnv(id, options)).code).toBe('InvalidArgument');
  });
});

test.each(['{"toString": 1}', '{"__proto__": 1}', '{"constructor": 1}'])('no option is inherited: %s', (options) => {
  const given = JSON.parse(options) as Record<string, unknown>;
  expect(errorOf(makeEnv('Acrobot-v1', given)).message).toContain(`unknown option ${Object.keys(given).join()}`);
});

describe('loadEnv', () => {
  const module = new URL('./own-env.ts', import.meta.url).href;
  const load = (spec: EnvSpec) => loadEnv(spec)();

  test('finds registered environments and those that a module exports, as values or made from options', async () => {
    expect(valueOf(await load({ id: 'Acrobot-v1', options: { maxEpisodeSteps: 3 } })).timeLimit).toBe(3);
    expect(valueOf(await load({ module, export: 'still' })).id).toBe('Still-v0');
    expect(valueOf(await load({ module, export: 'make', options: { id: 'Made-v3' } })).id).toBe('Made-v3');
  });

  test.each([
    [{ id: 'CartPole' }, 'id'],
    [{ module, export: 'absent' }, 'export'],
    [{ module, export: 'notAnEnv' }, 'export'],
    [{ module, export: 'throws' }, 'module'],
    [{ module: 'file:///nowhere/at/all.mjs', export: 'x' }, 'module'],
  ])('%o is a typed error', async (spec, argument) => {
    expect(errorOf(await load(spec)).argument).toBe(argument);
  });
});
