import { type EnvDefinition, type NumberOption, optionsOrThrow } from '../definition.js';
import { defineEnv, type Env, type Transition } from '../env.js';
import { FINITE, failedStep, unfinite } from '../failure.js';
import { box, type Vector } from '../spaces.js';
import {
  coordinates,
  drive,
  type MountainCarOptions,
  type MountainCarState,
  observationSpace,
  observed,
  reset,
  sceneOn,
} from './_mountain-car.js';

const POWER = 0.0015;
const GOAL = 0.45;

/** 3 x, rounded to single precision if x is: numpy keeps the product of its float32 and a whole number a float32. */
const phaseAt = (position: number): number =>
  Math.fround(position) === position ? Math.fround(3 * position) : 3 * position;

const OPTIONS: { readonly goalVelocity: NumberOption } = {
  goalVelocity: { kind: 'number', default: 0, minimum: 0, maximum: 0.07, description: 'velocity needed at the goal' },
};

/**
 * MountainCarContinuous without its time limit: the car of MountainCar with a force in [−1, 1] (clipped) and the goal at 0.45.
 * Reward −0.1 a² with the action as given, not clipped, and 100 more for the step that reaches the goal and terminates.
 * Starts at rest in U(−0.6, −0.4).
 *
 * A step is computed in double precision, but for the product 3 x, and its result is rounded to single, as Gymnasium stores
 * it; whether the goal is reached is decided before rounding.
 *
 * Sources: Moore, "Efficient memory-based learning for robot control" (1990); constants of Gymnasium's
 * MountainCarContinuous-v0 (MIT licence).
 *
 * @throws `InvalidArgument` for unknown or impossible options
 * @example
 * ```ts
 * const env = mountainCarContinuous();
 * const { state } = env.reset(key(1));
 * console.log(env.step(state, [1]).reward); // -0.1
 * ```
 */
export const mountainCarContinuous = (given: MountainCarOptions = {}): Env<MountainCarState, Vector> => {
  const { goalVelocity } = optionsOrThrow('mountainCarContinuous', OPTIONS, given);
  return defineEnv<MountainCarState, Vector>({
    id: 'MountainCarContinuous-v0',
    rewardThreshold: 90,
    actionSpace: box({ low: -1, high: 1, shape: [1], dtype: 'f32' }),
    observationSpace,
    reset,
    step: (state: MountainCarState, action: Vector): Transition<MountainCarState> => {
      const wanted = action[0] as number;
      const exact = drive(state, Math.min(Math.max(wanted, -1), 1) * POWER, phaseAt(state.position));
      const terminated = exact.position >= GOAL && exact.velocity >= goalVelocity;
      const { state: next, observation } = observed({
        position: Math.fround(exact.position),
        velocity: Math.fround(exact.velocity),
      });
      // The force is limited, but what is paid for is what was wanted, and its square may be too large for a number.
      const reward = (terminated ? 100 : 0) - 0.1 * wanted ** 2;
      const made = { state: next, observation, reward, terminated, truncated: false };
      const lost = unfinite(made);
      return lost === null ? made : failedStep(observed(state), lost, FINITE);
    },
    coordinates: coordinates('f32'),
    scene: (state: MountainCarState, action?: Vector) =>
      sceneOn(state, GOAL, Math.min(Math.max(action?.[0] ?? 0, -1), 1)),
  });
};

export const definition: EnvDefinition<typeof OPTIONS> = {
  id: 'MountainCarContinuous-v0',
  summary: 'rock a weak car out of a valley with as little force as possible',
  timeLimit: 999,
  rewardThreshold: 90,
  options: OPTIONS,
  create: (options) => mountainCarContinuous(options),
};
