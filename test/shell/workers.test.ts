/** Rollouts in workers: the same bits as in this process, whatever happens to a worker. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EnvSpec } from '@natgrad/envs';
import { type Iteration, type SpecTrainConfig, TrainingError, type TrpoConfig, train } from '@natgrad/rl-trpo';
import { type Key, key, toTypedArray } from '@natgrad/tensor';
import { lawRuns } from '@natgrad/tensor/laws';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { encodeData } from '../../packages/rl-trpo/src/shell/runs/codec.js';

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

/** Every bit of what comes out, but for what clocks and counters of workers say. */
const bits = (iterations: readonly Iteration[]): unknown =>
  iterations.map(({ state, environments, record: { report, failures } }) => {
    const { json, tensors } = encodeData({ state, environments, report, failures });
    return [
      JSON.stringify(json),
      Object.entries(tensors).map(([name, leaf]) => [name, Buffer.from(toTypedArray(leaf).buffer).toString('hex')]),
    ];
  });

const workersOf = (iterations: readonly Iteration[]): readonly number[] =>
  iterations.map(({ record }) => record.workers);

/** What kind of task: each acts by another distribution, has costs or a history. */
const tasks: readonly (readonly [EnvSpec, Partial<TrpoConfig>, SpecTrainConfig['algorithm']])[] = [
  [{ id: 'CartPole-v1' }, {}, 'trpo'],
  [{ id: 'CartPole-v1', options: { maxEpisodeSteps: 4 } }, { wholeEpisodes: true }, 'ppo'],
  [{ id: 'Pendulum-v1', options: { maxEpisodeSteps: 6 } }, {}, 'trpo'],
  [{ id: 'Pendulum-v1' }, { distribution: 'squashedGaussian', dtype: 'f32', engine: 'interpreter' }, 'trpo'],
  [{ id: 'Detour-v0' }, {}, 'cpo'],
  [{ id: 'RepeatPrevious-v0' }, { network: 'recurrent', historySteps: 3 }, 'trpo'],
  [trouble('calm'), { wholeEpisodes: true }, 'trpo'],
  [trouble('fails'), {}, 'natural-policy-gradient'],
];

describe('the batch is the same to the bit', () => {
  test.each(tasks)('%j %j %s, in 0, 1, 2 and 3 workers, for any number of environments and steps', async (...task) => {
    const [environment, own, algorithm = 'trpo'] = task;
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 0, max: 17 }),
        fc.nat(),
        async (environments, more, seed) => {
          const options = { ...small, ...own, environments, batchSize: environments + more };
          const of = (workers: number): Promise<readonly Iteration[]> =>
            take({ environment, algorithm, options, key: key(seed), workers }, 2);
          const here = await of(0);
          expect(workersOf(here)).toEqual([0, 0]);
          for (const workers of [1, 2, 3]) {
            const there = await of(workers);
            expect(workersOf(there)).toEqual([1, 2].map(() => Math.min(workers, environments)));
            expect(bits(there)).toEqual(bits(here));
          }
        },
      ),
      { numRuns: lawRuns(2) },
    );
  });

  test('training that goes on with another number of workers does not notice', async () => {
    const whole = await take(config({ workers: 0 }), 4);
    const first = await take(config({ workers: 3 }), 2);
    const rest = await take(config({ workers: 2, from: first[1] as Iteration }), 2);
    expect(bits([...first, ...rest])).toEqual(bits(whole));
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

describe('errors', () => {
  const failure = async (given: Partial<SpecTrainConfig>): Promise<unknown> =>
    take(config({ workers: 2, ...given }), 1).then(
      () => 'nothing was thrown',
      (thrown: unknown) => thrown,
    );

  test('what the environment throws is thrown, as in this process', async () => {
    const [there, here] = [await failure({ environment: trouble('throws') }), await failure({ environment: trouble('throws'), workers: 0 })];
    for (const error of [there, here]) {
      expect(error).toBeInstanceOf(RangeError);
      expect((error as Error).message).toBe('out of track');
    }
  });

  test('states that are no plain data are named', async () => {
    expect(await failure({ environment: trouble('closure') })).toMatchObject({
      name: 'TrainingError',
      reason: { code: 'InvalidConfig', issues: [{ code: 'wrongKind', field: 'environment' }] },
    });
  });

  test('an environment that there is not', async () => {
    expect(await failure({ environment: { id: 'CartPoel-v1' } })).toMatchObject({ _tag: 'NatgradError', argument: 'id' });
  });

  test.each([-1, 1.5, Number.NaN, 'many', null])('%s workers', async (workers) => {
    const thrown = await failure({ workers: workers as number });
    expect(thrown).toMatchObject({ reason: { issues: [{ field: 'workers', found: String(workers) }] } });
  });

  test('a step that could not be made is in the record', async () => {
    const [first] = await take(config({ environment: trouble('fails'), workers: 2 }), 1);
    expect(first?.record.failures?.first).toBe(
      'environment 0, step 3: found mark is NaN, expected finite numbers',
    );
    expect(first?.record.failures?.count).toBeGreaterThan(2);
  });
});
