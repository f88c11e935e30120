/** How episodes begin: the modelled pose with noise on it. */
import { type Key, normalAt, split } from '@natgrad/tensor';
import { uniformBetween } from '../draw.js';
import type { Simulation } from './_engine.js';
import type { Beginning } from './_task.js';

const uniform = (key: Key, around: ArrayLike<number>, scale: number): Float64Array =>
  Float64Array.from(around, (x, i) => x + uniformBetween(key, i, -scale, scale));

/** Pose and motion both uniform within ± scale. */
export const uniformNoise = (key: Key, { initialPosition, model }: Simulation, scale: number): Beginning => {
  const [pose, motion] = split(key);
  return { qpos: uniform(pose, initialPosition, scale), qvel: uniform(motion, new Float64Array(model.nv), scale) };
};

/** Pose uniform within ± scale, motion normal with that deviation. */
export const normalNoise = (key: Key, { initialPosition, model }: Simulation, scale: number): Beginning => {
  const [pose, motion] = split(key);
  return {
    qpos: uniform(pose, initialPosition, scale),
    qvel: Float64Array.from({ length: model.nv }, (_, i) => scale * normalAt(motion, i)),
  };
};
