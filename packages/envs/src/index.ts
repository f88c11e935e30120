/**
 * Pure reinforcement-learning environments: state in, state out.
 *
 * @module @natgrad/envs
 */

export type { MountainCarOptions, MountainCarState } from './classic/_mountain-car.js';
export { type AcrobotState, acrobot } from './classic/acrobot.js';
export { type CartPoleOptions, type CartPoleState, cartPole } from './classic/cart-pole.js';
export { mountainCar } from './classic/mountain-car.js';
export { mountainCarContinuous } from './classic/mountain-car-continuous.js';
export { type PendulumOptions, type PendulumState, pendulum } from './classic/pendulum.js';
export { type DetourOptions, type DetourState, detour } from './constrained/detour.js';
export type {
  AnyEnvDefinition,
  BooleanOption,
  EngineEnvDefinition,
  EnvDefinition,
  EnvFacts,
  EnvOption,
  EnvOptions,
  EnvSpaces,
  NumberOption,
  OptionTable,
  OptionValues,
  RangeOption,
} from './definition.js';
export {
  type Coordinates,
  defineEnv,
  type Env,
  type EnvFailure,
  type EnvParts,
  type Start,
  type Transition,
} from './env.js';
export { type WithHistory, withHistory } from './history.js';
export { type EnvSpec, loadEnv } from './load.js';
export { type RepeatPreviousOptions, type RepeatPreviousState, repeatPrevious } from './memory/repeat-previous.js';
export {
  loadMujoco,
  MUJOCO_VERSION,
  type Mujoco,
  type MujocoOptions,
  type PhysicsState,
} from './mujoco/_engine.js';
export type { MujocoEnvironment, MujocoState } from './mujoco/_task.js';
export { type AntOptions, ant } from './mujoco/ant.js';
export { type HalfCheetahOptions, halfCheetah } from './mujoco/half-cheetah.js';
export { type HopperOptions, hopper } from './mujoco/hopper.js';
export { type HumanoidOptions, humanoid } from './mujoco/humanoid.js';
export { type InvertedDoublePendulumOptions, invertedDoublePendulum } from './mujoco/inverted-double-pendulum.js';
export { type InvertedPendulumOptions, invertedPendulum } from './mujoco/inverted-pendulum.js';
export { type ReacherOptions, reacher } from './mujoco/reacher.js';
export { type SwimmerOptions, swimmer } from './mujoco/swimmer.js';
export { type Walker2dOptions, walker2d } from './mujoco/walker2d.js';
export { environments, findEnv, makeEnv, optionsOf, spacesOf } from './registry.js';
export { animate } from './render/animate.js';
export { type Film, type FilmFrame, filmOf } from './render/film.js';
export type { Placing } from './render/markup.js';
export type { Theme } from './render/palette.js';
export { type PictureOptions, type RenderOptions, render, renderScene } from './render/render.js';
export { filmScreen } from './render/screen.js';
export { type Deviation, defaultTolerances, replay, type Tolerances, type TrajectoryReplay } from './replay.js';
export {
  arcArrow,
  arrow,
  type Camera,
  type Capsule,
  type Disc,
  type Ground,
  type Label,
  type Path,
  type Point,
  type Polygon,
  rectangle,
  type Scene,
  type Shape,
  type Sphere,
  type Tint,
} from './scene.js';
export {
  type Action,
  type Box,
  type BoxBounds,
  box,
  checkAction,
  contains,
  type Discrete,
  discrete,
  type MultiBinary,
  type MultiDiscrete,
  multiBinary,
  multiDiscrete,
  type Space,
  type Vector,
  widthOf,
} from './spaces.js';
export { type TimeLimited, timeLimit } from './time-limit.js';
export { decodeTrajectories, TRAJECTORY_LIMITS, type Trajectory, type TrajectoryFile } from './trajectory.js';
export {
  type VectorEnv,
  type VectorOptions,
  type VectorStart,
  type VectorState,
  type VectorTransition,
  vectorise,
} from './vector.js';
