/** Checks that a state belongs to a model and is finite; used on the way in and on the way out of a step. */
import { describe, describeStructure, isFloat, isTensor, treeFlatten } from '@natgrad/tensor';
import { elements, isConcrete, sameShape } from '@natgrad/tensor/internal';
import { type Either, left, right } from 'fp-ts/lib/Either.js';
import { type TrpoError, type TrpoErrorCode, type TrpoIssue, trpoError } from './errors.js';
import type { Model } from './model.js';
import type { EpisodeProgress, TrpoState } from './state.js';
import { firstNonFinite } from './vector.js';

type Issues = readonly TrpoIssue[];

const checkTree = (field: string, tree: unknown): Issues => {
  if (tree === undefined) return [{ code: 'missing', field, found: 'nothing', expected: 'a tree of float tensors' }];
  const { leaves } = treeFlatten(tree, field);
  return leaves.flatMap((leaf, k): Issues => {
    const name = leaves.length === 1 ? field : `${field}, leaf ${k}`;
    if (!isConcrete(leaf) || !isFloat(leaf.dtype))
      return [{ code: 'wrongKind', field: name, found: describe(leaf), expected: 'f32 or f64' }];
    const bad = firstNonFinite(elements(leaf));
    return bad < 0
      ? []
      : [
          {
            code: 'nonFinite',
            field: name,
            found: `${elements(leaf)[bad]} in ${describe(leaf)}`,
            expected: 'finite numbers',
            index: bad,
          },
        ];
  });
};

/** A tree that must look like another one, such as the moments of an optimiser. */
export const checkLike = (field: string, tree: unknown, like: unknown): Issues => {
  const issues = checkTree(field, tree);
  // What it should look like may be wrong itself, which is an issue of its own.
  if (issues.length > 0 || checkTree(field, like).length > 0) return issues;
  const [found, expected] = [treeFlatten(tree), treeFlatten(like)];
  const text = (flat: typeof found): string =>
    `${describeStructure(flat.structure)} of ${flat.leaves.map(describe).join(', ')}`;
  const same =
    describeStructure(found.structure) === describeStructure(expected.structure) &&
    found.leaves.every((leaf, k) => sameShape(leaf.shape, expected.leaves[k]?.shape ?? []));
  return same ? [] : [{ code: 'wrongShape', field, found: text(found), expected: text(expected) }];
};

const checkNumber = (field: string, value: unknown, valid: (x: number) => boolean, expected: string): Issues =>
  typeof value === 'number' && Number.isFinite(value) && valid(value)
    ? []
    : [{ code: typeof value === 'number' ? 'outOfRange' : 'wrongKind', field, found: String(value), expected }];

const isCount = (x: number): boolean => Number.isSafeInteger(x) && x >= 0;
const COUNT = 'a whole number ≥ 0';

const checkStatistics = (field: string, value: TrpoState['observationStatistics'], width: number): Issues => [
  ...checkNumber(`${field}.count`, value.count, isCount, COUNT),
  ...(['mean', 'squares'] as const).flatMap((part): Issues => {
    const tensor: unknown = value[part];
    if (!isTensor(tensor) || !sameShape(tensor.shape, [width]))
      return [
        {
          code: 'wrongShape',
          field: `${field}.${part}`,
          found: isTensor(tensor) ? describe(tensor) : typeof tensor,
          expected: `f64[${width}]`,
        },
      ];
    return checkTree(`${field}.${part}`, tensor);
  }),
];

const checkProgress = (progress: readonly EpisodeProgress[]): Issues => {
  const bad = progress.findIndex(
    (each) => ![each.return, each.length, each.discountedReturn, each.cost].every(Number.isFinite),
  );
  return bad < 0
    ? []
    : [
        {
          code: 'nonFinite',
          field: 'progress',
          found: 'a return, length or cost that is not finite',
          expected: 'finite numbers',
          index: bad,
        },
      ];
};

/** All that is wrong with a state. Throws only for what is not a tree at all, which the step turns into an error. */
const stateIssues = (model: Model, state: TrpoState): Issues => [
  ...checkTree('policy', state.policy),
  ...checkTree('value', state.value),
  ...checkLike('valueOptimiser.first', state.valueOptimiser.first, state.value),
  ...checkLike('valueOptimiser.second', state.valueOptimiser.second, state.value),
  ...checkNumber('valueOptimiser.count', state.valueOptimiser.count, isCount, COUNT),
  ...checkStatistics('observationStatistics', state.observationStatistics, model.observationWidth),
  ...checkStatistics('returnStatistics', state.returnStatistics, 1),
  ...checkStatistics('valueStatistics', state.valueStatistics, 1),
  ...checkNumber('delta', state.delta, (x) => x > 0, 'a number > 0'),
  ...(state.previousSolution === null ? [] : checkLike('previousSolution', state.previousSolution, state.policy)),
  ...(state.memory === null ? [] : checkTree('memory', state.memory)),
  ...checkNumber('iteration', state.iteration, isCount, COUNT),
  ...checkNumber('steps', state.steps, isCount, COUNT),
  ...checkNumber('episodes', state.episodes, isCount, COUNT),
  ...checkProgress(state.progress),
];

/**
 * Checks that a state belongs to a model: trees of the right form, everything finite, counts that are counts.
 *
 * @returns `Left` with all issues, each with its field, what was found and expected
 */
export const validateState = (
  model: Model,
  state: TrpoState,
  code: TrpoErrorCode = 'InvalidState',
): Either<TrpoError, TrpoState> => {
  const [first, ...rest] = stateIssues(model, state).map((issue) => ({ ...issue, field: `state.${issue.field}` }));
  return first === undefined ? right(state) : left(trpoError(code, [first, ...rest]));
};
