import type { NumberOption, OptionTable } from '../definition.js';
import { uniformNoise } from './_noise.js';
import { joined, type MujocoEnvironment, mujocoEnvironment, noise } from './_task.js';

const MODEL = `<mujoco model="inverted pendulum">
  <compiler angle="degree"/>
  <size memory="256K"/>
  <option timestep="0.02" integrator="RK4"/>
  <default>
    <joint limited="true" damping="1" armature="0"/>
    <geom type="capsule" contype="0" conaffinity="1" friction="1 0.1 0.1"/>
  </default>
  <worldbody>
    <geom name="rail" size="0.02 1" quat="0.707 0 0.707 0"/>
    <body name="cart">
      <joint name="slider" type="slide" axis="1 0 0" range="-1 1"/>
      <geom name="cart" size="0.1 0.1" quat="0.707 0 0.707 0"/>
      <body name="pole">
        <joint name="hinge" type="hinge" axis="0 1 0" range="-90 90"/>
        <geom name="cpole" size="0.049 0.3" fromto="0 0 0 0.001 0 0.6"/>
      </body>
    </body>
  </worldbody>
  <actuator>
    <motor joint="slider" gear="100" ctrllimited="true" ctrlrange="-3 3"/>
  </actuator>
</mujoco>`;

/** Options of {@link invertedPendulum}, with the names and defaults of Gymnasium. */
export interface InvertedPendulumOptions extends OptionTable {
  readonly resetNoiseScale: NumberOption;
}

export const environment: MujocoEnvironment<InvertedPendulumOptions> = mujocoEnvironment({
  id: 'InvertedPendulum-v5',
  summary: 'keep a pole upright on a cart by a force on the cart',
  timeLimit: 1000,
  rewardThreshold: 950,
  model: MODEL,
  frameSkip: 2,
  actions: { width: 1, bound: 3 },
  sizes: { nq: 2, nv: 2 },
  portrait: {
    geoms: [
      [0, 'metal'],
      [1, 'body'],
      [2, 'limb'],
    ],
    ground: { z: -0.35, tile: 0.5, surface: 'floor' },
    view: 'side',
    span: [2.6, 1.5],
    centre: [0, 0, 0.25],
  },
  options: { resetNoiseScale: noise(0.01) },
  observationWidth: () => 4,
  begin: (key, simulation, { resetNoiseScale }) => uniformNoise(key, simulation, resetNoiseScale),
  place: (simulation) => simulation.views().qpos[0] as number,
  observe: (simulation) => {
    const { qpos, qvel } = simulation.views();
    return joined(qpos, qvel);
  },
  judge: (_, { observation }) => {
    const terminated = !(Math.abs(observation[1] as number) <= 0.2) || !observation.every(Number.isFinite);
    return { reward: terminated ? 0 : 1, terminated };
  },
});

/**
 * InvertedPendulum without its time limit: a pole on a cart on a rail, one motor, 25 steps per second. Observation: position,
 * angle and their velocities (m, rad, per s). Reward 1 for every step after which the pole stands; terminates beyond 0.2 rad.
 *
 * Source: constants, model and options of Gymnasium's InvertedPendulum-v5 (MIT licence).
 *
 * @throws `InvalidArgument` for unknown or impossible options
 */
export const invertedPendulum: MujocoEnvironment<InvertedPendulumOptions>['create'] = environment.create;
