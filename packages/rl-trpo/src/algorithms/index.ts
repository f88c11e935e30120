/**
 * The algorithms by name. All see the same batches and share advantages, normalisation, networks and critic; what differs is in
 * their files. To add one: write its file beside these, and list it here. A test fails for a file that is not listed, and the laws
 * of algorithms run over all that are.
 */
import { nearestNames } from '@natgrad/tensor/internal';
import { type Either, left, right } from 'fp-ts/lib/Either.js';
import { issueError, type TrpoError } from '../errors.js';
import type { Algorithm } from '../frame.js';
import { trpoStep } from '../step.js';
import { cpoStep } from './cpo.js';
import { klPenalisedStep } from './kl-penalised.js';
import { naturalPolicyGradientStep } from './natural-policy-gradient.js';
import { ppoStep } from './ppo.js';
import { vanillaPolicyGradientStep } from './vanilla-policy-gradient.js';

/** Name of an algorithm, as on the command line. */
export type AlgorithmName =
  | 'trpo'
  | 'natural-policy-gradient'
  | 'vanilla-policy-gradient'
  | 'ppo'
  | 'kl-penalised'
  | 'cpo';

/** Algorithms by name. */
export const algorithms: Readonly<Record<AlgorithmName, Algorithm>> = Object.freeze({
  trpo: trpoStep,
  'natural-policy-gradient': naturalPolicyGradientStep,
  'vanilla-policy-gradient': vanillaPolicyGradientStep,
  ppo: ppoStep,
  'kl-penalised': klPenalisedStep,
  cpo: cpoStep,
});

/** Their names, in the order of lists. */
export const algorithmNames: readonly AlgorithmName[] = Object.freeze(Object.keys(algorithms) as AlgorithmName[]);

/** What to call them in sentences. */
export const algorithmTitles: Readonly<Record<AlgorithmName, string>> = Object.freeze({
  trpo: 'TRPO',
  'natural-policy-gradient': 'natural policy gradient',
  'vanilla-policy-gradient': 'vanilla policy gradient',
  ppo: 'PPO',
  'kl-penalised': 'KL-penalised TRPO',
  cpo: 'CPO',
});

/** Algorithms that learn only where costs are reported. */
export const needsCosts = (name: AlgorithmName): boolean => name === 'cpo';

const isName = (name: unknown): name is AlgorithmName => typeof name === 'string' && Object.hasOwn(algorithms, name);

/**
 * Checks a name that comes from outside.
 *
 * @returns `Left` for any other, with the nearest name
 * @example
 * ```ts
 * const found = decodeAlgorithm('pppo');
 * console.log(found._tag === 'Left' && found.left.issues[0].suggestion); // 'ppo'
 * ```
 */
export const decodeAlgorithm = (name: unknown): Either<TrpoError, AlgorithmName> => {
  if (isName(name)) return right(name);
  const text = String(name).slice(0, 60);
  const [near] = nearestNames(text, algorithmNames, 1);
  return left(
    issueError('InvalidConfig', {
      code: 'outOfRange',
      field: 'algorithm',
      found: `'${text}'`,
      expected: `one of ${algorithmNames.join(', ')}`,
      ...(near === undefined ? {} : { suggestion: `'${near}'` }),
    }),
  );
};
