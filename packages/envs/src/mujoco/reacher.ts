import { foldIn, type Key, split } from '@natgrad/tensor';
import type { NumberOption, OptionTable } from '../definition.js';
import { uniformBetween } from '../draw.js';
import type { Simulation } from './_engine.js';
import { joined, type MujocoEnvironment, mujocoEnvironment, squares, weight } from './_task.js';

const MODEL = `<mujoco model="reacher">
  <compiler angle="radian"/>
  <size memory="256K"/>
  <option timestep="0.01" integrator="RK4"/>
  <default>
    <joint type="hinge" axis="0 0 1" damping="1" armature="1"/>
    <geom type="capsule" contype="0" conaffinity="0" friction="1 0.1 0.1"/>
    <motor ctrllimited="true" ctrlrange="-1 1" gear="200"/>
  </default>
  <worldbody>
    <geom name="ground" type="plane" size="1 1 10"/>
    <geom name="sideS" size="0.02" fromto="-0.3 -0.3 0.01 0.3 -0.3 0.01"/>
    <geom name="sideE" size="0.02" fromto="0.3 -0.3 0.01 0.3 0.3 0.01"/>
    <geom name="sideN" size="0.02" fromto="-0.3 0.3 0.01 0.3 0.3 0.01"/>
    <geom name="sideW" size="0.02" fromto="-0.3 -0.3 0.01 -0.3 0.3 0.01"/>
    <geom name="root" type="cylinder" size="0.011" fromto="0 0 0 0 0 0.02"/>
    <body name="body0" pos="0 0 0.01">
      <joint name="joint0" limited="false"/>
      <geom name="link0" size="0.01" fromto="0 0 0 0.1 0 0" conaffinity="1"/>
      <body name="body1" pos="0.1 0 0">
        <joint name="joint1" limited="true" range="-3 3"/>
        <geom name="link1" size="0.01" fromto="0 0 0 0.1 0 0" conaffinity="1"/>
        <body name="fingertip" pos="0.11 0 0">
          <geom name="fingertip" type="sphere" size="0.01" conaffinity="1"/>
        </body>
      </body>
    </body>
    <body name="target" pos="0.1 -0.1 0.01">
      <joint name="target_x" type="slide" axis="1 0 0" limited="true" range="-0.27 0.27" ref="0.1" damping="0" armature="0"/>
      <joint name="target_y" type="slide" axis="0 1 0" limited="true" range="-0.27 0.27" ref="-0.1" damping="0" armature="0"/>
      <geom name="target" type="sphere" size="0.009"/>
    </body>
  </worldbody>
  <actuator>
    <motor joint="joint0"/>
    <motor joint="joint1"/>
  </actuator>
</mujoco>`;

/** Bodies by their place in the model; the world is the first. */
const FINGERTIP = 3;
const TARGET = 4;

/** From the target to the fingertip, as the engine derived their positions last. */
const offset = (simulation: Simulation): readonly [number, number, number] => {
  const { xpos } = simulation.views();
  const along = (axis: number): number => (xpos[3 * FINGERTIP + axis] as number) - (xpos[3 * TARGET + axis] as number);
  return [along(0), along(1), along(2)];
};

const REACH = 0.2;

/** Uniform in a disc: points of the square around it until one lies within. */
const goal = (key: Key, attempt = 0): readonly [number, number] => {
  const here = foldIn(key, attempt);
  const [x, y] = [uniformBetween(here, 0, -REACH, REACH), uniformBetween(here, 1, -REACH, REACH)];
  return Math.hypot(x, y) < REACH ? [x, y] : goal(key, attempt + 1);
};

/** Options of {@link reacher}, with the names and defaults of Gymnasium. */
export interface ReacherOptions extends OptionTable {
  readonly rewardDistWeight: NumberOption;
  readonly rewardControlWeight: NumberOption;
}

export const environment: MujocoEnvironment<ReacherOptions> = mujocoEnvironment({
  id: 'Reacher-v5',
  summary: 'bring the tip of an arm of two links to a target',
  timeLimit: 50,
  rewardThreshold: -3.75,
  model: MODEL,
  frameSkip: 2,
  actions: { width: 2, bound: 1 },
  sizes: { nq: 4, nv: 4 },
  // The walls, the root, the target, and the arm over it.
  portrait: {
    geoms: [
      [1, 'metal'],
      [2, 'metal'],
      [3, 'metal'],
      [4, 'metal'],
      [9, 'goal'],
      [6, 'body'],
      [7, 'limb'],
      [5, 'metal'],
      [8, 'limb'],
    ],
    ground: { z: 0, tile: 0.05, surface: 'floor' },
    view: 'above',
    span: [0.66, 0.66],
    centre: [0, 0, 0],
  },
  options: {
    rewardDistWeight: weight(1, 'cost of the distance to the target'),
    rewardControlWeight: weight(1, 'cost of squared controls'),
  },
  observationWidth: () => 10,
  begin: (key, { initialPosition }) => {
    const [pose, motion, aim] = split(key, 3) as [Key, Key, Key];
    const arm = (at: number): number => (initialPosition[at] as number) + uniformBetween(pose, at, -0.1, 0.1);
    const speed = (at: number): number => uniformBetween(motion, at, -0.005, 0.005);
    return { qpos: [arm(0), arm(1), ...goal(aim)], qvel: [speed(0), speed(1), 0, 0] };
  },
  place: (simulation) => simulation.views().qpos[0] as number,
  observe: (simulation) => {
    const { qpos, qvel } = simulation.views();
    const angles = qpos.subarray(0, 2);
    const [dx, dy] = offset(simulation);
    return joined(angles.map(Math.cos), angles.map(Math.sin), qpos.subarray(2), qvel.subarray(0, 2), [dx, dy]);
  },
  judge: (simulation, { action }, { rewardDistWeight, rewardControlWeight }) => ({
    reward: -rewardDistWeight * Math.hypot(...offset(simulation)) - rewardControlWeight * squares(action),
    terminated: false,
  }),
});

/**
 * Reacher without its time limit: an arm of two links on a table, seen from above, two motors, 50 steps per second. Observation:
 * cosines and sines of the angles, where the target is, angular velocities, and the way from the target to the fingertip (m, rad/s).
 * Reward: minus the distance between the two, less the squared controls. It never ends by itself.
 *
 * Source: constants, model and options of Gymnasium's Reacher-v5 (MIT licence).
 *
 * @throws `InvalidArgument` for unknown or impossible options
 */
export const reacher: MujocoEnvironment<ReacherOptions>['create'] = environment.create;
