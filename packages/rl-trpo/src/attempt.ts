/** The border between code that may throw (models, tracing) and results that are data. */
import { type Either, left } from 'fp-ts/lib/Either.js';
import { type TrpoError, thrownError } from './errors.js';

/** Runs a step of the computation; whatever it throws becomes a `ModelFailed` error about `field`. */
export const attempt = <T>(field: string, run: () => Either<TrpoError, T>): Either<TrpoError, T> => {
  try {
    return run();
  } catch (error) {
    return left(thrownError(field, error));
  }
};
