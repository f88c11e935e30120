import type { BooleanOption, NumberOption, OptionTable, RangeOption } from '../definition.js';
import { normalNoise } from './_noise.js';
import type { Portrait } from './_scene.js';
import {
  clipped,
  flag,
  joined,
  type MujocoEnvironment,
  mujocoEnvironment,
  noise,
  range,
  squares,
  weight,
} from './_task.js';

const leg = (number: number, name: string, limb: string, ankle: string, x: number, y: number, bend: string): string => `
      <body name="${name}">
        <geom name="aux_${number}_geom" fromto="0 0 0 ${x} ${y} 0"/>
        <body name="aux_${number}" pos="${x} ${y} 0">
          <joint name="hip_${number}" axis="0 0 1" range="-30 30"/>
          <geom name="${limb}" fromto="0 0 0 ${x} ${y} 0"/>
          <body pos="${x} ${y} 0">
            <joint name="ankle_${number}" ${bend}/>
            <geom name="${ankle}" fromto="0 0 0 ${2 * x} ${2 * y} 0"/>
          </body>
        </body>
      </body>`;

const motors = [4, 1, 2, 3].flatMap((number) => [`hip_${number}`, `ankle_${number}`]);

/** Margins of geoms are half of the reference's: MuJoCo adds the two of a pair, where it once took the larger. */
const MODEL = `<mujoco model="ant">
  <compiler angle="degree"/>
  <size memory="256K"/>
  <option timestep="0.01" integrator="RK4"/>
  <default>
    <joint type="hinge" limited="true" damping="1" armature="1"/>
    <geom type="capsule" size="0.08" contype="1" conaffinity="0" condim="3" density="5" margin="0.005" friction="1 0.5 0.5"/>
    <motor ctrllimited="true" ctrlrange="-1 1" gear="150"/>
  </default>
  <worldbody>
    <geom name="floor" type="plane" size="40 40 40" conaffinity="1"/>
    <body name="torso" pos="0 0 0.75">
      <joint name="root" type="free" limited="false" damping="0" armature="0" margin="0.01"/>
      <geom name="torso_geom" type="sphere" size="0.25"/>${[
        leg(1, 'front_left_leg', 'left_leg_geom', 'left_ankle_geom', 0.2, 0.2, 'axis="-1 1 0" range="30 70"'),
        leg(2, 'front_right_leg', 'right_leg_geom', 'right_ankle_geom', -0.2, 0.2, 'axis="1 1 0" range="-70 -30"'),
        leg(3, 'back_leg', 'back_leg_geom', 'third_ankle_geom', -0.2, -0.2, 'axis="-1 1 0" range="-70 -30"'),
        leg(4, 'right_back_leg', 'rightback_leg_geom', 'fourth_ankle_geom', 0.2, -0.2, 'axis="1 1 0" range="30 70"'),
      ].join('')}
    </body>
  </worldbody>
  <actuator>${motors.map((joint) => `\n    <motor joint="${joint}"/>`).join('')}
  </actuator>
</mujoco>`;

/** Forces on the bodies, the world's not among them: six numbers each. */
const FORCES = { first: 6, count: 78 };

/** Options of {@link ant}, with the names and defaults of Gymnasium. */
export interface AntOptions extends OptionTable {
  readonly forwardRewardWeight: NumberOption;
  readonly ctrlCostWeight: NumberOption;
  readonly contactCostWeight: NumberOption;
  readonly healthyReward: NumberOption;
  readonly terminateWhenUnhealthy: BooleanOption;
  readonly healthyZRange: RangeOption;
  readonly contactForceRange: RangeOption;
  readonly resetNoiseScale: NumberOption;
  readonly excludeCurrentPositionsFromObservation: BooleanOption;
  readonly includeCfrcExtInObservation: BooleanOption;
}

export const environment: MujocoEnvironment<AntOptions> = mujocoEnvironment({
  id: 'Ant-v5',
  summary: 'a four-legged runner: forward without falling over',
  timeLimit: 1000,
  rewardThreshold: 6000,
  model: MODEL,
  frameSkip: 5,
  actions: { width: 8, bound: 1 },
  sizes: { nq: 15, nv: 14 },
  // Of each leg the hip, the thigh and the shin; those in front have other shins than those behind.
  portrait: {
    geoms: [
      [1, 'body'],
      ...([3, 6, 9, 12] as const).flatMap((thigh): Portrait['geoms'] => [
        [thigh - 1, 'body'],
        [thigh, 'limb'],
        [thigh + 1, thigh === 3 || thigh === 12 ? 'tip' : 'opposite'],
      ]),
    ],
    ground: { z: 0, tile: 1, surface: 'floor' },
    view: 'oblique',
    span: [3.4, 2.4],
    centre: [0, 0, 0.5],
    follows: { geom: 1, slack: 0.4 },
  },
  contactForces: true,
  options: {
    forwardRewardWeight: weight(1, 'reward per m/s along x'),
    ctrlCostWeight: weight(0.5, 'cost of squared controls'),
    contactCostWeight: weight(5e-4, 'cost of squared contact forces'),
    healthyReward: weight(1, 'reward for a healthy step'),
    terminateWhenUnhealthy: flag(true, 'end the episode when the pose is not healthy'),
    healthyZRange: range(0.2, 1, 'healthy heights of the torso'),
    contactForceRange: range(-1, 1, 'contact forces are brought within this'),
    resetNoiseScale: noise(0.1),
    excludeCurrentPositionsFromObservation: flag(true, 'leave the position in the plane out of the observation'),
    includeCfrcExtInObservation: flag(true, 'show contact forces in the observation'),
  },
  observationWidth: (options) =>
    (options.excludeCurrentPositionsFromObservation ? 27 : 29) +
    (options.includeCfrcExtInObservation ? FORCES.count : 0),
  begin: (key, simulation, { resetNoiseScale }) => normalNoise(key, simulation, resetNoiseScale),
  // Of the torso, as derived: one substep behind qpos.
  place: (simulation) => simulation.views().xpos[3] as number,
  observe: (simulation, options) => {
    const { qpos, qvel, cfrc_ext: forces } = simulation.views();
    return joined(
      options.excludeCurrentPositionsFromObservation ? qpos.subarray(2) : qpos,
      qvel,
      options.includeCfrcExtInObservation ? clipped(forces.subarray(FORCES.first), ...options.contactForceRange) : [],
    );
  },
  judge: (simulation, { velocity, action }, options) => {
    const { qpos, qvel, cfrc_ext: forces } = simulation.views();
    const height = qpos[2] as number;
    const [low, high] = options.healthyZRange;
    const healthy = low <= height && height <= high && qpos.every(Number.isFinite) && qvel.every(Number.isFinite);
    const gained = options.forwardRewardWeight * velocity + (healthy ? options.healthyReward : 0);
    const paid =
      options.ctrlCostWeight * squares(action) +
      options.contactCostWeight * squares(clipped(forces, ...options.contactForceRange));
    return { reward: gained - paid, terminated: options.terminateWhenUnhealthy && !healthy };
  },
});

/**
 * Ant without its time limit: a torso on four legs of two joints, eight motors, 20 steps per second. Observation: pose without the
 * position in the plane, velocities, and contact forces on its bodies within ±1. Reward: velocity of the torso along x, 1 for a
 * healthy height, less half the squared controls and 0.0005 of the squared contact forces. Terminates when the torso is too low or
 * too high.
 *
 * Sources: Schulman, Moritz, Levine, Jordan and Abbeel, "High-dimensional continuous control using generalized advantage
 * estimation" (2016); constants, model and options of Gymnasium's Ant-v5 (MIT licence).
 *
 * @throws `InvalidArgument` for unknown or impossible options
 */
export const ant: MujocoEnvironment<AntOptions>['create'] = environment.create;
