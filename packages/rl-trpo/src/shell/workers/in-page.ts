/**
 * What stands in for `index.ts` in a browser (`#workers` in the manifest): the same environments, and rollouts without threads, since
 * those of Node are not there. The bits are the same.
 */
import { issueError } from '../../errors.js';
import type { RolloutConfig } from '../rollout.js';
import { inProcess, type Rollouts, type WorkerCount } from '../rollouts.js';
import { TrainingError } from '../training-error.js';
import { checkCount } from './count.js';
import type { WorkerSetup } from './messages.js';

export { environmentsOf } from './environment.js';

/**
 * Rollouts in this thread, which `auto` and 0 are here.
 *
 * @throws `TrainingError` for any other number of workers
 */
export const workerRollouts = (_setup: WorkerSetup, config: RolloutConfig, wanted: WorkerCount): Rollouts => {
  checkCount(wanted);
  if (wanted === 'auto' || wanted === 0) return inProcess(config);
  throw new TrainingError(
    issueError('InvalidConfig', {
      code: 'unsupported',
      field: 'workers',
      found: `${wanted} in a browser, where rollouts have no threads of their own`,
      expected: "0 or 'auto'",
    }),
  );
};
