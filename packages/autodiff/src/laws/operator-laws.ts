/** The laws of a linear operator. */
import { isTensor, type Tensor, treeUnflatten } from '@natgrad/tensor';
import { flattenWith } from '@natgrad/tensor/internal';
import fc from 'fast-check';
import type { LinearOperator } from '../api/forward.js';
import { type Law, lawOf, require } from './law.js';
import {
  combine,
  directions,
  inner,
  norm,
  ROUNDING,
  requireClose,
  requireSame,
  requireSameInner,
  snapshot,
  type Tensors,
} from './numeric.js';

export interface OperatorLawOptions {
  /** Adds ⟨u, A·v⟩ = ⟨A·u, v⟩, for operators from a space to itself. */
  readonly symmetric?: boolean;
  /** Adds ⟨v, A·v⟩ ≥ 0. */
  readonly positiveSemidefinite?: boolean;
  /** Relative to the numbers compared; 1e−9, for f64, unless told. */
  readonly tolerance?: number;
}

/** What the laws need of an operator; `transpose` may be missing where there is none. */
export type Operator<In, Out> = Pick<LinearOperator<In, Out>, 'apply'> &
  Partial<Pick<LinearOperator<In, Out>, 'transpose'>>;

/**
 * The laws of a linear operator: A(a·v + b·w) = a·Av + b·Aw; the same bits for the same input, which is left alone; the
 * transpose is linear and ⟨Av, u⟩ = ⟨v, Aᵀu⟩; symmetry and positive semidefiniteness where claimed.
 *
 * @param examples - An input and an output: only their structures, dtypes and shapes matter.
 * @example
 * ```ts
 * import { checkLaw, linearOperatorLaws } from '@natgrad/autodiff/laws';
 *
 * const at = tensor([1, 2]);
 * const operator = linearize((x: Tensor) => square(x), at);
 * for (const law of linearOperatorLaws('square at [1, 2]', operator, { input: at, output: at })) checkLaw(law, { numRuns: 5 });
 * ```
 */
export const linearOperatorLaws = <In, Out>(
  name: string,
  operator: Operator<In, Out>,
  examples: { readonly input: In; readonly output: Out },
  { symmetric = false, positiveSemidefinite = false, tolerance = ROUNDING }: OperatorLawOptions = {},
): readonly Law[] => {
  const input = flattenWith(examples.input, isTensor, name);
  const output = flattenWith(examples.output, isTensor, name);
  const leaves = (tree: unknown): Tensors => flattenWith(tree, isTensor, name).leaves;
  const apply = (v: Tensors): Tensors => leaves(operator.apply(treeUnflatten(input.structure, v) as In));
  const { transpose } = operator;
  const back = (pull: NonNullable<typeof transpose>, u: Tensors): Tensors =>
    leaves(pull(treeUnflatten(output.structure, u) as Out));
  const random = (seed: number, what: string, like: readonly Tensor[]): Tensors => directions(seed, what, like);
  const law = (what: string, holds: (seed: number) => void): Law => lawOf(`${name}: ${what}`, fc.nat(0xffff), holds);

  const requireLinear =
    (what: string, f: (v: Tensors) => Tensors, like: readonly Tensor[]) =>
    (seed: number): void => {
      const [v, w] = [random(seed, 'v', like), random(seed, 'w', like)];
      requireClose(`${what} of 1.7·v − 0.6·w`, f(combine(1.7, v, -0.6, w)), combine(1.7, f(v), -0.6, f(w)), tolerance);
      requireClose(`${what} of 0`, f(combine(0, v, 0, w)), combine(0, f(v), 0, f(w)), tolerance);
    };

  return [
    law('apply is linear', requireLinear('apply', apply, input.leaves)),
    law('apply changes nothing and repeats itself', (seed) => {
      const v = random(seed, 'v', input.leaves);
      const before = snapshot(v);
      const first = snapshot(apply(v));
      requireSame('the second result', apply(v), first);
      requireSame('the input', v, before);
    }),
    ...(transpose === undefined
      ? []
      : [
          law(
            'transpose is linear',
            requireLinear('transpose', (u) => back(transpose, u), output.leaves),
          ),
          law('transpose is the adjoint of apply', (seed) => {
            const [v, u] = [random(seed, 'v', input.leaves), random(seed, 'u', output.leaves)];
            requireSameInner('⟨Av, u⟩ and ⟨v, Aᵀu⟩', [apply(v), u], [v, back(transpose, u)], tolerance);
          }),
        ]),
    ...(symmetric
      ? [
          law('apply is symmetric', (seed) => {
            const [u, v] = [random(seed, 'u', input.leaves), random(seed, 'v', input.leaves)];
            requireSameInner('⟨u, Av⟩ and ⟨Au, v⟩', [u, apply(v)], [apply(u), v], tolerance);
          }),
        ]
      : []),
    ...(positiveSemidefinite
      ? [
          law('⟨v, A·v⟩ is not negative', (seed) => {
            const v = random(seed, 'v', input.leaves);
            const image = apply(v);
            const value = inner(v, image);
            require(value >= -tolerance * norm(v) * norm(image), () => `⟨v, A·v⟩ is ${value}`);
          }),
        ]
      : []),
  ];
};
