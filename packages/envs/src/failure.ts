/** Steps that could not be made, as transitions. */
import type { Start, Transition } from './env.js';

/** The end of an episode by a step that could not be made; `before` is where it was, as it was shown. */
export const failedStep = <State>(
  { state, observation }: Start<State>,
  found: string,
  expected: string,
): Transition<State> => ({
  state,
  // Fresh, as all observations are.
  observation: Float64Array.from(observation),
  reward: 0,
  terminated: true,
  truncated: false,
  failure: { code: 'Runaway', found, expected },
});

/** What of a transition is no finite number; null where all is. */
export const unfinite = ({ reward, observation }: Transition<unknown>): string | null => {
  if (!Number.isFinite(reward)) return `the reward is ${reward}`;
  for (let i = 0; i < observation.length; i += 1)
    if (!Number.isFinite(observation[i])) return `observation[${i}] is ${observation[i]}`;
  return null;
};

/** What {@link unfinite} asks for. */
export const FINITE = 'finite rewards and observations';
