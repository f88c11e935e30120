import type { Key } from '@natgrad/tensor';
import { type BooleanOption, type EnvDefinition, optionsOrThrow } from '../definition.js';
import { uniformBetween } from '../draw.js';
import { defineEnv, type Env, type Start, type Transition } from '../env.js';
import { arrow, type Point, rectangle, type Scene } from '../scene.js';
import { box, discrete, type Vector } from '../spaces.js';

/** Cart and pole in metres, radians and seconds. */
export interface CartPoleState {
  readonly position: number;
  readonly velocity: number;
  /** From the upright, positive to the right. */
  readonly angle: number;
  readonly angularVelocity: number;
  /** True once the pole has fallen or the cart has left the track: from then on a step outside the bounds earns nothing. */
  readonly fallen: boolean;
}

/** Options of {@link cartPole}. */
export interface CartPoleOptions {
  /** Reward 0 per step and −1 for failing, as in Sutton and Barto, instead of 1 per step. Default false. */
  readonly suttonBartoReward?: boolean;
}

const GRAVITY = 9.8;
const CART_MASS = 1;
const POLE_MASS = 0.1;
const TOTAL_MASS = CART_MASS + POLE_MASS;
/** Half the pole: from the joint to its centre of mass. */
const HALF_LENGTH = 0.5;
const POLE_MOMENT = POLE_MASS * HALF_LENGTH;
const FORCE = 10;
const TIME_STEP = 0.02;
const POSITION_LIMIT = 2.4;
const ANGLE_LIMIT = (12 * 2 * Math.PI) / 360;

const observe = ({ position, velocity, angle, angularVelocity }: CartPoleState): Vector => {
  const observation = new Float32Array(4);
  observation[0] = position;
  observation[1] = velocity;
  observation[2] = angle;
  observation[3] = angularVelocity;
  return observation;
};

const begin = (position: number, velocity: number, angle: number, angularVelocity: number): Start<CartPoleState> => {
  const state = { position, velocity, angle, angularVelocity, fallen: false };
  return { state, observation: observe(state) };
};

const CART = { width: 0.5, height: 0.26, middle: 0.27 };
const PIVOT = 0.36;

/** From the side, with the bounds of the angle and what the track ends with; red once either bound is left. */
const scene = ({ position: x, angle }: CartPoleState, action?: number): Scene => {
  const on = (length: number, lean: number): Point => [x + length * Math.sin(lean), 0, PIVOT + length * Math.cos(lean)];
  const lost = Math.abs(x) > POSITION_LIMIT || Math.abs(angle) > ANGLE_LIMIT;
  const stop = POSITION_LIMIT + CART.width / 2 + 0.06;
  const push = action === undefined ? 0 : action === 1 ? 1 : -1;
  const side = x + (push * CART.width) / 2 + push * 0.08;
  return {
    shapes: [
      {
        kind: 'path',
        points: [
          [-stop, 0, 0.06],
          [stop, 0, 0.06],
        ],
        width: 0.06,
        tint: 'metal',
      },
      ...[-stop, stop].map(
        (at) => ({ kind: 'capsule', from: [at, 0, 0.04], to: [at, 0, 0.3], radius: 0.05, tint: 'metal' }) as const,
      ),
      ...[-ANGLE_LIMIT, ANGLE_LIMIT].map(
        (bound) =>
          ({
            kind: 'path',
            points: [on(0.3, bound), on(1.25, bound)],
            width: 0.012,
            dashed: true,
            tint: 'faint',
          }) as const,
      ),
      ...[-0.15, 0.15].map((at) => ({ kind: 'disc', at: [x + at, 0, 0.11], radius: 0.08, tint: 'rubber' }) as const),
      {
        kind: 'polygon',
        points: rectangle([x, 0, CART.middle], [CART.width - 0.08, CART.height - 0.08]),
        rim: 0.04,
        tint: 'body',
      },
      ...arrow([side, 0, CART.middle], [side + push * 0.4, 0, CART.middle], 0.045),
      {
        kind: 'capsule',
        from: on(0, angle),
        to: on(2 * HALF_LENGTH, angle),
        radius: 0.05,
        tint: lost ? 'danger' : 'limb',
      },
      { kind: 'disc', at: on(0, angle), radius: 0.03, tint: 'metal' },
    ],
    ground: { z: 0, tile: 0.5, surface: 'floor' },
    camera: { view: 'side', target: [0, 0, 0.78], span: [6, 2.2] },
    stepSeconds: TIME_STEP,
  };
};

const OPTIONS: { readonly suttonBartoReward: BooleanOption } = {
  suttonBartoReward: { kind: 'boolean', default: false, description: 'reward 0 per step and -1 for failing' },
};

/**
 * CartPole without its time limit: push a cart left (0) or right (1) so that the pole on it stays up. Observation: position
 * (m), velocity (m/s), angle (rad), angular velocity (rad/s). Terminates beyond ±2.4 m or ±12°. Reward 1 for every step, the
 * failing one included; after that 0 for every step that ends out of bounds. Every element starts in U(−0.05, 0.05).
 *
 * Sources: Barto, Sutton and Anderson, "Neuronlike adaptive elements that can solve difficult learning control problems"
 * (1983); equations of motion (23) and (24) of Florian, "Correct equations for the dynamics of the cart-pole system" (2007)
 * without friction; constants, explicit Euler integration and rewards of Gymnasium's CartPole-v1 (MIT licence).
 *
 * @throws `InvalidArgument` for unknown or impossible options
 * @example
 * ```ts
 * const env = cartPole();
 * console.log(env.observationSpace.shape); // [ 4 ]
 * ```
 */
export const cartPole = (given: CartPoleOptions = {}): Env<CartPoleState, number> => {
  const { suttonBartoReward } = optionsOrThrow('cartPole', OPTIONS, given);
  return defineEnv<CartPoleState, number>({
    id: 'CartPole-v1',
    rewardThreshold: 475,
    actionSpace: discrete(2),
    // Twice the limits, so that the observation that ends an episode is still inside.
    observationSpace: box({
      low: [-2 * POSITION_LIMIT, -Infinity, -2 * ANGLE_LIMIT, -Infinity],
      high: [2 * POSITION_LIMIT, Infinity, 2 * ANGLE_LIMIT, Infinity],
      dtype: 'f32',
    }),
    reset: (key: Key): Start<CartPoleState> => {
      const draw = (index: number): number => uniformBetween(key, index, -0.05, 0.05);
      return begin(draw(0), draw(1), draw(2), draw(3));
    },
    step: (state: CartPoleState, action: number): Transition<CartPoleState> => {
      const cosine = Math.cos(state.angle);
      const sine = Math.sin(state.angle);
      const force = action === 1 ? FORCE : -FORCE;
      // Acceleration of cart and pole if the pole did not turn.
      const push = (force + POLE_MOMENT * state.angularVelocity ** 2 * sine) / TOTAL_MASS;
      const angularAcceleration =
        (GRAVITY * sine - cosine * push) / (HALF_LENGTH * (4 / 3 - (POLE_MASS * cosine ** 2) / TOTAL_MASS));
      const acceleration = push - (POLE_MOMENT * angularAcceleration * cosine) / TOTAL_MASS;
      // Explicit Euler: positions move by the old velocities.
      const position = state.position + TIME_STEP * state.velocity;
      const velocity = state.velocity + TIME_STEP * acceleration;
      const angle = state.angle + TIME_STEP * state.angularVelocity;
      const angularVelocity = state.angularVelocity + TIME_STEP * angularAcceleration;
      const terminated = Math.abs(position) > POSITION_LIMIT || Math.abs(angle) > ANGLE_LIMIT;
      const next = { position, velocity, angle, angularVelocity, fallen: state.fallen || terminated };
      const alive = suttonBartoReward ? 0 : 1;
      const failed = suttonBartoReward ? -1 : state.fallen ? 0 : 1;
      return {
        state: next,
        observation: observe(next),
        reward: terminated ? failed : alive,
        terminated,
        truncated: false,
      };
    },
    coordinates: {
      names: ['position', 'velocity', 'angle', 'angularVelocity'],
      dtype: 'f64',
      read: (state: CartPoleState): Vector => [state.position, state.velocity, state.angle, state.angularVelocity],
      start: (values: Vector): Start<CartPoleState> =>
        begin(values[0] as number, values[1] as number, values[2] as number, values[3] as number),
    },
    scene,
  });
};

export const definition: EnvDefinition<typeof OPTIONS> = {
  id: 'CartPole-v1',
  summary: 'keep a pole upright on a cart by pushing the cart left or right',
  timeLimit: 500,
  rewardThreshold: 475,
  options: OPTIONS,
  create: (options) => cartPole(options),
};
