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
  BooleanOption,
  EnvDefinition,
  EnvOptions,
  NumberOption,
  OptionTable,
  OptionValues,
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
export { environments, findEnv, makeEnv, optionsOf } from './registry.js';
export { animate } from './render/animate.js';
export { type Film, type FilmFrame, filmOf } from './render/film.js';
export type { Placing } from './render/markup.js';
export type { Theme } from './render/palette.js';
export { type PictureOptions, type RenderOptions, render, renderScene } from './render/render.js';
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
