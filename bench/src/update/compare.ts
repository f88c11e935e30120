/** Whether two candidates computed the same update: asked before any time is printed. */
import { type FloatDType, type Tensor, toTypedArray, treeLeaves } from '@natgrad/tensor';
import { type Candidate, describeCandidate, type Evidence } from './candidate.js';
import { DELTA } from './model.js';
import type { Problem } from './problem.js';

/**
 * Most relative difference in the 2-norm over all leaves. Sums over the batch in other orders differ by a few units in the
 * last place, and ten steps of conjugate gradient amplify that by the condition of the damped Fisher matrix: between the
 * interpreter and PyTorch it is about 1e-7 of the weights in f32, 1e-16 in f64. Weights hide errors of the step behind what
 * did not change, so the change is compared too (there 3e-6 and 4e-15); Adam divides by the root of a square, so a gradient
 * near zero that rounds to the other sign moves its weight the other way: hence the room. The divergence is a difference of
 * nearly equal numbers of the size of 1, so it is compared on the scale of the trust region.
 */
const TOLERANCES: Readonly<Record<FloatDType, Readonly<Record<'weights' | 'change' | 'kl' | 'vector', number>>>> = {
  f32: { weights: 1e-4, change: 1e-2, kl: 1e-3, vector: 1e-4 },
  f64: { weights: 1e-9, change: 1e-8, kl: 1e-8, vector: 1e-9 },
};

const norm = (leaves: readonly ArrayLike<number>[]): number => {
  let total = 0;
  for (const leaf of leaves) for (let i = 0; i < leaf.length; i += 1) total += (leaf[i] as number) ** 2;
  return Math.sqrt(total);
};

const elements = (tree: unknown): readonly Float64Array[] =>
  treeLeaves(tree).map((leaf: Tensor) => Float64Array.from(toTypedArray(leaf)));

const minus = (a: readonly Float64Array[], b: readonly Float64Array[]): readonly Float64Array[] =>
  a.map((leaf, k) => {
    const other = b[k] as Float64Array;
    return leaf.length === other.length ? leaf.map((x, i) => x - (other[i] as number)) : leaf.fill(Number.NaN);
  });

/** ‖a − b‖ / ‖b‖; not below any tolerance when a number is not finite or shapes differ. */
const distance = (a: readonly Float64Array[], b: readonly Float64Array[]): number => norm(minus(a, b)) / norm(b);

const differs = (what: string, found: number, tolerance: number): readonly string[] =>
  found <= tolerance ? [] : [`${what}: relative difference ${found.toExponential(2)}, at most ${tolerance} allowed`];

/** What differs between what two candidates showed, in words; nothing when they agree. */
const differences = (
  reference: Evidence,
  other: Evidence,
  { policy, critic }: Problem,
  dtype: FloatDType,
): readonly string[] => {
  const limits = TOLERANCES[dtype];
  const vectors = (['gradient', 'product'] as const).flatMap((name) =>
    reference[name] === null || other[name] === null
      ? []
      : differs(
          name === 'gradient' ? 'surrogate gradient' : 'Fisher-vector product',
          distance(elements(other[name]), elements(reference[name])),
          limits.vector,
        ),
  );
  if (reference.update === null || other.update === null) return vectors;
  const [a, b] = [other.update, reference.update];
  const networks = (['policy', 'critic'] as const).flatMap((name) => {
    const [found, expected] = [elements(a[name]), elements(b[name])];
    const old = elements(name === 'policy' ? policy : critic);
    return [
      ...differs(`new ${name} weights`, distance(found, expected), limits.weights),
      ...differs(`change of the ${name} weights`, distance(minus(found, old), minus(expected, old)), limits.change),
    ];
  });
  return [
    ...vectors,
    ...networks,
    ...differs('KL divergence', Math.abs(a.kl - b.kl) / DELTA, limits.kl),
    ...(a.tries === b.tries ? [] : [`tries of the line search: ${a.tries}, expected ${b.tries}`]),
  ];
};

/** Candidates that did not compute the same thing: no times are to be printed. */
export class Disagreement extends Error {}

/**
 * Lets every candidate of one dtype show its results and compares them with those of the first, which must have a whole
 * update.
 *
 * @throws `Disagreement` naming everything that differs.
 */
export const checkAgreement = async (
  candidates: readonly Candidate[],
  problem: Problem,
): Promise<readonly Evidence[]> => {
  const shown: Evidence[] = [];
  for (const candidate of candidates) shown.push(await candidate.show());
  const [first, reference] = [candidates[0], shown[0]];
  if (first === undefined || reference === undefined) return [];
  const found = candidates.flatMap((candidate, k) =>
    differences(reference, shown[k] as Evidence, problem, first.dtype).map(
      (what) => `${describeCandidate(candidate)} against ${describeCandidate(first)}: ${what}`,
    ),
  );
  if (found.length > 0)
    throw new Disagreement(
      `the candidates did not compute the same update, so no times are given:\n${found.join('\n')}`,
    );
  return shown;
};
