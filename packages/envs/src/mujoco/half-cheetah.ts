import type { BooleanOption, NumberOption, OptionTable } from '../definition.js';
import { normalNoise } from './_noise.js';
import { flag, joined, type MujocoEnvironment, mujocoEnvironment, noise, squares, weight } from './_task.js';

const MODEL = `<mujoco model="half cheetah">
  <compiler angle="radian" settotalmass="14"/>
  <size memory="256K"/>
  <option timestep="0.01" integrator="Euler"/>
  <default>
    <joint type="hinge" axis="0 1 0" limited="true" armature="0.1" solimplimit="0 0.8 0.03"/>
    <geom type="capsule" size="0.046" contype="1" conaffinity="0" condim="3" friction="0.4 0.1 0.1" solimp="0 0.8 0.01"/>
    <motor ctrllimited="true" ctrlrange="-1 1"/>
    <default class="root"><joint limited="false" armature="0"/></default>
  </default>
  <worldbody>
    <geom name="floor" type="plane" size="40 40 40" conaffinity="1"/>
    <body name="torso" pos="0 0 0.7">
      <joint name="rootx" class="root" type="slide" axis="1 0 0"/>
      <joint name="rootz" class="root" type="slide" axis="0 0 1"/>
      <joint name="rooty" class="root"/>
      <geom name="torso" fromto="-0.5 0 0 0.5 0 0"/>
      <geom name="head" size="0.046 0.15" pos="0.6 0 0.1" axisangle="0 1 0 0.87"/>
      <body name="bthigh" pos="-0.5 0 0">
        <joint name="bthigh" range="-0.52 1.05" stiffness="240" damping="6"/>
        <geom name="bthigh" size="0.046 0.145" pos="0.1 0 -0.13" axisangle="0 1 0 -3.8"/>
        <body name="bshin" pos="0.16 0 -0.25">
          <joint name="bshin" range="-0.785 0.785" stiffness="180" damping="4.5"/>
          <geom name="bshin" size="0.046 0.15" pos="-0.14 0 -0.07" axisangle="0 1 0 -2.03"/>
          <body name="bfoot" pos="-0.28 0 -0.14">
            <joint name="bfoot" range="-0.4 0.785" stiffness="120" damping="3"/>
            <geom name="bfoot" size="0.046 0.094" pos="0.03 0 -0.097" axisangle="0 1 0 -0.27"/>
          </body>
        </body>
      </body>
      <body name="fthigh" pos="0.5 0 0">
        <joint name="fthigh" range="-1 0.7" stiffness="180" damping="4.5"/>
        <geom name="fthigh" size="0.046 0.133" pos="-0.07 0 -0.12" axisangle="0 1 0 0.52"/>
        <body name="fshin" pos="-0.14 0 -0.24">
          <joint name="fshin" range="-1.2 0.87" stiffness="120" damping="3"/>
          <geom name="fshin" size="0.046 0.106" pos="0.065 0 -0.09" axisangle="0 1 0 -0.6"/>
          <body name="ffoot" pos="0.13 0 -0.18">
            <joint name="ffoot" range="-0.5 0.5" stiffness="60" damping="1.5"/>
            <geom name="ffoot" size="0.046 0.07" pos="0.045 0 -0.07" axisangle="0 1 0 -0.6"/>
          </body>
        </body>
      </body>
    </body>
  </worldbody>
  <actuator>
    <motor joint="bthigh" gear="120"/>
    <motor joint="bshin" gear="90"/>
    <motor joint="bfoot" gear="60"/>
    <motor joint="fthigh" gear="120"/>
    <motor joint="fshin" gear="60"/>
    <motor joint="ffoot" gear="30"/>
  </actuator>
</mujoco>`;

/** Options of {@link halfCheetah}, with the names and defaults of Gymnasium. */
export interface HalfCheetahOptions extends OptionTable {
  readonly forwardRewardWeight: NumberOption;
  readonly ctrlCostWeight: NumberOption;
  readonly resetNoiseScale: NumberOption;
  readonly excludeCurrentPositionsFromObservation: BooleanOption;
}

export const environment: MujocoEnvironment<HalfCheetahOptions> = mujocoEnvironment({
  id: 'HalfCheetah-v5',
  summary: 'a two-legged runner in the plane: as fast as possible',
  timeLimit: 1000,
  rewardThreshold: 4800,
  model: MODEL,
  frameSkip: 5,
  actions: { width: 6, bound: 1 },
  sizes: { nq: 9, nv: 9 },
  // Torso and head, then the legs: the back one, the front one.
  portrait: {
    geoms: [
      [1, 'body'],
      [2, 'body'],
      [3, 'opposite'],
      [4, 'opposite'],
      [5, 'tip'],
      [6, 'limb'],
      [7, 'limb'],
      [8, 'tip'],
    ],
    ground: { z: 0, tile: 0.5, surface: 'floor', marks: 2 },
    view: 'side',
    span: [3, 1.6],
    centre: [0, 0, 0.56],
    follows: { geom: 1, slack: 0.5 },
  },
  options: {
    forwardRewardWeight: weight(1, 'reward per m/s forward'),
    ctrlCostWeight: weight(0.1, 'cost of squared controls'),
    resetNoiseScale: noise(0.1),
    excludeCurrentPositionsFromObservation: flag(true, 'leave the position along x out of the observation'),
  },
  observationWidth: ({ excludeCurrentPositionsFromObservation: without }) => (without ? 17 : 18),
  begin: (key, simulation, { resetNoiseScale }) => normalNoise(key, simulation, resetNoiseScale),
  place: (simulation) => simulation.views().qpos[0] as number,
  observe: (simulation, { excludeCurrentPositionsFromObservation: without }) => {
    const { qpos, qvel } = simulation.views();
    return joined(without ? qpos.subarray(1) : qpos, qvel);
  },
  judge: (_, { velocity, action }, { forwardRewardWeight, ctrlCostWeight }) => ({
    reward: forwardRewardWeight * velocity - ctrlCostWeight * squares(action),
    terminated: false,
  }),
});

/**
 * HalfCheetah without its time limit: a runner of seven links in the plane, six motors, 20 steps per second. Observation: pose
 * without the position along x, and velocities (m, rad, per s). Reward: velocity along x less a tenth of the squared controls.
 * It never ends by itself.
 *
 * Sources: Wawrzyński, "A cat-like robot real-time learning to run" (2009); constants, model and options of Gymnasium's
 * HalfCheetah-v5 (MIT licence).
 *
 * @throws `InvalidArgument` for unknown or impossible options
 */
export const halfCheetah: MujocoEnvironment<HalfCheetahOptions>['create'] = environment.create;
