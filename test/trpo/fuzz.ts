/** Bad and extreme numbers for fuzz tests, and what a step may make of them. */
import type { Batch, Step, TrpoState } from '@natgrad/rl-trpo';
import { fromTypedArray, isTensor, type Tensor, toTypedArray, treeLeaves } from '@natgrad/tensor';
import fc from 'fast-check';

export const weird: fc.Arbitrary<number> = fc.oneof(
  fc.double(),
  fc.constantFrom(NaN, Infinity, -Infinity, 0, -0, 1e300, -1e300, 1e-300, 1e20, 5e-324),
);

export const large: fc.Arbitrary<number> = fc.constantFrom(0, 1, 1e10, -1e10, 1e100, 1e154, 1e160, -1e300, 1e-300);

/** The same tensor with some elements replaced by anything. */
export const spoilt = (x: Tensor, values: readonly number[], places: readonly number[]): Tensor => {
  const data = toTypedArray(x);
  places.forEach((place, k) => {
    if (data.length > 0)
      data[place % data.length] = x.dtype === 'bool' ? (place >> 8) % 2 : (values[k % values.length] as number);
  });
  return fromTypedArray(data, x.shape);
};

/** The same for all tensors of a tree. */
export const spoiltTree = (tree: unknown, values: readonly number[], places: readonly number[]): unknown => {
  if (tree === null) return null;
  if (isTensor(tree)) return spoilt(tree, values, places);
  return Array.isArray(tree)
    ? tree.map((each) => spoiltTree(each, values, places))
    : Object.fromEntries(
        Object.entries(tree as object).map(([name, each]) => [name, spoiltTree(each, values, places)]),
      );
};

export const fields = [
  'observations',
  'actions',
  'logProbabilities',
  'oldParameters',
  'rewards',
  'terminated',
  'truncated',
  'finalObservations',
] as const;

export type Field = (typeof fields)[number] | 'costs';

export const replace = (batch: Batch, field: Field, change: (x: Tensor) => unknown): Batch =>
  (field === 'oldParameters'
    ? {
        ...batch,
        oldParameters: Object.fromEntries(Object.entries(batch.oldParameters).map(([name, x]) => [name, change(x)])),
      }
    : { ...batch, [field]: change(batch[field] as Tensor) }) as Batch;

const finite = (value: unknown): boolean => {
  if (typeof value === 'number') return Number.isFinite(value);
  if (isTensor(value)) return toTypedArray(value).every((x: number) => Number.isFinite(x));
  return typeof value !== 'object' || value === null || Object.values(value).every(finite);
};

/** A typed error with content, or a finite state: the old policy to the bit where no step was taken, KL ≤ δ where one was searched for. */
export const checkStep = (step: Step, state: TrpoState, batch: Batch): void => {
  const result = step(state, batch);
  if (result._tag === 'Left') {
    if (result.left.issues.length === 0 || result.left.message === '') throw new Error('an error without content');
    return;
  }
  const { state: next, report } = result.right;
  if (!finite(next)) throw new Error('the state is not finite');
  const stayed = report.lineSearch?.status === 'rejected' || report.warnings.includes('policyStepUndone');
  if (stayed && treeLeaves(next.policy).some((leaf, k) => leaf !== treeLeaves(state.policy)[k]))
    throw new Error('no step was taken, but the policy is another');
  if (report.lineSearch?.status === 'accepted' && !(report.kl <= state.delta))
    throw new Error(`accepted with KL ${report.kl}`);
};
