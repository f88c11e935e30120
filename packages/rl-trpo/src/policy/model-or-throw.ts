/** A model for those who know that it fits. */
import { invalid } from '@natgrad/tensor/internal';
import { type Either, isLeft } from 'fp-ts/lib/Either.js';
import type { TrpoError } from '../errors.js';

/** @throws `InvalidArgument` in the name of `operation`, with field, found and expected of the first issue */
export const modelOrThrow = <M>(operation: string, model: Either<TrpoError, M>): M => {
  if (isLeft(model)) {
    const [{ field, found, expected }] = model.left.issues;
    throw invalid(operation, model.left.message, { argument: field, found, expected });
  }
  return model.right;
};
