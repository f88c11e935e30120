/** What the environment is told of an action. */
import type { Space } from '@natgrad/envs';

/** Packed continuous actions within the bounds of their space; choices, and actions that are not to be clipped, as they are. */
export const clipActions = (space: Space, clip: boolean, actions: Float64Array): Float64Array => {
  if (space.kind === 'discrete' || !clip) return actions;
  const { low, high } = space;
  return actions.map((x, i) => Math.min(high[i % low.length] as number, Math.max(low[i % low.length] as number, x)));
};
