/** Facts of the classic tasks that the recorded trajectories do not show: rewards at and after the end, starts, options. */
import {
  acrobot,
  type CartPoleState,
  type Coordinates,
  cartPole,
  type Env,
  mountainCar,
  mountainCarContinuous,
  pendulum,
  type Start,
} from '@natgrad/envs';
import { foldIn, key } from '@natgrad/tensor';
import { describe, expect, test } from 'vitest';

const from = <State>(env: Env<State>, values: readonly number[]): Start<State> =>
  (env.coordinates as Coordinates<State>).start(values);

describe('CartPole', () => {
  /** Rewards and terminations while pushing right from a tilted pole. */
  const fall = (env: Env<CartPoleState, number>): readonly (readonly [number, boolean])[] => {
    const seen: (readonly [number, boolean])[] = [];
    let { state } = from<CartPoleState>(env, [0, 0, 0.2, 1]);
    for (let i = 0; i < 3; i += 1) {
      const next = env.step(state, 1);
      seen.push([next.reward, next.terminated]);
      state = next.state;
    }
    return seen;
  };

  test('the failing step earns 1, later steps out of bounds 0', () => {
    expect(fall(cartPole())).toEqual([
      [1, true],
      [0, true],
      [0, true],
    ]);
  });

  test('the reward of Sutton and Barto is 0, and −1 for each step out of bounds', () => {
    expect(fall(cartPole({ suttonBartoReward: true }))).toEqual([
      [-1, true],
      [-1, true],
      [-1, true],
    ]);
    expect(cartPole({ suttonBartoReward: true }).step(cartPole().reset(key(0)).state, 0).reward).toBe(0);
  });

  test('a step back within bounds earns 1 again', () => {
    // Fallen to the right by little, turning back fast.
    const state = { position: 0, velocity: 0, angle: 0.21, angularVelocity: -2, fallen: true };
    expect(cartPole().step(state, 1)).toMatchObject({ reward: 1, terminated: false, state: { fallen: true } });
  });

  test('exactly at its bounds nothing has ended', () => {
    const limit = (12 * 2 * Math.PI) / 360;
    expect(cartPole().step(from(cartPole(), [2.4, 0, 0, 0]).state, 0).terminated).toBe(false);
    expect(cartPole().step(from(cartPole(), [0, 0, limit, 0]).state, 0).terminated).toBe(false);
    expect(cartPole().step(from(cartPole(), [-2.4000001, 0, 0, 0]).state, 0).terminated).toBe(true);
  });
});

describe('Pendulum', () => {
  test('gravity is an option', () => {
    // θ̈ = 3g/(2l) sin θ: at θ = π/2 and g = 4 it is 6, for 0.05 s.
    const next = pendulum({ g: 4 }).step({ angle: Math.PI / 2, angularVelocity: 0 }, [0]);
    expect(next.state.angularVelocity).toBeCloseTo(0.3, 12);
  });

  test('torque and speed are clipped, the angle in the reward is wrapped', () => {
    const env = pendulum();
    const strong = env.step({ angle: 0, angularVelocity: 0 }, [100]);
    expect(strong).toEqual(env.step({ angle: 0, angularVelocity: 0 }, [2]));
    expect(strong.reward).toBeCloseTo(-0.004, 12);
    expect(env.step({ angle: 1, angularVelocity: 7.9 }, [2]).state.angularVelocity).toBe(8);
    const turned = env.step({ angle: 6 * Math.PI + 0.5, angularVelocity: 0 }, [0]);
    expect(turned.reward).toBeCloseTo(-0.25, 12);
    expect(turned.state.angle).toBeGreaterThan(6 * Math.PI);
  });
});

describe('Acrobot', () => {
  test('the step above the line earns 0 and terminates', () => {
    const up = acrobot().step({ angle1: Math.PI, angle2: 0, velocity1: 0, velocity2: 0 }, 1);
    expect(up).toMatchObject({ reward: 0, terminated: true });
  });

  test('angles stay within half a turn, velocities within 4π and 9π, whatever the start', () => {
    for (const size of [3, 1e3, 1e9, 1e300]) {
      const { state } = acrobot().step({ angle1: size, angle2: -size, velocity1: size, velocity2: -size }, 2);
      if (size > 1e9) continue; // Far beyond any simulation only an answer is asked for, no number.
      expect(Math.abs(state.angle1)).toBeLessThanOrEqual(Math.PI);
      expect(Math.abs(state.angle2)).toBeLessThanOrEqual(Math.PI);
      expect(Math.abs(state.velocity1)).toBeLessThanOrEqual(4 * Math.PI);
      expect(Math.abs(state.velocity2)).toBeLessThanOrEqual(9 * Math.PI);
    }
  });
});

describe('MountainCar', () => {
  test('the wall on the left stops the car', () => {
    const { state } = mountainCar().step({ position: -1.19, velocity: -0.07 }, 0);
    expect(state).toEqual({ position: -1.2, velocity: 0 });
  });

  test('the goal needs its velocity; every step costs 1', () => {
    const almost = { position: 0.495, velocity: 0.03 };
    expect(mountainCar().step(almost, 2)).toMatchObject({ reward: -1, terminated: true });
    expect(mountainCar({ goalVelocity: 0.05 }).step(almost, 2).terminated).toBe(false);
  });

  test('continuous: 100 for the goal, less a tenth of the square of the action as given', () => {
    const reached = mountainCarContinuous().step({ position: 0.44, velocity: 0.05 }, [3]);
    expect(reached.terminated).toBe(true);
    expect(reached.reward).toBeCloseTo(99.1, 12);
    expect(reached.state).toEqual(mountainCarContinuous().step({ position: 0.44, velocity: 0.05 }, [1]).state);
  });

  test('continuous: a state after a step is in single precision', () => {
    const env = mountainCarContinuous();
    const { state } = env.step(env.reset(key(3)).state, [0.3]);
    expect(Math.fround(state.position)).toBe(state.position);
    expect(Math.fround(state.velocity)).toBe(state.velocity);
  });
});

describe('starts', () => {
  const ranges: readonly (readonly [Env, readonly (readonly [number, number])[]])[] = [
    [
      cartPole(),
      [
        [-0.05, 0.05],
        [-0.05, 0.05],
        [-0.05, 0.05],
        [-0.05, 0.05],
      ],
    ],
    [
      pendulum(),
      [
        [-Math.PI, Math.PI],
        [-1, 1],
      ],
    ],
    [
      acrobot(),
      [
        [-0.1, 0.1],
        [-0.1, 0.1],
        [-0.1, 0.1],
        [-0.1, 0.1],
      ],
    ],
    [
      mountainCar(),
      [
        [-0.6, -0.4],
        [0, 0],
      ],
    ],
    [
      mountainCarContinuous(),
      [
        [-0.6, -0.4],
        [0, 0],
      ],
    ],
  ];
  test.each(ranges)('$id: uniform over the documented ranges, elements independent', (env, expected) => {
    const count = 4000;
    const samples = Array.from({ length: count }, (_, i) =>
      Array.from((env.coordinates as Coordinates<unknown>).read(env.reset(foldIn(key(9), i)).state)),
    );
    expected.forEach(([low, high], j) => {
      const scaled = samples.map((sample) => (high === low ? 0.5 : ((sample[j] as number) - low) / (high - low)));
      // Rounding to single precision may leave the range by half a unit in the last place.
      expect(Math.min(...scaled)).toBeGreaterThanOrEqual(-1e-7);
      expect(Math.max(...scaled)).toBeLessThanOrEqual(1 + 1e-7);
      if (high === low) return;
      // Kolmogorov-Smirnov at a fixed seed: 1.95/√n is exceeded by a uniform sample in one case of a thousand.
      const sorted = scaled.toSorted((a, b) => a - b);
      const gap = Math.max(...sorted.map((u, i) => Math.max((i + 1) / count - u, u - i / count)));
      expect(gap).toBeLessThan(1.95 / Math.sqrt(count));
      // Correlation with the next element: 4/√n is 4 standard deviations.
      const next = samples.map((sample) => sample[(j + 1) % expected.length] as number);
      const [other] = expected[(j + 1) % expected.length] as readonly [number, number];
      if (expected.length > 2) {
        const spread = (expected[(j + 1) % expected.length] as readonly [number, number])[1] - other;
        const products = next.map((x, i) => ((x - other) / spread - 0.5) * ((scaled[i] as number) - 0.5) * 12);
        expect(Math.abs(products.reduce((sum, x) => sum + x, 0) / count)).toBeLessThan(4 / Math.sqrt(count));
      }
    });
  });
});
