/** Who makes the rollouts of training: this process, or workers beside it. The bits are the same. */
import type { ActingState, TrpoState } from '../state.js';
import { type Rollout, type RolloutConfig, rollout } from './rollout.js';
import type { Environments } from './share.js';

/** How many workers make the rollouts. */
export type WorkerCount =
  /** That many, but never more than there are environments, or 256; 0: this process alone. */
  | number
  /** As many as there are cores, if rollouts take long enough to be worth it: measured in the first iterations. Else none. */
  | 'auto';

export interface Rollouts {
  /**
   * Says that this rollout will be wanted next: whoever has threads for it begins, while this process goes on with what it does.
   * Whether somebody has begun changes no bit.
   */
  readonly begin: (state: ActingState, from: Environments) => void;
  /** The next rollout, and how many workers shared it; 0 where it was made in this process. */
  readonly take: (
    state: TrpoState,
    from: Environments,
  ) => Promise<{ readonly rollout: Rollout; readonly workers: number }>;
  /** Ends whatever was started for it. */
  readonly close: () => Promise<void>;
}

/** All in this process, with the environments as they are: closures cannot travel. */
export const inProcess = (config: RolloutConfig): Rollouts => ({
  begin: () => undefined,
  take: (state, from) => Promise.resolve({ rollout: rollout(config, state, from), workers: 0 }),
  close: () => Promise.resolve(),
});
