/** The number of workers, checked: it comes from outside. */
import { issueError } from '../../errors.js';
import type { WorkerCount } from '../rollouts.js';
import { TrainingError } from '../training-error.js';

/** @throws `TrainingError` for anything but `auto` and whole numbers ≥ 0 */
export const checkCount = (workers: WorkerCount): void => {
  if (workers === 'auto' || (Number.isSafeInteger(workers) && workers >= 0)) return;
  throw new TrainingError(
    issueError('InvalidConfig', {
      code: typeof workers === 'number' ? 'outOfRange' : 'wrongKind',
      field: 'workers',
      found: String(workers),
      expected: "a whole number ≥ 0, or 'auto'",
    }),
  );
};
