/** What the two mountain-car tasks share: the valley, the walls and the start. */
import type { Key } from '@natgrad/tensor';
import { uniformBetween } from '../draw.js';
import type { Coordinates, Start } from '../env.js';
import { type Box, box, type Vector } from '../spaces.js';

/** The car on its track. */
export interface MountainCarState {
  /** Along the valley, within [−1.2, 0.6]; its bottom is at −π/6. */
  readonly position: number;
  /** Per step, within ±0.07. */
  readonly velocity: number;
}

/** Options of both mountain cars. */
export interface MountainCarOptions {
  /** Velocity that the car must have when it reaches the goal. Default 0. */
  readonly goalVelocity?: number;
}

const GRAVITY = 0.0025;
const SPEED_LIMIT = 0.07;
const LEFT_WALL = -1.2;
const RIGHT_WALL = 0.6;

const clip = (x: number, low: number, high: number): number => Math.min(Math.max(x, low), high);

/**
 * One step of the car under a given push: velocity first, then position; the left wall stops it. The height of the valley is
 * sin(3 x)/3, `phase` is the 3 x.
 */
export const drive = ({ position, velocity }: MountainCarState, push: number, phase: number): MountainCarState => {
  const faster = clip(velocity + (push - GRAVITY * Math.cos(phase)), -SPEED_LIMIT, SPEED_LIMIT);
  const moved = clip(position + faster, LEFT_WALL, RIGHT_WALL);
  return { position: moved, velocity: moved === LEFT_WALL && faster < 0 ? 0 : faster };
};

export const observed = (state: MountainCarState): Start<MountainCarState> => {
  const observation = new Float32Array(2);
  observation[0] = state.position;
  observation[1] = state.velocity;
  return { state, observation };
};

/** At rest, with the position in U(−0.6, −0.4). */
export const reset = (key: Key): Start<MountainCarState> =>
  observed({ position: uniformBetween(key, 0, -0.6, -0.4), velocity: 0 });

export const observationSpace: Box = box({
  low: [LEFT_WALL, -SPEED_LIMIT],
  high: [RIGHT_WALL, SPEED_LIMIT],
  dtype: 'f32',
});

export const coordinates = (dtype: 'f32' | 'f64'): Coordinates<MountainCarState> => ({
  names: ['position', 'velocity'],
  dtype,
  read: ({ position, velocity }: MountainCarState): Vector => [position, velocity],
  start: (values: Vector): Start<MountainCarState> =>
    observed({ position: values[0] as number, velocity: values[1] as number }),
});
