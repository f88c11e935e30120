import type { BooleanOption, NumberOption, OptionTable } from '../definition.js';
import { uniformNoise } from './_noise.js';
import { flag, joined, type MujocoEnvironment, mujocoEnvironment, noise, squares, weight } from './_task.js';

const MODEL = `<mujoco model="swimmer">
  <compiler angle="degree"/>
  <size memory="256K"/>
  <option timestep="0.01" integrator="RK4" density="4000" viscosity="0.1"/>
  <default>
    <joint type="hinge" axis="0 0 1" armature="0.1"/>
    <geom type="capsule" size="0.1" contype="0" conaffinity="0" condim="1"/>
    <motor ctrllimited="true" ctrlrange="-1 1" gear="150"/>
  </default>
  <worldbody>
    <geom name="floor" type="plane" size="40 40 0.1" pos="0 0 -0.1" condim="3"/>
    <body name="torso">
      <joint name="slider1" type="slide" axis="1 0 0"/>
      <joint name="slider2" type="slide" axis="0 1 0"/>
      <joint name="free_body_rot"/>
      <geom fromto="1.5 0 0 0.5 0 0"/>
      <body name="mid" pos="0.5 0 0">
        <joint name="motor1_rot" limited="true" range="-100 100"/>
        <geom fromto="0 0 0 -1 0 0"/>
        <body name="back" pos="-1 0 0">
          <joint name="motor2_rot" limited="true" range="-100 100"/>
          <geom fromto="0 0 0 -1 0 0"/>
        </body>
      </body>
    </body>
  </worldbody>
  <actuator>
    <motor joint="motor1_rot"/>
    <motor joint="motor2_rot"/>
  </actuator>
</mujoco>`;

/** Options of {@link swimmer}, with the names and defaults of Gymnasium. */
export interface SwimmerOptions extends OptionTable {
  readonly forwardRewardWeight: NumberOption;
  readonly ctrlCostWeight: NumberOption;
  readonly resetNoiseScale: NumberOption;
  readonly excludeCurrentPositionsFromObservation: BooleanOption;
}

export const environment: MujocoEnvironment<SwimmerOptions> = mujocoEnvironment({
  id: 'Swimmer-v5',
  summary: 'a chain of three links in a viscous fluid: forward',
  timeLimit: 1000,
  rewardThreshold: 360,
  model: MODEL,
  frameSkip: 4,
  actions: { width: 2, bound: 1 },
  sizes: { nq: 5, nv: 5 },
  portrait: {
    geoms: [
      [3, 'opposite'],
      [2, 'limb'],
      [1, 'body'],
    ],
    ground: { z: -0.1, tile: 0.5, surface: 'water' },
    view: 'above',
    span: [5, 3.4],
    centre: [0, 0, 0],
    follows: { geom: 2, slack: 1 },
  },
  options: {
    forwardRewardWeight: weight(1, 'reward per m/s along x'),
    ctrlCostWeight: weight(1e-4, 'cost of squared controls'),
    resetNoiseScale: noise(0.1),
    excludeCurrentPositionsFromObservation: flag(true, 'leave the position in the plane out of the observation'),
  },
  observationWidth: ({ excludeCurrentPositionsFromObservation: without }) => (without ? 8 : 10),
  begin: (key, simulation, { resetNoiseScale }) => uniformNoise(key, simulation, resetNoiseScale),
  place: (simulation) => simulation.views().qpos[0] as number,
  observe: (simulation, { excludeCurrentPositionsFromObservation: without }) => {
    const { qpos, qvel } = simulation.views();
    return joined(without ? qpos.subarray(2) : qpos, qvel);
  },
  judge: (_, { velocity, action }, { forwardRewardWeight, ctrlCostWeight }) => ({
    reward: forwardRewardWeight * velocity - ctrlCostWeight * squares(action),
    terminated: false,
  }),
});

/**
 * Swimmer without its time limit: three links in a viscous fluid, seen from above, two motors, 25 steps per second. Observation:
 * angles, and all velocities (rad, m, per s). Reward: velocity along x less a ten-thousandth of the squared controls. It never ends
 * by itself.
 *
 * Sources: Coulom, "Reinforcement learning using neural networks, with applications to motor control" (2002); constants, model and
 * options of Gymnasium's Swimmer-v5 (MIT licence).
 *
 * @throws `InvalidArgument` for unknown or impossible options
 */
export const swimmer: MujocoEnvironment<SwimmerOptions>['create'] = environment.create;
