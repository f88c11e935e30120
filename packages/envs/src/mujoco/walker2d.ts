import type { BooleanOption, NumberOption, OptionTable, RangeOption } from '../definition.js';
import { uniformNoise } from './_noise.js';
import { flag, type MujocoEnvironment, mujocoEnvironment, noise, range, weight } from './_task.js';
import { judgeWalking, observeWalking, within } from './_walking.js';

const leg = (side: string): string => `
      <body name="thigh${side}" pos="0 0 -0.19999999999999996">
        <joint name="thigh${side}_joint" range="-150 0"/>
        <geom name="thigh${side}_geom" size="0.05 0.22500000000000003" pos="0 0 -0.2250000000000001"/>
        <body name="leg${side}" pos="0 0 -0.7000000000000001">
          <joint name="leg${side}_joint" pos="0 0 0.25" range="-150 0"/>
          <geom name="leg${side}_geom" size="0.04 0.25"/>
          <body name="foot${side}" pos="0.2 0 -0.35">
            <joint name="foot${side}_joint" pos="-0.2 0 0.1" range="-45 45"/>
            <geom name="foot${side}_geom" size="0.06 0.1" pos="-0.1 0 0.1" quat="0.7071067811865476 0 -0.7071067811865475 0" friction="1.9 0.1 0.1"/>
          </body>
        </body>
      </body>`;

const MODEL = `<mujoco model="walker">
  <compiler angle="degree"/>
  <size memory="256K"/>
  <option timestep="0.002" integrator="RK4"/>
  <default>
    <joint type="hinge" axis="0 -1 0" limited="true" damping="0.1" armature="0.01"/>
    <geom type="capsule" contype="1" conaffinity="0" condim="3" friction="0.9 0.1 0.1"/>
    <motor ctrllimited="true" ctrlrange="-1 1" gear="100"/>
    <default class="root"><joint limited="false" damping="0" armature="0"/></default>
  </default>
  <worldbody>
    <geom name="floor" type="plane" size="40 40 40" conaffinity="1" friction="0.7 0.1 0.1"/>
    <body name="torso" pos="0 0 1.25">
      <joint name="rootx" class="root" type="slide" axis="1 0 0" pos="0 0 -1.25"/>
      <joint name="rootz" class="root" type="slide" axis="0 0 1" pos="0 0 -1.25" ref="1.25"/>
      <joint name="rooty" class="root" axis="0 1 0"/>
      <geom name="torso_geom" size="0.05 0.19999999999999996"/>${leg('')}${leg('_left')}
    </body>
  </worldbody>
  <actuator>
    <motor joint="thigh_joint"/>
    <motor joint="leg_joint"/>
    <motor joint="foot_joint"/>
    <motor joint="thigh_left_joint"/>
    <motor joint="leg_left_joint"/>
    <motor joint="foot_left_joint"/>
  </actuator>
</mujoco>`;

/** Options of {@link walker2d}, with the names and defaults of Gymnasium. */
export interface Walker2dOptions extends OptionTable {
  readonly forwardRewardWeight: NumberOption;
  readonly ctrlCostWeight: NumberOption;
  readonly healthyReward: NumberOption;
  readonly terminateWhenUnhealthy: BooleanOption;
  readonly healthyZRange: RangeOption;
  readonly healthyAngleRange: RangeOption;
  readonly resetNoiseScale: NumberOption;
  readonly excludeCurrentPositionsFromObservation: BooleanOption;
}

export const environment: MujocoEnvironment<Walker2dOptions> = mujocoEnvironment({
  id: 'Walker2d-v5',
  summary: 'a two-legged walker in the plane: forward without falling',
  timeLimit: 1000,
  rewardThreshold: null,
  model: MODEL,
  frameSkip: 4,
  actions: { width: 6, bound: 1 },
  sizes: { nq: 9, nv: 9 },
  // The left leg is the far one.
  portrait: {
    geoms: [
      [5, 'opposite'],
      [6, 'opposite'],
      [7, 'tip'],
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
    healthyZRange: range(0.8, 2, 'healthy heights of the torso'),
    healthyAngleRange: range(-1, 1, 'healthy angles of the torso'),
    resetNoiseScale: noise(5e-3),
    excludeCurrentPositionsFromObservation: flag(true, 'leave the position along x out of the observation'),
  },
  observationWidth: ({ excludeCurrentPositionsFromObservation: without }) => (without ? 17 : 18),
  begin: (key, simulation, { resetNoiseScale }) => uniformNoise(key, simulation, resetNoiseScale),
  place: (simulation) => simulation.views().qpos[0] as number,
  observe: observeWalking,
  judge: (simulation, move, options) => {
    const { qpos } = simulation.views();
    const healthy =
      within(qpos[1] as number, options.healthyZRange) && within(qpos[2] as number, options.healthyAngleRange);
    return judgeWalking(healthy, move, options);
  },
});

/**
 * Walker2d without its time limit: a torso on two legs in the plane, six motors, 125 steps per second. Observation: pose without
 * the position along x, and velocities within ±10 (m, rad, per s). Reward: velocity along x, 1 for a healthy pose, less a thousandth
 * of the squared controls. Terminates when the torso falls or leans.
 *
 * Sources: Erez, Tassa and Todorov, "Infinite-horizon model predictive control for periodic tasks with contacts" (2011); constants,
 * model and options of Gymnasium's Walker2d-v5 (MIT licence).
 *
 * @throws `InvalidArgument` for unknown or impossible options
 */
export const walker2d: MujocoEnvironment<Walker2dOptions>['create'] = environment.create;
