import type { BooleanOption, NumberOption, OptionTable, RangeOption } from '../definition.js';
import type { Simulation } from './_engine.js';
import { uniformNoise } from './_noise.js';
import type { Portrait } from './_scene.js';
import { flag, joined, type MujocoEnvironment, mujocoEnvironment, noise, range, squares, weight } from './_task.js';

/** What differs between the two sides: the sign of y, and three numbers that the reference gives to one side only. */
const limbs = (side: string, y: number, hipY: number, knee: number): string => `
          <body name="${side}_thigh" pos="0 ${0.1 * y} -0.04">
            <joint name="${side}_hip_x" axis="${-y} 0 0" range="-25 5" stiffness="10"/>
            <joint name="${side}_hip_z" axis="0 0 ${-y}" range="-60 35" stiffness="10"/>
            <joint name="${side}_hip_y" axis="0 1 0" range="-110 20" stiffness="20" armature="${hipY}"/>
            <geom name="${side}_thigh1" size="0.06" fromto="0 0 0 0 ${-0.01 * y} -0.34"/>
            <body name="${side}_shin" pos="0 ${-0.01 * y} -0.403">
              <joint name="${side}_knee" axis="0 -1 0" pos="0 0 0.02" range="-160 -2" stiffness="${knee}" damping="1" armature="0.006"/>
              <geom name="${side}_shin1" size="0.049" fromto="0 0 0 0 0 -0.3"/>
              <body name="${side}_foot" pos="0 0 -0.45">
                <geom name="${side}_foot" type="sphere" size="0.075" pos="0 0 0.1"/>
              </body>
            </body>
          </body>`;

const arm = (side: string, y: number, axes: readonly [string, string, string], shoulder: string): string => `
      <body name="${side}_upper_arm" pos="0 ${0.17 * y} 0.06">
        <joint name="${side}_shoulder1" axis="${axes[0]}" range="${shoulder}" stiffness="1" damping="1" armature="0.0068"/>
        <joint name="${side}_shoulder2" axis="${axes[1]}" range="${shoulder}" stiffness="1" damping="1" armature="0.0051"/>
        <geom name="${side}_uarm1" size="0.04 0.16" fromto="0 0 0 0.16 ${0.16 * y} -0.16"/>
        <body name="${side}_lower_arm" pos="0.18 ${0.18 * y} -0.18">
          <joint name="${side}_elbow" axis="${axes[2]}" range="-90 50" damping="1" armature="0.0028"/>
          <geom name="${side}_larm" size="0.031" fromto="0.01 ${-0.01 * y} 0.01 0.17 ${-0.17 * y} 0.17"/>
          <geom name="${side}_hand" type="sphere" size="0.04" pos="0.18 ${-0.18 * y} 0.18"/>
        </body>
      </body>`;

const MOTORS: readonly (readonly [string, number])[] = [
  ['abdomen_y', 100],
  ['abdomen_z', 100],
  ['abdomen_x', 100],
  ...['right', 'left'].flatMap((side): [string, number][] => [
    [`${side}_hip_x`, 100],
    [`${side}_hip_z`, 100],
    [`${side}_hip_y`, 300],
    [`${side}_knee`, 200],
  ]),
  ...['right', 'left'].flatMap((side): [string, number][] => [
    [`${side}_shoulder1`, 25],
    [`${side}_shoulder2`, 25],
    [`${side}_elbow`, 25],
  ]),
];

/** Margins of geoms are half of the reference's: MuJoCo adds the two of a pair, where it once took the larger. */
const MODEL = `<mujoco model="humanoid">
  <compiler angle="degree"/>
  <size memory="256K"/>
  <option timestep="0.003" integrator="RK4" solver="PGS" iterations="50"/>
  <default>
    <joint type="hinge" limited="true" damping="5" armature="0.01"/>
    <geom type="capsule" condim="1" margin="0.0005"/>
    <motor ctrllimited="true" ctrlrange="-0.4 0.4"/>
  </default>
  <worldbody>
    <geom name="floor" type="plane" size="20 20 0.125" condim="3" friction="1 0.1 0.1"/>
    <body name="torso" pos="0 0 1.4">
      <joint name="root" type="free" limited="false" damping="0" armature="0"/>
      <geom name="torso1" size="0.07" fromto="0 -0.07 0 0 0.07 0"/>
      <geom name="head" type="sphere" size="0.09" pos="0 0 0.19"/>
      <geom name="uwaist" size="0.06" fromto="-0.01 -0.06 -0.12 -0.01 0.06 -0.12"/>
      <body name="lwaist" pos="-0.01 0 -0.26" quat="1 0 -0.002 0">
        <joint name="abdomen_z" axis="0 0 1" pos="0 0 0.065" range="-45 45" stiffness="20" armature="0.02"/>
        <joint name="abdomen_y" axis="0 1 0" pos="0 0 0.065" range="-75 30" stiffness="10" armature="0.02"/>
        <geom name="lwaist" size="0.06" fromto="0 -0.06 0 0 0.06 0"/>
        <body name="pelvis" pos="0 0 -0.165" quat="1 0 -0.002 0">
          <joint name="abdomen_x" axis="1 0 0" pos="0 0 0.1" range="-35 35" stiffness="10" armature="0.02"/>
          <geom name="butt" size="0.09" fromto="-0.02 -0.07 0 -0.02 0.07 0"/>${limbs('right', -1, 0.008, 0)}${limbs('left', 1, 0.01, 1)}
        </body>
      </body>${arm('right', -1, ['2 1 1', '0 -1 1', '0 -1 1'], '-85 60')}${arm('left', 1, ['2 -1 1', '0 1 1', '0 -1 -1'], '-60 85')}
    </body>
  </worldbody>
  <tendon>
    <fixed name="left_hipknee"><joint joint="left_hip_y" coef="-1"/><joint joint="left_knee" coef="1"/></fixed>
    <fixed name="right_hipknee"><joint joint="right_hip_y" coef="-1"/><joint joint="right_knee" coef="1"/></fixed>
  </tendon>
  <actuator>${MOTORS.map(([joint, gear]) => `\n    <motor joint="${joint}" gear="${gear}"/>`).join('')}
  </actuator>
</mujoco>`;

/** Where the numbers of the bodies begin that are not the world’s, and those of joints that are not the root. */
const FIRST = { inertia: 10, motion: 6, force: 6, joint: 6 };

/** x of the centre of mass, by the engine’s positions of the bodies’ own centres. */
const centreOfMass = (simulation: Simulation): number => {
  const { body_mass: masses } = simulation.model;
  const { xipos } = simulation.views();
  let [moment, total] = [0, 0];
  for (let body = 0; body < simulation.model.nbody; body += 1) {
    moment += (masses[body] as number) * (xipos[3 * body] as number);
    total += masses[body] as number;
  }
  return moment / total;
};

/** Options of {@link humanoid}, with the names and defaults of Gymnasium. */
export interface HumanoidOptions extends OptionTable {
  readonly forwardRewardWeight: NumberOption;
  readonly ctrlCostWeight: NumberOption;
  readonly contactCostWeight: NumberOption;
  readonly contactCostRange: RangeOption;
  readonly healthyReward: NumberOption;
  readonly terminateWhenUnhealthy: BooleanOption;
  readonly healthyZRange: RangeOption;
  readonly resetNoiseScale: NumberOption;
  readonly excludeCurrentPositionsFromObservation: BooleanOption;
  readonly includeCinertInObservation: BooleanOption;
  readonly includeCvelInObservation: BooleanOption;
  readonly includeQfrcActuatorInObservation: BooleanOption;
  readonly includeCfrcExtInObservation: BooleanOption;
}

export const environment: MujocoEnvironment<HumanoidOptions> = mujocoEnvironment({
  id: 'Humanoid-v5',
  summary: 'a human figure: forward without falling',
  timeLimit: 1000,
  rewardThreshold: null,
  model: MODEL,
  frameSkip: 5,
  actions: { width: 17, bound: 0.4 },
  sizes: { nq: 24, nv: 23 },
  // Torso, head, waist and pelvis; then right and left legs and arms, each with what it ends in.
  portrait: {
    geoms: [
      [1, 'body'],
      [2, 'tip'],
      [3, 'body'],
      [4, 'body'],
      [5, 'body'],
      ...([6, 12] as const).flatMap((right): Portrait['geoms'] => [
        [right, 'limb'],
        [right + 1, 'limb'],
        [right + 2, 'tip'],
        [right + 3, 'opposite'],
        [right + 4, 'opposite'],
        [right + 5, 'tip'],
      ]),
    ],
    ground: { z: 0, tile: 0.5, surface: 'floor' },
    view: 'oblique',
    span: [2.4, 2.1],
    centre: [0, 0, 0.85],
    follows: { geom: 1, slack: 0.7 },
  },
  contactForces: true,
  options: {
    forwardRewardWeight: weight(1.25, 'reward per m/s of the centre of mass along x'),
    ctrlCostWeight: weight(0.1, 'cost of squared controls'),
    contactCostWeight: weight(5e-7, 'cost of squared contact forces'),
    contactCostRange: range(-Infinity, 10, 'that cost is brought within this'),
    healthyReward: weight(5, 'reward for a healthy step'),
    terminateWhenUnhealthy: flag(true, 'end the episode when the pose is not healthy'),
    healthyZRange: range(1, 2, 'healthy heights of the torso'),
    resetNoiseScale: noise(1e-2),
    excludeCurrentPositionsFromObservation: flag(true, 'leave the position in the plane out of the observation'),
    includeCinertInObservation: flag(true, 'show inertias of the bodies in the observation'),
    includeCvelInObservation: flag(true, 'show velocities of the bodies in the observation'),
    includeQfrcActuatorInObservation: flag(true, 'show forces of the motors in the observation'),
    includeCfrcExtInObservation: flag(true, 'show contact forces in the observation'),
  },
  observationWidth: (options) =>
    (options.excludeCurrentPositionsFromObservation ? 45 : 47) +
    (options.includeCinertInObservation ? 130 : 0) +
    (options.includeCvelInObservation ? 78 : 0) +
    (options.includeQfrcActuatorInObservation ? 17 : 0) +
    (options.includeCfrcExtInObservation ? 78 : 0),
  begin: (key, simulation, { resetNoiseScale }) => uniformNoise(key, simulation, resetNoiseScale),
  place: centreOfMass,
  observe: (simulation, options) => {
    const { qpos, qvel, cinert, cvel, qfrc_actuator: motors, cfrc_ext: forces } = simulation.views();
    return joined(
      options.excludeCurrentPositionsFromObservation ? qpos.subarray(2) : qpos,
      qvel,
      options.includeCinertInObservation ? cinert.subarray(FIRST.inertia) : [],
      options.includeCvelInObservation ? cvel.subarray(FIRST.motion) : [],
      options.includeQfrcActuatorInObservation ? motors.subarray(FIRST.joint) : [],
      options.includeCfrcExtInObservation ? forces.subarray(FIRST.force) : [],
    );
  },
  judge: (simulation, { velocity, action }, options) => {
    const { qpos, cfrc_ext: forces } = simulation.views();
    const height = qpos[2] as number;
    const [low, high] = options.healthyZRange;
    const healthy = low < height && height < high;
    const [least, most] = options.contactCostRange;
    const contact = Math.min(most, Math.max(least, options.contactCostWeight * squares(forces)));
    const gained = options.forwardRewardWeight * velocity + (healthy ? options.healthyReward : 0);
    return {
      reward: gained - (options.ctrlCostWeight * squares(action) + contact),
      terminated: options.terminateWhenUnhealthy && !healthy,
    };
  },
});

/**
 * Humanoid without its time limit: a figure of thirteen bodies, seventeen motors, 67 steps per second. Observation: pose without the
 * position in the plane, velocities, inertias, velocities and contact forces of the bodies, forces of the motors. Reward: 1.25 times
 * the velocity of the centre of mass along x, 5 for a healthy height, less a tenth of the squared controls and a bounded cost of contact
 * forces. Terminates when the torso is too low or too high.
 *
 * Sources: Tassa, Erez and Todorov, "Synthesis and stabilization of complex behaviors through online trajectory optimization" (2012);
 * constants, model and options of Gymnasium's Humanoid-v5 (MIT licence).
 *
 * @throws `InvalidArgument` for unknown or impossible options
 */
export const humanoid: MujocoEnvironment<HumanoidOptions>['create'] = environment.create;
