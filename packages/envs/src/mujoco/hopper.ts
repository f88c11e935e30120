import type { BooleanOption, NumberOption, OptionTable, RangeOption } from '../definition.js';
import { uniformNoise } from './_noise.js';
import { flag, type MujocoEnvironment, mujocoEnvironment, noise, range, weight } from './_task.js';
import { judgeWalking, observeWalking, within } from './_walking.js';

/** Margins of geoms are half of the reference's: MuJoCo adds the two of a pair, where it once took the larger. */
const MODEL = `<mujoco model="hopper">
  <compiler angle="degree"/>
  <size memory="256K"/>
  <option timestep="0.002" integrator="RK4"/>
  <default>
    <joint type="hinge" axis="0 -1 0" limited="true" damping="1" armature="1"/>
    <geom type="capsule" condim="1" margin="0.0005" friction="0.9 0.005 0.0001" solimp="0.8 0.8 0.01"/>
    <motor ctrllimited="true" ctrlrange="-1 1" gear="200"/>
    <default class="root"><joint limited="false" damping="0" armature="0"/></default>
  </default>
  <worldbody>
    <geom name="floor" type="plane" size="20 20 0.125" condim="3" friction="1 0.005 0.0001"/>
    <body name="torso" pos="0 0 1.25">
      <joint name="rootx" class="root" type="slide" axis="1 0 0" pos="0 0 -1.25"/>
      <joint name="rootz" class="root" type="slide" axis="0 0 1" pos="0 0 -1.25" ref="1.25"/>
      <joint name="rooty" class="root" axis="0 1 0"/>
      <geom name="torso_geom" size="0.05 0.19999999999999996"/>
      <body name="thigh" pos="0 0 -0.19999999999999996">
        <joint name="thigh_joint" range="-150 0"/>
        <geom name="thigh_geom" size="0.05 0.22500000000000003" pos="0 0 -0.2250000000000001"/>
        <body name="leg" pos="0 0 -0.7000000000000001">
          <joint name="leg_joint" pos="0 0 0.25" range="-150 0"/>
          <geom name="leg_geom" size="0.04 0.25"/>
          <body name="foot" pos="0.13 0 -0.35">
            <joint name="foot_joint" pos="-0.13 0 0.1" range="-45 45"/>
            <geom name="foot_geom" size="0.06 0.195" pos="-0.065 0 0.1" quat="0.7071067811865476 0 -0.7071067811865475 0" friction="2 0.005 0.0001"/>
          </body>
        </body>
      </body>
    </body>
  </worldbody>
  <actuator>
    <motor joint="thigh_joint"/>
    <motor joint="leg_joint"/>
    <motor joint="foot_joint"/>
  </actuator>
</mujoco>`;

/** Options of {@link hopper}, with the names and defaults of Gymnasium. */
export interface HopperOptions extends OptionTable {
  readonly forwardRewardWeight: NumberOption;
  readonly ctrlCostWeight: NumberOption;
  readonly healthyReward: NumberOption;
  readonly terminateWhenUnhealthy: BooleanOption;
  readonly healthyStateRange: RangeOption;
  readonly healthyZRange: RangeOption;
  readonly healthyAngleRange: RangeOption;
  readonly resetNoiseScale: NumberOption;
  readonly excludeCurrentPositionsFromObservation: BooleanOption;
}

export const environment: MujocoEnvironment<HopperOptions> = mujocoEnvironment({
  id: 'Hopper-v5',
  summary: 'a one-legged hopper in the plane: forward without falling',
  timeLimit: 1000,
  rewardThreshold: 3800,
  model: MODEL,
  frameSkip: 4,
  actions: { width: 3, bound: 1 },
  sizes: { nq: 6, nv: 6 },
  portrait: {
    geoms: [
      [1, 'body'],
      [2, 'limb'],
      [3, 'limb'],
      [4, 'tip'],
    ],
    ground: { z: 0, tile: 0.5, surface: 'floor', marks: 1 },
    view: 'side',
    span: [3.2, 2],
    centre: [0, 0, 0.72],
    follows: { geom: 1, slack: 0.6 },
  },
  options: {
    forwardRewardWeight: weight(1, 'reward per m/s forward'),
    ctrlCostWeight: weight(1e-3, 'cost of squared controls'),
    healthyReward: weight(1, 'reward for a healthy step'),
    terminateWhenUnhealthy: flag(true, 'end the episode when the pose is not healthy'),
    healthyStateRange: range(-100, 100, 'healthy values of all angles and velocities'),
    healthyZRange: range(0.7, Infinity, 'healthy heights of the torso'),
    healthyAngleRange: range(-0.2, 0.2, 'healthy angles of the torso'),
    resetNoiseScale: noise(5e-3),
    excludeCurrentPositionsFromObservation: flag(true, 'leave the position along x out of the observation'),
  },
  observationWidth: ({ excludeCurrentPositionsFromObservation: without }) => (without ? 11 : 12),
  begin: (key, simulation, { resetNoiseScale }) => uniformNoise(key, simulation, resetNoiseScale),
  place: (simulation) => simulation.views().qpos[0] as number,
  observe: observeWalking,
  judge: (simulation, move, options) => {
    const { qpos, qvel } = simulation.views();
    const sound = (x: number): boolean => within(x, options.healthyStateRange);
    const healthy =
      within(qpos[1] as number, options.healthyZRange) &&
      within(qpos[2] as number, options.healthyAngleRange) &&
      qpos.subarray(2).every(sound) &&
      qvel.every(sound);
    return judgeWalking(healthy, move, options);
  },
});

/**
 * Hopper without its time limit: a torso on one leg in the plane, three motors, 125 steps per second. Observation: pose without
 * the position along x, and velocities within ±10 (m, rad, per s). Reward: velocity along x, 1 for a healthy pose, less a thousandth
 * of the squared controls. Terminates when the torso falls or leans.
 *
 * Sources: Erez, Tassa and Todorov, "Infinite-horizon model predictive control for periodic tasks with contacts" (2011); constants,
 * model and options of Gymnasium's Hopper-v5 (MIT licence).
 *
 * @throws `InvalidArgument` for unknown or impossible options
 */
export const hopper: MujocoEnvironment<HopperOptions>['create'] = environment.create;
