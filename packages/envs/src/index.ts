/** Pure reinforcement-learning environments: state in, state out. */
export { acrobot, type AcrobotState } from './classic/acrobot.js';
export { cartPole, type CartPoleOptions, type CartPoleState } from './classic/cart-pole.js';
export { mountainCarContinuous } from './classic/mountain-car-continuous.js';
export { mountainCar } from './classic/mountain-car.js';
export type { MountainCarOptions, MountainCarState } from './classic/_mountain-car.js';
export { pendulum, type PendulumOptions, type PendulumState } from './classic/pendulum.js';
export type {
  BooleanOption,
  EnvDefinition,
  EnvOptions,
  NumberOption,
  OptionTable,
  OptionValues,
} from './definition.js';
export { type Coordinates, defineEnv, type Env, type EnvParts, type Start, type Transition } from './env.js';
export { type EnvSpec, loadEnv } from './load.js';
export { environments, findEnv, makeEnv, optionsOf } from './registry.js';
export { defaultTolerances, type Deviation, replay, type Tolerances, type TrajectoryReplay } from './replay.js';
export {
  type Action,
  type Box,
  box,
  type BoxBounds,
  checkAction,
  contains,
  type Discrete,
  discrete,
  type Space,
  type Vector,
  widthOf,
} from './spaces.js';
export { type TimeLimited, timeLimit } from './time-limit.js';
export { decodeTrajectories, type Trajectory, TRAJECTORY_LIMITS, type TrajectoryFile } from './trajectory.js';
export {
  vectorise,
  type VectorEnv,
  type VectorOptions,
  type VectorStart,
  type VectorState,
  type VectorTransition,
} from './vector.js';
