/** The border between code that may throw (models, tracing) and results that are data. */
import { isNatgradError } from '@natgrad/tensor';
import { type Either, left } from 'fp-ts/lib/Either.js';
import { type TrpoError, thrownError } from './errors.js';

/** Once more where a thread of the engine was lost: what is computed is a function of data, and the engine does without the thread. */
const despiteLostWorkers = <T>(run: () => T): T => {
  try {
    return run();
  } catch (error) {
    if (!isNatgradError(error) || error.code !== 'WorkerLost') throw error;
    return run();
  }
};

/** Runs a step of the computation; whatever it throws becomes a `ModelFailed` error about `field`. */
export const attempt = <T>(field: string, run: () => Either<TrpoError, T>): Either<TrpoError, T> => {
  try {
    return despiteLostWorkers(run);
  } catch (error) {
    return left(thrownError(field, error));
  }
};
