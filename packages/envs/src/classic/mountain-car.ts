import { type EnvDefinition, type NumberOption, optionsOrThrow } from '../definition.js';
import { defineEnv, type Env, type Transition } from '../env.js';
import { discrete } from '../spaces.js';
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

const FORCE = 0.001;
const GOAL = 0.5;

const OPTIONS: { readonly goalVelocity: NumberOption } = {
  goalVelocity: { kind: 'number', default: 0, minimum: 0, maximum: 0.07, description: 'velocity needed at the goal' },
};

/**
 * MountainCar without its time limit: a car too weak for the hill pushes left, not at all, or right (actions 0, 1, 2) and has
 * to swing itself up to position 0.5. Observation: position and velocity (per step). Reward −1 per step, the last one
 * included. Starts at rest in U(−0.6, −0.4).
 *
 * Sources: Moore, "Efficient memory-based learning for robot control" (1990); Sutton and Barto, "Reinforcement learning"
 * (2018), example 10.1; constants of Gymnasium's MountainCar-v0 (MIT licence).
 *
 * @throws `InvalidArgument` for unknown or impossible options
 * @example
 * ```ts
 * const env = mountainCar();
 * console.log(env.step(env.reset(key(1)).state, 2).reward); // -1
 * ```
 */
export const mountainCar = (given: MountainCarOptions = {}): Env<MountainCarState, number> => {
  const { goalVelocity } = optionsOrThrow('mountainCar', OPTIONS, given);
  return defineEnv<MountainCarState, number>({
    id: 'MountainCar-v0',
    rewardThreshold: -110,
    actionSpace: discrete(3),
    observationSpace,
    reset,
    step: (state: MountainCarState, action: number): Transition<MountainCarState> => {
      const next = observed(drive(state, (action - 1) * FORCE, 3 * state.position));
      const terminated = next.state.position >= GOAL && next.state.velocity >= goalVelocity;
      return { state: next.state, observation: next.observation, reward: -1, terminated, truncated: false };
    },
    coordinates: coordinates('f64'),
    scene: (state: MountainCarState, action = 1) => sceneOn(state, GOAL, action - 1),
  });
};

export const definition: EnvDefinition<typeof OPTIONS> = {
  id: 'MountainCar-v0',
  summary: 'rock a weak car out of a valley by pushing left or right',
  timeLimit: 200,
  rewardThreshold: -110,
  options: OPTIONS,
  create: (options) => mountainCar(options),
};
