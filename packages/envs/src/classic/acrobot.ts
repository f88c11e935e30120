import type { Key } from '@natgrad/tensor';
import type { EnvDefinition } from '../definition.js';
import { uniformBetween } from '../draw.js';
import { defineEnv, type Env, type Start, type Transition } from '../env.js';
import { arcArrow, type Point, type Scene } from '../scene.js';
import { box, discrete, type Vector } from '../spaces.js';

/** Angles in radians within [−π, π], velocities in radians per second. */
export interface AcrobotState {
  /** First link, from hanging straight down. */
  readonly angle1: number;
  /** Second link, relative to the first. */
  readonly angle2: number;
  /** Within ±4π. */
  readonly velocity1: number;
  /** Within ±9π. */
  readonly velocity2: number;
}

// Both links: length 1 m, mass 1 kg, centre of mass in the middle, moment of inertia 1 kg·m².
const LENGTH = 1;
const MASS = 1;
const CENTRE = 0.5;
const INERTIA = 1;
const GRAVITY = 9.8;
const TIME_STEP = 0.2;
const SPEED_LIMIT_1 = 4 * Math.PI;
const SPEED_LIMIT_2 = 9 * Math.PI;

const clip = (x: number, limit: number): number => Math.min(Math.max(x, -limit), limit);

/** Takes off whole turns until the angle lies in [−π, π]; π stays π. */
const wrap = (angle: number): number => {
  const turns = Math.ceil((Math.abs(angle) - Math.PI) / (2 * Math.PI));
  if (turns <= 0) return angle;
  // An angle of more than 2⁵³ turns has no fraction left; clipping keeps the step total there.
  return clip(angle - Math.sign(angle) * turns * 2 * Math.PI, Math.PI);
};

/** Accelerations of both joints: the equations of Sutton and Barto (1998), section 11.3. */
const accelerations = (s: AcrobotState, torque: number): readonly [number, number] => {
  const sine2 = Math.sin(s.angle2);
  const cosine2 = Math.cos(s.angle2);
  const d1 =
    MASS * CENTRE ** 2 + MASS * (LENGTH ** 2 + CENTRE ** 2 + 2 * LENGTH * CENTRE * cosine2) + INERTIA + INERTIA;
  const d2 = MASS * (CENTRE ** 2 + LENGTH * CENTRE * cosine2) + INERTIA;
  const phi2 = MASS * CENTRE * GRAVITY * Math.cos(s.angle1 + s.angle2 - Math.PI / 2);
  const phi1 =
    -MASS * LENGTH * CENTRE * s.velocity2 ** 2 * sine2 -
    2 * MASS * LENGTH * CENTRE * s.velocity2 * s.velocity1 * sine2 +
    (MASS * CENTRE + MASS * LENGTH) * GRAVITY * Math.cos(s.angle1 - Math.PI / 2) +
    phi2;
  const second =
    (torque + (d2 / d1) * phi1 - MASS * LENGTH * CENTRE * s.velocity1 ** 2 * sine2 - phi2) /
    (MASS * CENTRE ** 2 + INERTIA - d2 ** 2 / d1);
  return [-(d2 * second + phi1) / d1, second];
};

/** The state `time` seconds along a given slope. */
const along = (s: AcrobotState, slope: AcrobotState, time: number): AcrobotState => ({
  angle1: s.angle1 + time * slope.angle1,
  angle2: s.angle2 + time * slope.angle2,
  velocity1: s.velocity1 + time * slope.velocity1,
  velocity2: s.velocity2 + time * slope.velocity2,
});

const slopeAt = (s: AcrobotState, torque: number): AcrobotState => {
  const [first, second] = accelerations(s, torque);
  return { angle1: s.velocity1, angle2: s.velocity2, velocity1: first, velocity2: second };
};

/** One classical Runge-Kutta step under a constant torque. */
const integrate = (s: AcrobotState, torque: number): AcrobotState => {
  const k1 = slopeAt(s, torque);
  const k2 = slopeAt(along(s, k1, TIME_STEP / 2), torque);
  const k3 = slopeAt(along(s, k2, TIME_STEP / 2), torque);
  const k4 = slopeAt(along(s, k3, TIME_STEP), torque);
  const sum = {
    angle1: k1.angle1 + 2 * k2.angle1 + 2 * k3.angle1 + k4.angle1,
    angle2: k1.angle2 + 2 * k2.angle2 + 2 * k3.angle2 + k4.angle2,
    velocity1: k1.velocity1 + 2 * k2.velocity1 + 2 * k3.velocity1 + k4.velocity1,
    velocity2: k1.velocity2 + 2 * k2.velocity2 + 2 * k3.velocity2 + k4.velocity2,
  };
  return along(s, sum, TIME_STEP / 6);
};

const observed = (state: AcrobotState): Start<AcrobotState> => {
  const observation = new Float32Array(6);
  observation[0] = Math.cos(state.angle1);
  observation[1] = Math.sin(state.angle1);
  observation[2] = Math.cos(state.angle2);
  observation[3] = Math.sin(state.angle2);
  observation[4] = state.velocity1;
  observation[5] = state.velocity2;
  return { state, observation };
};

/** From the side, with the line to reach; green where the free end is above it. */
const scene = ({ angle1, angle2 }: AcrobotState, action?: number): Scene => {
  const below = ([x, , z]: Point, angle: number): Point => [
    x + LENGTH * Math.sin(angle),
    0,
    z - LENGTH * Math.cos(angle),
  ];
  const pivot: Point = [0, 0, 0];
  const joint = below(pivot, angle1);
  const end = below(joint, angle1 + angle2);
  const reached = end[2] > LENGTH;
  return {
    shapes: [
      {
        kind: 'path',
        points: [
          [-2.1, 0, LENGTH],
          [2.1, 0, LENGTH],
        ],
        width: 0.025,
        dashed: true,
        tint: 'goal',
      },
      {
        kind: 'polygon',
        points: [
          [-0.16, 0, 0],
          [0.16, 0, 0],
          [0.3, 0, -0.34],
          [-0.3, 0, -0.34],
        ],
        rim: 0.05,
        tint: 'paper',
      },
      { kind: 'capsule', from: pivot, to: joint, radius: 0.1, tint: 'body' },
      { kind: 'capsule', from: joint, to: end, radius: 0.085, tint: reached ? 'goal' : 'limb' },
      { kind: 'disc', at: pivot, radius: 0.055, tint: 'metal' },
      { kind: 'disc', at: joint, radius: 0.05, tint: 'metal' },
      ...arcArrow(joint, 0.24, angle1 - Math.PI / 2 + ((action ?? 1) - 1) * 0.5, ((action ?? 1) - 1) * 1.5, 0.035),
    ],
    ground: null,
    camera: { view: 'side', target: [0, 0, 0], span: [4.4, 4.4] },
    stepSeconds: TIME_STEP,
  };
};

/**
 * Acrobot without its time limit: two links hang from a fixed point; a torque of −1, 0 or 1 N·m (actions 0, 1, 2) at the joint
 * between them swings the free end above the height of one link. Observation: cosine and sine of both angles, both angular
 * velocities (rad/s). Reward −1 per step, 0 for the step that reaches the height and terminates. Every element starts in
 * U(−0.1, 0.1), rounded to single precision.
 *
 * Sources: Sutton, "Generalization in reinforcement learning: successful examples using sparse coarse coding" (1996), with the
 * corrected equations of Sutton and Barto's book; constants, one Runge-Kutta step of 0.2 s and wrapping of Gymnasium's
 * Acrobot-v1 (MIT licence).
 *
 * @example
 * ```ts
 * const env = acrobot();
 * console.log(env.step(env.reset(key(1)).state, 2).reward); // -1
 * ```
 */
export const acrobot = (): Env<AcrobotState, number> =>
  defineEnv<AcrobotState, number>({
    id: 'Acrobot-v1',
    rewardThreshold: -100,
    actionSpace: discrete(3),
    observationSpace: box({
      low: [-1, -1, -1, -1, -SPEED_LIMIT_1, -SPEED_LIMIT_2],
      high: [1, 1, 1, 1, SPEED_LIMIT_1, SPEED_LIMIT_2],
      dtype: 'f32',
    }),
    reset: (key: Key): Start<AcrobotState> => {
      const draw = (index: number): number => Math.fround(uniformBetween(key, index, -0.1, 0.1));
      return observed({ angle1: draw(0), angle2: draw(1), velocity1: draw(2), velocity2: draw(3) });
    },
    step: (state: AcrobotState, action: number): Transition<AcrobotState> => {
      const moved = integrate(state, action - 1);
      const next = observed({
        angle1: wrap(moved.angle1),
        angle2: wrap(moved.angle2),
        velocity1: clip(moved.velocity1, SPEED_LIMIT_1),
        velocity2: clip(moved.velocity2, SPEED_LIMIT_2),
      });
      // Height of the free end above the fixed point, in lengths of a link.
      const { angle1, angle2 } = next.state;
      const terminated = -Math.cos(angle1) - Math.cos(angle2 + angle1) > 1;
      return {
        state: next.state,
        observation: next.observation,
        reward: terminated ? 0 : -1,
        terminated,
        truncated: false,
      };
    },
    coordinates: {
      names: ['angle1', 'angle2', 'velocity1', 'velocity2'],
      dtype: 'f64',
      read: (s: AcrobotState): Vector => [s.angle1, s.angle2, s.velocity1, s.velocity2],
      start: (values: Vector): Start<AcrobotState> =>
        observed({
          angle1: values[0] as number,
          angle2: values[1] as number,
          velocity1: values[2] as number,
          velocity2: values[3] as number,
        }),
    },
    scene,
  });

export const definition: EnvDefinition<Readonly<Record<string, never>>> = {
  id: 'Acrobot-v1',
  summary: 'swing the free end of two links above a line with a torque at the middle joint',
  timeLimit: 500,
  rewardThreshold: -100,
  options: {},
  create: () => acrobot(),
};
