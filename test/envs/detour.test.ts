/** Detour: its geometry by hand, and what makes it a constrained task. */
import { type DetourState, detour, type Env, timeLimit, type Vector, vectorise, withHistory } from '@natgrad/envs';
import { key } from '@natgrad/tensor';
import { describe, expect, test } from 'vitest';

/** Walks towards the points in turn; return and cost of the episode, and its steps. */
const walk = (env: Env<DetourState, Vector>, points: readonly (readonly [number, number])[], seed = 0) => {
  let { state } = env.reset(key(seed));
  let [total, cost, steps, at] = [0, 0, 0, 0];
  for (; steps < 200; steps += 1) {
    const [x, y] = points[at] as readonly [number, number];
    const next = env.step(state, [10 * (x - state.x), 10 * (y - state.y)]);
    [state, total, cost] = [next.state, total + next.reward, cost + (next.cost ?? NaN)];
    if (next.terminated) return { total, cost, steps: steps + 1 };
    if (Math.hypot(x - state.x, y - state.y) < 0.05) at = Math.min(at + 1, points.length - 1);
  }
  throw new Error('never there');
};

describe('Detour', () => {
  const env = detour();

  test('straight ahead is shortest and wet, round the pond dry and hardly longer', () => {
    for (const seed of [0, 1, 2, 3]) {
      const straight = walk(env, [[1, 0]], seed);
      const round = walk(
        env,
        [
          [0, -0.3],
          [1, 0],
        ],
        seed,
      );
      expect([7, 8]).toContain(straight.cost);
      expect(round.cost).toBe(0);
      expect(round.steps - straight.steps).toBeLessThanOrEqual(2);
      // Each return is the distance from start to goal less the tenth in which it ends.
      expect(straight.total).toBeGreaterThan(1.89);
      expect(Math.abs(straight.total - round.total)).toBeLessThan(0.1);
    }
  });

  test('actions longer than 1 are no faster, shorter ones slower, the edges stop', () => {
    const from = { x: -1, y: 0 };
    const x = (action: Vector, state = from): number => env.step(state, action).state.x;
    expect(x([1, 0])).toBeCloseTo(-0.9, 12);
    expect(x([1e308, 1e308])).toBeGreaterThanOrEqual(-1);
    expect(x([50, 0])).toBeCloseTo(-0.9, 12);
    expect(x([0.5, 0])).toBeCloseTo(-0.95, 12);
    expect(x([1, 1])).toBeCloseTo(-1 + 0.1 / Math.SQRT2, 12);
    expect(x([-1, 0], { x: -1.98, y: 0 })).toBe(-2);
  });

  test('cost is 1 in the pond and 0 outside, whatever its radius; a radius beyond its range is refused', () => {
    const costAt = (radius: number, x: number, y: number): number | undefined =>
      detour({ radius }).step({ x, y }, [0, 0]).cost;
    expect([costAt(0.4, 0, 0.54), costAt(0.4, 0, 0.56), costAt(0.4, 0, -0.24), costAt(0.4, 0, -0.26)]).toEqual([
      1, 0, 1, 0,
    ]);
    expect(costAt(0, 0, 0.15)).toBe(0);
    for (const radius of [-0.1, 0.9, Number.NaN])
      expect(() => detour({ radius })).toThrow(`radius is the number ${radius}, expected a number in [0, 0.8]`);
  });
});

test('wrappers pass costs on, and vectorised ones stand in the row of their environment', () => {
  const env = withHistory(timeLimit(detour({ radius: 0.8 }), 40), 2) as Env;
  expect(env.reportsCost).toBe(true);
  const envs = vectorise(env, 3);
  let { state } = envs.reset(key(5));
  const seen: number[][] = [];
  for (let step = 0; step < 25; step += 1) {
    // The first stands still, the second walks ahead, the third away.
    const next = envs.step(state, [0, 0, 1, 0, -1, 0]);
    state = next.state;
    seen.push([...(next.costs ?? [])]);
  }
  const sums = [0, 1, 2].map((i) => seen.reduce((sum, row) => sum + (row[i] ?? NaN), 0));
  expect([sums[0], sums[2]]).toEqual([0, 0]);
  expect(sums[1]).toBeGreaterThan(10);
});
