/** What the two mountain-car tasks share: the valley, the walls and the start. */
import type { Key } from '@natgrad/tensor';
import { uniformBetween } from '../draw.js';
import type { Coordinates, Start } from '../env.js';
import { arrow, type Point, type Scene } from '../scene.js';
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

/** Height of the land: the valley, a cliff behind the wall, a plateau behind the goal. */
const heightAt = (x: number): number => (x < LEFT_WALL - 0.1 ? 0.62 : Math.sin(3 * Math.min(x, Math.PI / 6)) / 3);

const LAND: readonly Point[] = [
  [-4, 0, -3],
  [-4, 0, heightAt(-4)],
  [LEFT_WALL - 0.15, 0, heightAt(-4)],
  ...Array.from({ length: 61 }, (_, i): Point => {
    const x = LEFT_WALL - 0.09 + (i / 60) * (Math.PI / 6 - LEFT_WALL + 0.09);
    return [x, 0, heightAt(x)];
  }),
  [4, 0, heightAt(4)],
  [4, 0, -3],
];

/**
 * The car in its valley, from the side.
 *
 * @param goal position of the flag
 * @param push from −1 to 1: an arrow along the slope
 */
export const sceneOn = ({ position: x }: MountainCarState, goal: number, push: number): Scene => {
  const slope = Math.atan(x > Math.PI / 6 ? 0 : Math.cos(3 * x));
  const [cosine, sine] = [Math.cos(slope), Math.sin(slope)];
  /** From the point of the road below the car: along it, and away from it. */
  const at = (along: number, off: number): Point => [
    x + along * cosine - off * sine,
    0,
    heightAt(x) + along * sine + off * cosine,
  ];
  const foot = heightAt(goal);
  const front = 0.12 * Math.sign(push);
  return {
    shapes: [
      { kind: 'polygon', points: LAND, tint: 'terrain' },
      {
        kind: 'path',
        points: [
          [goal, 0, foot],
          [goal, 0, foot + 0.26],
        ],
        width: 0.012,
        tint: 'metal',
      },
      {
        kind: 'polygon',
        points: [
          [goal, 0, foot + 0.26],
          [goal + 0.13, 0, foot + 0.215],
          [goal, 0, foot + 0.17],
        ],
        tint: 'goal',
      },
      {
        kind: 'polygon',
        points: [at(-0.045, 0.075), at(0.04, 0.075), at(0.022, 0.115), at(-0.035, 0.115)],
        rim: 0.01,
        tint: 'paper',
      },
      {
        kind: 'polygon',
        points: [at(-0.075, 0.04), at(0.08, 0.04), at(0.078, 0.065), at(-0.073, 0.075)],
        rim: 0.012,
        tint: 'body',
      },
      ...[-0.048, 0.05].map(
        (along) => ({ kind: 'disc', at: at(along, 0.028), radius: 0.028, tint: 'rubber' }) as const,
      ),
      ...[-0.048, 0.05].map((along) => ({ kind: 'disc', at: at(along, 0.028), radius: 0.012, tint: 'paper' }) as const),
      ...arrow(at(front, 0.06), at(front + 0.16 * push, 0.06), 0.018),
    ],
    ground: null,
    camera: { view: 'side', target: [-0.33, 0, 0.1], span: [2.16, 1.2] },
    stepSeconds: 1 / 30,
  };
};
