/** What the environment is told of the actions of a batch. */
import type { Space } from '@natgrad/envs';
import type { Distribution } from '../policy/distribution.js';

/**
 * Packed actions of a batch → packed actions for the environment: through the bijection of the distribution, if it has one, and
 * then, if they are numbers and are to be clipped, within the bounds of their space.
 */
export const environmentActions =
  (distribution: Distribution, space: Space, clip: boolean): ((actions: Float64Array) => Float64Array) =>
  (actions) => {
    const told = distribution.bijection?.forward(actions) ?? actions;
    if (space.kind !== 'box' || !clip) return told;
    const { low, high } = space;
    return told.map((x, i) => Math.min(high[i % low.length] as number, Math.max(low[i % low.length] as number, x)));
  };
