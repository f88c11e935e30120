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
    const clipped = new Float64Array(told.length);
    for (let at = 0, j = 0; at < told.length; at += 1, j = j + 1 === low.length ? 0 : j + 1)
      clipped[at] = Math.min(high[j] as number, Math.max(low[j] as number, told[at] as number));
    return clipped;
  };
