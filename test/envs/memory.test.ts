/** Memory: what the task is worth with and without one, and windows of what an episode has shown. */
import {
  type Action,
  type Env,
  environments,
  makeEnv,
  type RepeatPreviousState,
  repeatPrevious,
  type Space,
  timeLimit,
  type Vector,
  vectorise,
  widthOf,
  withHistory,
} from '@natgrad/envs';
import { envLaws } from '@natgrad/envs/laws';
import { key } from '@natgrad/tensor';
import fc from 'fast-check';
import { isLeft } from 'fp-ts/lib/Either.js';
import { describe, expect, test } from 'vitest';
import { runs } from './runs.js';

const shownSymbol = (observation: Vector): number => Array.from(observation).indexOf(1);

/** All lists of `length` numbers below `count`. */
const lists = (count: number, length: number): readonly (readonly number[])[] =>
  length === 0
    ? [[]]
    : lists(count, length - 1).flatMap((list) => Array.from({ length: count }, (_, x) => [...list, x]));

/** Plays a whole episode; `act` sees everything that was shown so far, the newest last. */
const play = (
  env: Env<RepeatPreviousState, number>,
  start: { readonly state: RepeatPreviousState; readonly observation: Vector },
  act: (shown: readonly number[]) => number,
): { readonly total: number; readonly steps: number } => {
  let { state } = start;
  let total = 0;
  const shown = [shownSymbol(start.observation)];
  for (let steps = 1; ; steps += 1) {
    const next = env.step(state, act(shown));
    total += next.reward;
    if (next.terminated) return { total, steps };
    shown.push(shownSymbol(next.observation));
    state = next.state;
  }
};

describe('RepeatPrevious', () => {
  // Exhaustive: every deterministic map from the present symbol to an action, over every episode, each as likely as any other. A
  // step's expected reward is linear in π(a|o), so random policies are no better.
  test.each([
    { k: 1, symbols: 2, scored: 3 },
    { k: 2, symbols: 3, scored: 2 },
    { k: 1, symbols: 4, scored: 2 },
  ])('every policy on the present observation has the return 2 / symbols − 1: %o', (options) => {
    const env = repeatPrevious(options);
    const { k, symbols, scored } = options;
    const episodes = lists(symbols, k + scored);
    const starts = episodes.map((episode) => env.coordinates?.start([0, ...episode]) ?? env.reset(key(0)));
    const policies = lists(symbols, symbols);
    expect(policies.length).toBe(symbols ** symbols);
    for (const policy of policies) {
      const totals = starts.map((start) => play(env, start, (shown) => policy[shown.at(-1) as number] as number).total);
      // Sums of thirds and halves, in floating point.
      expect(totals.reduce((sum, x) => sum + x, 0) / totals.length).toBeCloseTo(2 / symbols - 1, 12);
    }
  });

  test('a memory of k symbols is never wrong, and one of k − 1 or k + 1 is no better than a guess', () => {
    const options = { k: 3, symbols: 4, scored: 20 };
    const env = repeatPrevious(options);
    const mean = (lag: number): number => {
      const totals = Array.from({ length: 200 }, (_, seed) =>
        play(env, env.reset(key(seed)), (shown) => shown.at(-1 - lag) ?? 0),
      );
      for (const { steps } of totals) expect(steps).toBe(23);
      return totals.reduce((sum, { total }) => sum + total / totals.length, 0);
    };
    expect(mean(3)).toBeCloseTo(1, 12);
    // The mean of 4,000 answers of ±1, of which a quarter is right, has a standard deviation of 0.014.
    for (const lag of [2, 4]) expect(Math.abs(mean(lag) - -0.5)).toBeLessThan(0.06);
  });

  test('symbols are drawn uniformly, anew for each key', () => {
    const counts = [0, 0, 0];
    const env = repeatPrevious({ symbols: 3, scored: 900, k: 100 });
    const [one, two] = [1, 2].map((seed) => env.reset(key(seed)).state.symbols);
    for (const symbol of one ?? []) counts[symbol] = (counts[symbol] as number) + 1;
    // χ² with 2 degrees of freedom: 13.8 is its 99.9 % quantile.
    expect(counts.reduce((sum, n) => sum + (n - 1000 / 3) ** 2 / (1000 / 3), 0)).toBeLessThan(13.8);
    expect(one).not.toEqual(two);
  });

  test.each([
    [{ k: 0 }, 'k'],
    [{ symbols: 1 }, 'symbols'],
    [{ scored: 2.5 }, 'scored'],
    [{ k: NaN }, 'k'],
  ])('refuses %o', (options, argument) => {
    expect(() => repeatPrevious(options)).toThrow(`repeatPrevious: ${argument} is`);
    const made = makeEnv('RepeatPrevious-v0', options);
    expect(isLeft(made) && made.left.argument).toBe(argument);
  });

  test('coordinates that are no episode are refused', () => {
    const env = repeatPrevious({ k: 1, symbols: 2, scored: 1 });
    for (const values of [
      [0, 0, 2],
      [3, 0, 1],
      [0, 0.5, 1],
    ])
      expect(() => env.coordinates?.start(values)).toThrow('no episode');
  });
});

const actionFor = (space: Space): Action =>
  space.kind === 'discrete' ? 1 : new Array<number>(widthOf(space)).fill(space.kind === 'box' ? 0.5 : 1);

describe('withHistory', () => {
  // Those that run on no engine: what history adds has nothing to do with one.
  const registered = environments
    .filter((definition) => 'create' in definition)
    .map(({ id }): Env => {
      const env = makeEnv(id);
      if (isLeft(env)) throw env.left;
      return env.right;
    });

  describe.each([1, 3])('%i steps', (steps) => {
    test.each(registered.flatMap((env) => envLaws(withHistory(env, steps))))('$name', ({ property }) => {
      fc.assert(property, runs(4));
    });
  });

  test.each(registered)('$id: the observations of the episode so far, behind ones, after zeros', (env) => {
    const steps = 4;
    const windowed = withHistory(env, steps);
    const width = env.observationSpace.low.length;
    expect(windowed.observationSpace.shape).toEqual([steps, 1 + width]);
    const action = actionFor(env.actionSpace);
    let [plain, outer] = [env.reset(key(3)), windowed.reset(key(3))];
    const shown: (readonly number[])[] = [Array.from(plain.observation)];
    for (let t = 0; t < 7; t += 1) {
      const empty = Array.from({ length: Math.max(0, steps - shown.length) }, () =>
        new Array<number>(1 + width).fill(0),
      );
      expect(Array.from(outer.observation)).toEqual([...empty, ...shown.slice(-steps).map((x) => [1, ...x])].flat());
      const [next, nextOuter] = [env.step(plain.state, action), windowed.step(outer.state, action)];
      expect([nextOuter.reward, nextOuter.terminated, nextOuter.truncated]).toEqual([
        next.reward,
        next.terminated,
        next.truncated,
      ]);
      [plain, outer] = [next, nextOuter];
      shown.push(Array.from(next.observation));
    }
  });

  test('a new episode remembers nothing of the last, whose final observation is whole', () => {
    const envs = vectorise(withHistory(timeLimit(repeatPrevious(), 5), 6), 1);
    const flags = (window: Float64Array): readonly number[] =>
      Array.from({ length: 6 }, (_, i) => window[5 * i] as number);
    let { state } = envs.reset(key(2));
    for (let t = 1; t < 5; t += 1) ({ state } = envs.step(state, [0]));
    const { truncated, observations, finalObservations } = envs.step(state, [0]);
    expect([...truncated]).toEqual([1]);
    expect(flags(finalObservations)).toEqual([1, 1, 1, 1, 1, 1]);
    expect(flags(observations)).toEqual([0, 0, 0, 0, 0, 1]);
  });

  test.each([0, -1, 1.5, Number.NaN])('refuses %d steps', (steps) => {
    expect(() => withHistory(repeatPrevious(), steps)).toThrow('expected a whole number ≥ 1');
  });
});
