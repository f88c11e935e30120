import type { Key } from '@natgrad/tensor';
import { type EnvDefinition, type NumberOption, optionsOrThrow } from '../definition.js';
import { uniformBetween } from '../draw.js';
import { defineEnv, type Env, type Start, type Transition } from '../env.js';
import { arcArrow, type Point, type Scene } from '../scene.js';
import { box, type Vector } from '../spaces.js';

/** The pendulum in motion. */
export interface PendulumState {
  /** From the upright, in radians; counts full turns, it is not wrapped. */
  readonly angle: number;
  /** In radians per second, within ±8. */
  readonly angularVelocity: number;
}

/** Options of {@link pendulum}. */
export interface PendulumOptions {
  /** Gravity in m/s². Default 10. */
  readonly g?: number;
}

const MASS = 1;
const LENGTH = 1;
const TIME_STEP = 0.05;
const TORQUE_LIMIT = 2;
const SPEED_LIMIT = 8;

const clip = (x: number, limit: number): number => Math.min(Math.max(x, -limit), limit);

/** The same angle in [−π, π). */
const wrap = (angle: number): number => {
  const turn = 2 * Math.PI;
  const remainder = (angle + Math.PI) % turn;
  return (remainder < 0 ? remainder + turn : remainder) - Math.PI;
};

const observed = (angle: number, angularVelocity: number): Start<PendulumState> => {
  const observation = new Float32Array(3);
  observation[0] = Math.cos(angle);
  observation[1] = Math.sin(angle);
  observation[2] = angularVelocity;
  return { state: { angle, angularVelocity }, observation };
};

/** From the side, positive angles to the left; the torque is an arrow round the pivot, longer for more. */
const scene = ({ angle }: PendulumState, action?: Vector): Scene => {
  const on = (radius: number, at: number): Point => [-radius * Math.sin(at), 0, radius * Math.cos(at)];
  const torque = clip(action?.[0] ?? 0, TORQUE_LIMIT);
  const round = Array.from({ length: 73 }, (_, i) => on(LENGTH, (i * Math.PI) / 36));
  return {
    shapes: [
      { kind: 'path', points: round, width: 0.012, dashed: true, tint: 'faint' },
      { kind: 'path', points: [on(LENGTH + 0.07, 0), on(LENGTH + 0.2, 0)], width: 0.04, tint: 'goal' },
      { kind: 'disc', at: [0, 0, 0], radius: 0.17, tint: 'paper' },
      { kind: 'capsule', from: [0, 0, 0], to: on(LENGTH - 0.09, angle), radius: 0.09, tint: 'body' },
      { kind: 'disc', at: [0, 0, 0], radius: 0.045, tint: 'metal' },
      ...arcArrow([0, 0, 0], 0.34, angle + Math.PI / 2 + 0.5 * Math.sign(torque), torque, 0.04),
    ],
    ground: null,
    camera: { view: 'side', target: [0, 0, 0], span: [2.6, 2.6] },
    stepSeconds: TIME_STEP,
  };
};

const OPTIONS: { readonly g: NumberOption } = {
  g: { kind: 'number', default: 10, minimum: 0, maximum: 1000, description: 'gravity in m/s²' },
};

/**
 * Pendulum without its time limit: swing a rod up and hold it there with a torque that is too weak to lift it directly.
 * Action: the torque in N·m, clipped to ±2 before anything else. Observation: cosine and sine of the angle from the upright,
 * and angular velocity (rad/s, clipped to ±8). Reward −(θ² + 0.1 θ̇² + 0.001 u²) of the state before the step and the clipped
 * torque, θ in [−π, π). Never terminates. Starts in θ ~ U(−π, π), θ̇ ~ U(−1, 1).
 *
 * Source: equations and constants of Gymnasium's Pendulum-v1 (MIT licence): θ̈ = 3g/(2l) sin θ + 3/(ml²) u, velocity first
 * (semi-implicit Euler).
 *
 * @throws `InvalidArgument` for unknown or impossible options
 * @example
 * ```ts
 * const upright = { angle: 0, angularVelocity: 0 };
 * console.log(pendulum().step(upright, [1]).reward); // -0.001
 * ```
 */
export const pendulum = (given: PendulumOptions = {}): Env<PendulumState, Vector> => {
  const { g } = optionsOrThrow('pendulum', OPTIONS, given);
  return defineEnv<PendulumState, Vector>({
    id: 'Pendulum-v1',
    actionSpace: box({ low: -TORQUE_LIMIT, high: TORQUE_LIMIT, shape: [1], dtype: 'f32' }),
    observationSpace: box({ low: [-1, -1, -SPEED_LIMIT], high: [1, 1, SPEED_LIMIT], dtype: 'f32' }),
    reset: (key: Key): Start<PendulumState> =>
      observed(uniformBetween(key, 0, -Math.PI, Math.PI), uniformBetween(key, 1, -1, 1)),
    step: ({ angle, angularVelocity }: PendulumState, action: Vector): Transition<PendulumState> => {
      const torque = clip(action[0] as number, TORQUE_LIMIT);
      const cost = wrap(angle) ** 2 + 0.1 * angularVelocity ** 2 + 0.001 * torque ** 2;
      const acceleration = ((3 * g) / (2 * LENGTH)) * Math.sin(angle) + (3 / (MASS * LENGTH ** 2)) * torque;
      const velocity = clip(angularVelocity + acceleration * TIME_STEP, SPEED_LIMIT);
      const { state, observation } = observed(angle + velocity * TIME_STEP, velocity);
      return { state, observation, reward: -cost, terminated: false, truncated: false };
    },
    coordinates: {
      names: ['angle', 'angularVelocity'],
      dtype: 'f64',
      read: ({ angle, angularVelocity }: PendulumState): Vector => [angle, angularVelocity],
      start: (values: Vector): Start<PendulumState> => observed(values[0] as number, values[1] as number),
    },
    scene,
  });
};

export const definition: EnvDefinition<typeof OPTIONS> = {
  id: 'Pendulum-v1',
  summary: 'swing a rod up and hold it there with a weak torque',
  timeLimit: 200,
  rewardThreshold: null,
  options: OPTIONS,
  create: (options) => pendulum(options),
};
