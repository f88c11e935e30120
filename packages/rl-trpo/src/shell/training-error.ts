/** How training fails. */
import type { TrpoError } from '../errors.js';

/** Thrown by `train` where a step could not be made; {@link TrainingError.reason} says all that is wrong. */
export class TrainingError extends Error {
  readonly _tag = 'TrainingError' as const;
  readonly reason: TrpoError;

  constructor(reason: TrpoError) {
    super(reason.message);
    this.name = 'TrainingError';
    this.reason = reason;
  }
}
