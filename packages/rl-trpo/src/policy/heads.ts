/** Which distributions a network may have, and for which actions: the one list. */
import { type Either, left, mapLeft } from 'fp-ts/lib/Either.js';
import { issueError, type TrpoError, type TrpoIssue } from '../errors.js';
import type { PolicyDistribution } from '../options.js';
import { bernoulliHead } from './bernoulli.js';
import { categoricalHead } from './categorical.js';
import { diagonalGaussianHead, stateDependentGaussianHead } from './diagonal-gaussian.js';
import { fullGaussianHead, stateDependentFullGaussianHead } from './full-gaussian.js';
import type { ActionSpace, AnyHeadMaker, Head, HeadOptions } from './head.js';
import { multiCategoricalHead } from './multi-categorical.js';
import { squashedGaussianHead } from './squashed-gaussian.js';

/** By the name that the option `distribution` has for it. The first one of a kind is the default for it. */
export const heads: Readonly<Record<Exclude<PolicyDistribution, 'default'>, AnyHeadMaker>> = Object.freeze({
  categorical: categoricalHead,
  multiCategorical: multiCategoricalHead,
  bernoulli: bernoulliHead,
  diagonalGaussian: diagonalGaussianHead,
  stateDependentGaussian: stateDependentGaussianHead,
  fullGaussian: fullGaussianHead,
  stateDependentFullGaussian: stateDependentFullGaussianHead,
  squashedGaussian: squashedGaussianHead,
});

/** The names of the distributions for a kind of actions, the default first. */
export const distributionsFor = (kind: ActionSpace['kind']): readonly string[] =>
  Object.entries(heads).flatMap(([name, maker]) => (maker.kind === kind ? [name] : []));

/**
 * The head for a space of actions that the options ask for.
 *
 * @returns `Left` where the distribution does not fit the actions: another kind, or squashing without bounds
 * @example
 * ```ts
 * const head = policyHead({ kind: 'discrete', n: 3 }, { distribution: 'fullGaussian', initialLogDeviation: 0 });
 * console.log(head._tag === 'Left' && head.left.issues[0].expected); // 'categorical', the distribution for discrete actions
 * ```
 */
export const policyHead = (
  space: ActionSpace,
  options: HeadOptions & { readonly distribution: PolicyDistribution },
): Either<TrpoError, Head> => {
  const fitting = distributionsFor(space.kind);
  const refuse = (issue: TrpoIssue): Either<TrpoError, never> => left(issueError('InvalidConfig', issue));
  const [first] = fitting;
  if (first === undefined)
    return refuse({
      code: 'wrongKind',
      field: 'actionSpace.kind',
      found: `'${(space as { readonly kind: string }).kind.slice(0, 40)}'`,
      expected: `one of ${[...new Set(Object.values(heads).map(({ kind }) => `'${kind}'`))].join(', ')}`,
    });
  const name = options.distribution === 'default' ? first : options.distribution;
  if (!fitting.includes(name))
    return refuse({
      code: 'contradiction',
      field: 'distribution',
      found: `'${name}' for ${space.kind} actions`,
      expected: `${fitting.map((each) => `'${each}'`).join(', ')}, the distribution${fitting.length === 1 ? '' : 's'} for ${space.kind} actions`,
    });
  // Found by its kind, so that the space is of that kind too.
  const maker = heads[name as keyof typeof heads];
  return mapLeft((issue: TrpoIssue) => issueError('InvalidConfig', issue))(maker.make(space as never, options));
};
