import type { NumberOption, OptionTable } from '../definition.js';
import { normalNoise } from './_noise.js';
import { clipped, joined, type MujocoEnvironment, mujocoEnvironment, noise, weight } from './_task.js';

const MODEL = `<mujoco model="inverted double pendulum">
  <compiler angle="degree"/>
  <size memory="256K"/>
  <option timestep="0.01" integrator="RK4" gravity="1e-05 0 -9.81"/>
  <default>
    <joint type="hinge" axis="0 1 0" damping="0.05"/>
    <geom type="capsule" contype="0" conaffinity="1" friction="1 0.1 0.1"/>
  </default>
  <worldbody>
    <geom name="floor" type="plane" size="40 40 40" pos="0 0 -3"/>
    <geom name="rail" size="0.02 1" quat="0.707 0 0.707 0"/>
    <body name="cart">
      <joint name="slider" type="slide" axis="1 0 0" limited="true" range="-1 1" margin="0.01"/>
      <geom name="cart" size="0.1 0.1" quat="0.707 0 0.707 0"/>
      <body name="pole">
        <joint name="hinge"/>
        <geom name="cpole" size="0.045 0.3" fromto="0 0 0 0 0 0.6"/>
        <body name="pole2" pos="0 0 0.6">
          <joint name="hinge2"/>
          <geom name="cpole2" size="0.045 0.3" fromto="0 0 0 0 0 0.6"/>
          <site name="tip" pos="0 0 0.6"/>
        </body>
      </body>
    </body>
  </worldbody>
  <actuator>
    <motor joint="slider" gear="500" ctrllimited="true" ctrlrange="-1 1"/>
  </actuator>
</mujoco>`;

/** Options of {@link invertedDoublePendulum}, with the names and defaults of Gymnasium. */
export interface InvertedDoublePendulumOptions extends OptionTable {
  readonly healthyReward: NumberOption;
  readonly resetNoiseScale: NumberOption;
}

export const environment: MujocoEnvironment<InvertedDoublePendulumOptions> = mujocoEnvironment({
  id: 'InvertedDoublePendulum-v5',
  summary: 'keep two poles, one on the other, upright on a cart',
  timeLimit: 1000,
  rewardThreshold: 9100,
  model: MODEL,
  frameSkip: 5,
  actions: { width: 1, bound: 1 },
  sizes: { nq: 3, nv: 3 },
  portrait: {
    geoms: [
      [1, 'metal'],
      [2, 'body'],
      [3, 'limb'],
      [4, 'opposite'],
    ],
    ground: { z: -0.35, tile: 0.5, surface: 'floor' },
    view: 'side',
    span: [2.8, 2.2],
    centre: [0, 0, 0.5],
  },
  options: { healthyReward: weight(10, 'reward for a step after which the poles stand'), resetNoiseScale: noise(0.1) },
  observationWidth: () => 9,
  begin: (key, simulation, { resetNoiseScale }) => normalNoise(key, simulation, resetNoiseScale),
  place: (simulation) => simulation.views().qpos[0] as number,
  observe: (simulation) => {
    const { qpos, qvel, qfrc_constraint: constraint } = simulation.views();
    const angles = qpos.subarray(1);
    return joined(
      qpos.subarray(0, 1),
      angles.map(Math.sin),
      angles.map(Math.cos),
      clipped(qvel, -10, 10),
      clipped(constraint.subarray(0, 1), -10, 10),
    );
  },
  judge: (simulation, _, { healthyReward }) => {
    const { qvel, site_xpos: tip } = simulation.views();
    const [x, y] = [tip[0] as number, tip[2] as number];
    const terminated = !(y > 1);
    const off = 0.01 * x ** 2 + (y - 2) ** 2;
    const restless = 1e-3 * (qvel[1] as number) ** 2 + 5e-3 * (qvel[2] as number) ** 2;
    return { reward: (terminated ? 0 : healthyReward) - off - restless, terminated };
  },
});

/**
 * InvertedDoublePendulum without its time limit: two poles on a cart on a rail, one motor, 20 steps per second. Observation:
 * position, sines and cosines of the angles, velocities within ±10, and the force of the rail's ends within ±10. Reward: 10 for every
 * step after which the tip is above 1 m, less penalties for a tip away from (0, 2) and for angular velocity; terminates below.
 *
 * Source: constants, model and options of Gymnasium's InvertedDoublePendulum-v5 (MIT licence).
 *
 * @throws `InvalidArgument` for unknown or impossible options
 */
export const invertedDoublePendulum: MujocoEnvironment<InvertedDoublePendulumOptions>['create'] = environment.create;
