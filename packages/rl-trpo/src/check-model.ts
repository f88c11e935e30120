/** Checks that a model's functions keep their promises on a batch. */
import { describe } from '@natgrad/tensor';
import { isConcrete, sameShape } from '@natgrad/tensor/internal';
import { type Either, left, right } from 'fp-ts/lib/Either.js';
import { issueError, type TrpoError } from './errors.js';
import type { Distribution, DistributionParameters } from './policy/distribution.js';

/** The policy's output must be the distribution's parameters, one row for each observation. */
export const checkParameters = (
  distribution: Distribution,
  found: DistributionParameters,
  rows: number,
): Either<TrpoError, DistributionParameters> => {
  const fits = (name: string, shape: readonly number[]): boolean =>
    isConcrete(found[name]) && sameShape(found[name].shape, [rows, ...shape]);
  const wrong = Object.entries(distribution.parameterShapes).find(([name, shape]) => !fits(name, shape));
  if (wrong === undefined) return right(found);
  const [name, shape] = wrong;
  const tensor: unknown = found[name];
  return left(
    issueError('ModelFailed', {
      code: 'wrongShape',
      field: `model.policy, ${name}`,
      found: isConcrete(tensor) ? describe(tensor) : 'nothing',
      expected: `[${[rows, ...shape].join(',')}], one row for each observation`,
    }),
  );
};

/** L(θ_old) is the mean advantage plus the bonus, unless the batch was drawn from quite another policy. */
export const checkSurrogate = (value: number): Either<TrpoError, number> =>
  Number.isFinite(value)
    ? right(value)
    : left(
        issueError('Overflow', {
          code: 'nonFinite',
          field: 'surrogate',
          found: `${value} at the parameters in the state`,
          expected: 'a finite number: log-probabilities and old parameters from the policy in the state',
        }),
      );
