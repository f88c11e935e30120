/** Rollouts in workers: the same bits as in this process, whatever happens to a worker. */
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { cartPole, type EnvSpec, vectorise } from '@natgrad/envs';
import {
  defaultConfig,
  type Iteration,
  initialState,
  modelFor,
  rollout,
  type SpecTrainConfig,
  startOfTraining,
  statisticsOf,
  TrainingError,
  type TrpoConfig,
  train,
} from '@natgrad/rl-trpo';
import { isNatgradError, type Key, key, normal, split, type Tensor, toTypedArray } from '@natgrad/tensor';
import { lawRuns } from '@natgrad/tensor/laws';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { threadsNow } from '../../packages/autodiff/src/backends/wasm/threads/cores.js';
import { encodeData } from '../../packages/rl-trpo/src/shell/runs/codec.js';
import { environmentsOf, pooled, workerScript } from '../../packages/rl-trpo/src/shell/workers/index.js';
import { startPool } from '../../packages/rl-trpo/src/shell/workers/pool.js';

const folder = mkdtempSync(join(tmpdir(), 'natgrad-workers-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const trouble = (name: string, options: Readonly<Record<string, unknown>> = {}): EnvSpec => ({
  module: new URL('../fixtures/envs/trouble.mjs', import.meta.url).href,
  export: name,
  options,
});

const small: Partial<TrpoConfig> = {
  environments: 3,
  batchSize: 20,
  hidden: [4],
  valueHidden: [4],
  valueEpochs: 1,
  normaliseObservations: true,
  scaleRewards: true,
};

const config = (given: Partial<SpecTrainConfig> = {}): SpecTrainConfig => ({
  environment: { id: 'CartPole-v1' },
  options: small,
  key: key(7),
  ...given,
});

const take = async (given: SpecTrainConfig, count: number): Promise<readonly Iteration[]> => {
  const taken: Iteration[] = [];
  for await (const iteration of train(given)) {
    taken.push(iteration);
    if (taken.length >= count) break;
  }
  return taken;
};

const pause = (milliseconds: number): Promise<void> => new Promise((resume) => setTimeout(resume, milliseconds));

/** Every bit of plain data and the tensors in it. */
const bitsOf = (value: unknown): unknown => {
  const { json, tensors } = encodeData(value);
  const hex = (x: Tensor): string => Buffer.from(toTypedArray(x).buffer).toString('hex');
  return [JSON.stringify(json), Object.entries(tensors).map(([name, x]) => [name, x.dtype, x.shape, hex(x)])];
};

/** All that comes out, but for what clocks say, and who acted. */
const bits = (iterations: readonly Iteration[]): unknown =>
  iterations.map(({ state, environments, record: { report, failures } }) =>
    bitsOf({ state, environments, report, failures }),
  );

const workersOf = (iterations: readonly Iteration[]): readonly number[] =>
  iterations.map(({ record }) => record.workers);

/** Each acts by another distribution, or has costs, failures or a history. */
const tasks: Readonly<Record<string, readonly [EnvSpec, Partial<TrpoConfig>]>> = {
  choices: [{ id: 'CartPole-v1' }, {}],
  'whole episodes': [{ id: 'CartPole-v1', options: { maxEpisodeSteps: 9 } }, { wholeEpisodes: true }],
  numbers: [{ id: 'Pendulum-v1', options: { maxEpisodeSteps: 6 } }, {}],
  'numbers, squashed, in single precision': [{ id: 'Pendulum-v1' }, { distribution: 'squashedGaussian', dtype: 'f32' }],
  'a network too large for plain loops': [{ id: 'Pendulum-v1' }, { hidden: [128, 128] }],
  costs: [{ id: 'Detour-v0' }, {}],
  physics: [{ id: 'HalfCheetah-v5', options: { maxEpisodeSteps: 8 } }, {}],
  history: [{ id: 'RepeatPrevious-v0' }, { network: 'recurrent', historySteps: 3, normaliseObservations: false }],
  "a user's module": [trouble('calm'), { wholeEpisodes: true }],
  'steps that fail': [trouble('fails'), {}],
};

/** What a test of shares needs: a task, and threads for it that serve many cases. */
const poolOf = async (environment: EnvSpec, own: Partial<TrpoConfig>) => {
  const options: TrpoConfig = { ...defaultConfig, ...small, ...own };
  const { env } = await environmentsOf(environment, options);
  const model = modelFor(env, options);
  return { options, env, model, pool: startPool({ environment, options }, workerScript) };
};

describe('the batch is the same to the bit', () => {
  test.each(Object.entries(tasks))('%s: in this process, in 1, 2 and 3 workers', async (_, [environment, own]) => {
    const { options, env, model, pool } = await poolOf(environment, own);
    const law = fc.asyncProperty(
      fc.integer({ min: 1, max: 7 }),
      fc.integer({ min: 0, max: 40 }),
      fc.nat(),
      async (count, more, seed) => {
        const [stateKey, environmentsKey, nextKey] = split(key(seed), 3) as [Key, Key, Key];
        const config = { model, envs: vectorise(env, count), ...options, batchSize: count + more };
        const initial = initialState({ model, ...options }, stateKey);
        if (initial._tag === 'Left') throw new Error(initial.left.message);
        const rows = normal(key(seed + 1), [5, model.observationWidth]);
        const state = { ...initial.right, observationStatistics: statisticsOf(rows) };
        const { state: vector, observations } = config.envs.reset(environmentsKey);
        const first = rollout(config, state, { vector, observations });
        const second = rollout(config, { ...state, key: nextKey }, first.environments);
        if (!options.wholeEpisodes) expect(first.batch.rewards.size).toBe(count + more);
        for (const workers of [1, 2, 3]) {
          const { take: together } = pooled(pool, Math.min(workers, count), config);
          const there = await together(state, { vector, observations });
          expect(bitsOf(there.rollout)).toEqual(bitsOf(first));
          const after = await together({ ...state, key: nextKey }, there.rollout.environments);
          expect(bitsOf(after.rollout)).toEqual(bitsOf(second));
        }
      },
    );
    await fc.assert(law, { numRuns: lawRuns(8) }).finally(pool.close);
  });

  /** MuJoCo tasks with limits and heights of a torso by which some episodes end and others are cut. Two seconds a task. */
  const falling: readonly EnvSpec[] = [
    { id: 'Hopper-v5', options: { maxEpisodeSteps: 16 } },
    { id: 'Ant-v5', options: { maxEpisodeSteps: 12, healthyZRange: [0.55, 1] } },
    { id: 'Humanoid-v5', options: { maxEpisodeSteps: 13, healthyZRange: [1.15, 2] } },
  ];

  test.each(falling)(
    '$id, where episodes end and are cut: in this process, in 1, 2 and 3 workers',
    async (environment) => {
      const { options, env, model, pool } = await poolOf(environment, { batchSize: 150 });
      const config = { model, envs: vectorise(env, 3), ...options };
      const { state, environments } = startOfTraining({ envs: config.envs, options, key: key(5) });
      const first = rollout(config, state, environments);
      const second = rollout(config, { ...state, key: key(6) }, first.environments);
      for (const { batch } of [first, second])
        for (const flags of [batch.terminated, batch.truncated])
          expect(toTypedArray(flags).filter((flag) => flag === 1).length).toBeGreaterThan(2);
      for (const workers of [1, 2, 3]) {
        const { take: together } = pooled(pool, workers, config);
        const there = await together(state, environments);
        expect(bitsOf(there.rollout)).toEqual(bitsOf(first));
        const after = await together({ ...state, key: key(6) }, there.rollout.environments);
        expect(bitsOf(after.rollout)).toEqual(bitsOf(second));
      }
      await pool.close();
    },
  );

  test.each(['trpo', 'ppo'] as const)('so is what %s learns from it', async (algorithm) => {
    const [here, there] = await Promise.all([0, 2].map((workers) => take(config({ algorithm, workers }), 3)));
    expect([workersOf(here ?? []), workersOf(there ?? [])]).toEqual([
      [0, 0, 0],
      [2, 2, 2],
    ]);
    expect(bits(there ?? [])).toEqual(bits(here ?? []));
  });

  test('there are never more workers than environments', async () => {
    const few = { ...small, environments: 2 };
    expect(workersOf(await take(config({ options: few, workers: 5 }), 1))).toEqual([2]);
  });

  test('training that goes on with another number of workers does not notice', async () => {
    const whole = await take(config({ workers: 0 }), 4);
    const first = await take(config({ workers: 3 }), 2);
    const rest = await take(config({ workers: 2, from: first[1] as Iteration }), 2);
    expect(bits([...first, ...rest])).toEqual(bits(whole));
  });

  test('one that was begun is used for what it was begun for, and for nothing else', async () => {
    const { options, env, model, pool } = await poolOf({ id: 'CartPole-v1' }, {});
    const config = { model, envs: vectorise(env, 3), ...options };
    const { state, environments } = startOfTraining({ envs: config.envs, options, key: key(3) });
    const other = { ...state, key: key(4) };
    const { state: another, environments: elsewhere } = startOfTraining({ envs: config.envs, options, key: key(9) });
    const [first, second] = [state, other].map((each) => bitsOf(rollout(config, each, environments)));
    let takes = 0;
    const counted: typeof pool = {
      ...pool,
      take: (requests) => {
        takes += 1;
        return pool.take(requests);
      },
    };
    const there = pooled(counted, 2, config);
    const taken = async (each: typeof state, from: typeof environments): Promise<unknown> =>
      bitsOf((await there.take(each, from)).rollout);
    there.begin(state, environments);
    expect(takes).toBe(1);
    expect(await taken(state, environments)).toEqual(first);
    expect(takes).toBe(1);
    there.begin(other, environments);
    there.begin(state, environments);
    expect(await taken(state, environments)).toEqual(first);
    expect(await taken(other, environments)).toEqual(second);
    for (const wrong of [
      { ...state, key: key(5) },
      { ...state, policy: another.policy },
      { ...state, observationStatistics: statisticsOf(normal(key(1), [5, model.observationWidth])) },
    ]) {
      there.begin(wrong, environments);
      expect(await taken(state, environments)).toEqual(first);
    }
    there.begin(state, elsewhere);
    expect(await taken(state, environments)).toEqual(first);
    await pool.close();
  });

  test('while they act, engines leave them a core each; and no longer, also where one fails', async () => {
    const { options, env, model, pool } = await poolOf({ id: 'CartPole-v1' }, {});
    const config = { model, envs: vectorise(env, 3), ...options };
    const { state, environments } = startOfTraining({ envs: config.envs, options, key: key(3) });
    const there = pooled(pool, 2, config);
    there.begin(state, environments);
    expect(threadsNow(100)).toBe(98);
    await there.take(state, environments);
    expect(threadsNow(100)).toBe(100);
    await pool.close();
    const failing = pooled({ ...pool, take: () => Promise.reject(new Error('no more')) }, 2, config);
    await expect(failing.take(state, environments)).rejects.toThrow('no more');
    expect(threadsNow(100)).toBe(100);
  });

  test('another key gives other bits', async () => {
    const of = (seed: Key): Promise<readonly Iteration[]> => take(config({ workers: 2, key: seed }), 1);
    expect(bits(await of(key(1)))).not.toEqual(bits(await of(key(2))));
  });
});

describe('a worker that crashes', () => {
  test.each(['endsOnce', 'throwsLater'])('is replaced, and its share is taken again: %s', async (name) => {
    const marker = join(folder, name);
    const calm = await take(config({ environment: trouble('calm'), workers: 2 }), 3);
    const hit = await take(config({ environment: trouble(name, { marker }), workers: 2 }), 3);
    expect(existsSync(marker)).toBe(true);
    expect(bits(hit)).toEqual(bits(calm));
  });

  test('twice with the same share is a typed error', async () => {
    const failed = take(config({ environment: trouble('endsAlways'), workers: 2 }), 1);
    const error = await failed.then(
      () => null,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(TrainingError);
    const { code, issues } = (error as TrainingError).reason;
    expect([code, issues[0].code, issues[0].field]).toEqual(['WorkerCrashed', 'crashed', 'workers']);
    expect(issues[0].found).toMatch(/^two workers lost in a row with environment 0: it ended with exit code 7$/);
  });
});

describe('workers end with training', () => {
  const alive = async (file: string): Promise<boolean> => {
    const before = statSync(file).size;
    await pause(200);
    return statSync(file).size > before;
  };

  test('also those whose shares were not at fault', async () => {
    const [file, options] = [join(folder, 'slow'), { ...small, environments: 2, batchSize: 200 }];
    const { environments } = startOfTraining({
      envs: await environmentsOf(trouble('calm'), { ...defaultConfig, environments: 2 }),
      options,
      key: key(7),
    });
    const [mark] = environments.observations;
    const failed = take(config({ environment: trouble('endsAt', { mark, file }), workers: 2, options }), 1);
    await expect(failed).rejects.toThrow('two workers lost in a row with environment 0');
    expect(statSync(file).size).toBeGreaterThan(0);
    expect(await alive(file)).toBe(false);
    await pause(500);
    expect(await alive(file)).toBe(false);
  });

  test('at the last step, at a break, and at an error', async () => {
    const [file, options] = [join(folder, 'ticks'), { ...small, batchSize: 6 }];
    const ticking = config({ environment: trouble('ticks', { file }), workers: 2, options });
    const iterations = train({ ...ticking, steps: 12 });
    await iterations.next();
    await pause(50);
    expect(await alive(file)).toBe(true);
    await iterations.next();
    expect((await iterations.next()).done).toBe(true);
    expect(await alive(file)).toBe(false);
    await take(ticking, 1);
    expect(await alive(file)).toBe(false);
    const [first] = await take(ticking, 1);
    const broken = { ...(first as Iteration), state: { ...(first as Iteration).state, delta: Number.NaN } };
    await expect(take({ ...ticking, from: broken }, 1)).rejects.toThrow('delta');
    expect(await alive(file)).toBe(false);
  });
});

describe('left to themselves, rollouts go to whoever is faster', () => {
  const of = async (environment: EnvSpec, environments = 2): Promise<readonly number[]> => {
    const options = { ...small, environments, batchSize: 60 };
    const { workers: _, ...auto } = config({ environment, options });
    return workersOf(await take(auto, 18));
  };
  const cores = availableParallelism();
  const times = (count: number, workers: number): readonly number[] => new Array<number>(count).fill(workers);

  test('short ones stay in this process', async () => {
    expect(new Set(await of({ id: 'CartPole-v1' }))).toEqual(new Set([0]));
  });

  test.skipIf(cores < 2)('long ones are shared', async () => {
    expect(await of(trouble('sleeps', { here: 2, there: 2 }))).toEqual([...times(4, 0), ...times(14, 2)]);
  });

  test.skipIf(cores < 2)('a single environment has a worker where it is waited for less there', async () => {
    expect(await of(trouble('sleeps', { here: 3, there: 1 }), 1)).toEqual([...times(4, 0), ...times(14, 1)]);
  });

  test.skipIf(cores < 2)('and come back where that gains nothing', async () => {
    expect(await of(trouble('sleeps', { here: 1, there: 4 }))).toEqual([...times(4, 0), ...times(12, 2), 0, 0]);
  });

  test('an environment of functions is no specification, and gets no workers', async () => {
    const env = cartPole();
    // @ts-expect-error: the compiler says so too.
    const closure = config({ environment: { ...env }, workers: 0 });
    await expect(take(closure, 1)).rejects.toMatchObject({
      reason: { issues: [{ code: 'wrongKind', field: 'environment', found: 'an object with the function reset' }] },
    });
    const given = { envs: vectorise(env, 2), key: key(7), options: { ...small, environments: 2 } };
    const withWorkers = { ...given, workers: 2 };
    await expect(train(withWorkers).next()).rejects.toMatchObject({
      reason: { issues: [{ code: 'contradiction', field: 'workers' }] },
    });
    const { value } = await train({ ...given, steps: 20 }).next();
    expect(value?.record.workers).toBe(0);
  });

  test('a model of functions cannot travel: it acts here, and is refused to workers', async () => {
    const { env, model, options } = await poolOf({ id: 'CartPole-v1' }, {}).then(async ({ pool, ...rest }) => {
      await pool.close();
      return rest;
    });
    const own = { environment: { id: env.id }, model, options, key: key(1) };
    expect(workersOf(await take(own, 1))).toEqual([0]);
    expect(workersOf(await take({ ...own, workers: 0 }, 1))).toEqual([0]);
    await expect(take({ ...own, workers: 2 }, 1)).rejects.toMatchObject({
      reason: { issues: [{ code: 'contradiction', field: 'workers' }] },
    });
  });
});

describe('a rollout that begins during the step before', () => {
  /** Iterations until training throws, and what. */
  const until = async (given: SpecTrainConfig): Promise<readonly [number, unknown]> => {
    let count = 0;
    try {
      for await (const _ of train(given)) count += 1;
    } catch (error) {
      return [count, (error as Error).message];
    }
    return [count, null];
  };

  test('what it throws comes when it is wanted', async () => {
    const options = { ...small, environments: 1, batchSize: 2 };
    const given = config({ environment: trouble('throws'), options, steps: 20 });
    const here = await until({ ...given, workers: 0 });
    expect(here).toEqual([2, 'out of track']);
    expect(await until({ ...given, workers: 1 })).toEqual(here);
  });

  test('one that is closed meanwhile ends, and its thread is not replaced', async () => {
    const file = join(folder, 'closed');
    writeFileSync(file, '');
    const { options, env, model, pool } = await poolOf(trouble('endsAt', { mark: -1, file }), {});
    const config = { model, envs: vectorise(env, 2), ...options };
    const { state, environments } = startOfTraining({
      envs: config.envs,
      options: { ...options, environments: 2 },
      key: key(3),
    });
    const there = pooled(pool, 2, config);
    const taken = there.take(state, environments);
    const refused = expect(taken).rejects.toThrow('its pool was closed');
    while (statSync(file).size === 0) await pause(10);
    await there.close();
    await refused;
    const size = statSync(file).size;
    await pause(700);
    expect(statSync(file).size).toBe(size);
  });

  test('none begins during the last step, one during each before', async () => {
    const file = join(folder, 'rollouts');
    for (const rollouts of [1, 3]) {
      writeFileSync(file, '');
      const options = { ...small, environments: 1 };
      const given = config({ environment: trouble('counts', { file }), workers: 1, options, steps: 20 * rollouts });
      let iterations = 0;
      for await (const _ of train(given)) {
        iterations += 1;
        const begun = 20 * Math.min(iterations + 1, rollouts);
        for (let tries = 0; tries < 100 && statSync(file).size < begun; tries += 1) await pause(20);
        await pause(50);
        expect(statSync(file).size).toBe(begun);
      }
      expect(iterations).toBe(rollouts);
    }
  });
});

describe('errors', () => {
  const failure = async (given: Partial<SpecTrainConfig>): Promise<unknown> =>
    take(config({ workers: 2, ...given }), 1).then(
      () => 'nothing was thrown',
      (thrown: unknown) => thrown,
    );

  test('what the environment throws is thrown, as in this process', async () => {
    const [there, here] = [
      await failure({ environment: trouble('throws') }),
      await failure({ environment: trouble('throws'), workers: 0 }),
    ];
    for (const error of [there, here]) {
      expect(error).toBeInstanceOf(RangeError);
      expect((error as Error).message).toBe('out of track');
    }
  });

  test('so is an error of these packages, with its parts', async () => {
    const environment = trouble('blind');
    const [there, here] = [await failure({ environment }), await failure({ environment, workers: 0 })];
    const text = (error: unknown): string => (error as Error).message.split('\n', 1).join('');
    expect(text(there)).toBe('rollout: environment 0 of Walk-v0 shows NaN in element 1 at step 3');
    expect(text(there)).toBe(text(here));
    for (const error of [there, here]) {
      expect(isNatgradError(error)).toBe(true);
      expect(error).toMatchObject({ code: 'InvalidArgument', operation: 'rollout', argument: 'observation' });
    }
  });

  test('states that become something else than plain data are named', async () => {
    const error = await failure({ environment: trouble('closureLater') });
    expect(error).toMatchObject({ code: 'InvalidArgument', argument: 'state', expected: 'plain data' });
  });

  test('states that are no plain data are named', async () => {
    expect(await failure({ environment: trouble('closure') })).toMatchObject({
      name: 'TrainingError',
      reason: { code: 'InvalidConfig', issues: [{ code: 'wrongKind', field: 'environment' }] },
    });
  });

  test('an environment that there is not', async () => {
    expect(await failure({ environment: { id: 'CartPoel-v1' } })).toMatchObject({
      _tag: 'NatgradError',
      argument: 'id',
    });
  });

  test.each([-1, 1.5, Number.NaN, 'many', null])('%s workers', async (workers) => {
    const thrown = await failure({ workers: workers as number });
    expect(thrown).toMatchObject({ reason: { issues: [{ field: 'workers', found: String(workers) }] } });
  });

  test('a step that could not be made is in the record', async () => {
    const [first] = await take(config({ environment: trouble('fails'), workers: 2 }), 1);
    expect(first?.record.failures?.first).toBe('environment 0, step 3: found mark is NaN, expected finite numbers');
    expect(first?.record.failures?.count).toBeGreaterThan(2);
  });
});
