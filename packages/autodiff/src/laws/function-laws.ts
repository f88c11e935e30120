/** The laws of a function of tensors, whatever it is made of. */
import { isTensor, type Tensor } from '@natgrad/tensor';
import { flattenWith } from '@natgrad/tensor/internal';
import type fc from 'fast-check';
import type { Domain } from '../ir/domain.js';
import { vmapIsALoop, vmapOfGrad, vmapOfJvp, vmapTwice } from './checks/batching.js';
import { jvpIsLinear, jvpIsTheDerivative, linearizeIsJvp, vjpIsAdjoint, vjpIsLinear } from './checks/first-order.js';
import {
  hvpIsSymmetric,
  secondDerivativeForward,
  secondDerivativeReverse,
  thirdDerivativeForward,
  thirdDerivativeReverse,
} from './checks/higher-order.js';
import { graphsAreValid, jitIsEager, jitOfDerivatives, tracingIsPure } from './checks/tracing.js';
import { type Law, lawOf } from './law.js';
import { casesOf, type Subject } from './subject.js';

export interface LawOptions {
  /** `false` for what has forward mode only, such as `whileLoop`; its laws of reverse mode are left out. */
  readonly reverse?: boolean;
  /** Highest order of derivatives to check; 3 unless told. */
  readonly order?: 1 | 2 | 3;
}

/** Makes a law of a check of subjects. */
type MakeLaw = (name: string, holds: (sample: Subject) => void) => Law;

/** What holds of every function: batching, tracing, compiling. */
export const programLaws = (
  law: MakeLaw,
  { reverse = true, differentiable }: LawOptions & { readonly differentiable: boolean },
): readonly Law[] => [
  law('vmap is a loop for every choice of batched arguments', vmapIsALoop),
  law('vmap of vmap is a loop in a loop', vmapTwice),
  law('jit is eager to the bit', jitIsEager),
  law('tracing twice gives the same program', tracingIsPure),
  law('graphs of it and of its transforms are valid', (sample) => graphsAreValid(sample, differentiable, reverse)),
];

/** What holds of derivatives. `declared` ones need not be those of the values. */
export const derivativeLaws = (
  law: MakeLaw,
  { reverse = true, order = 3, declared }: LawOptions & { readonly declared: boolean },
): readonly Law[] => [
  law('jvp is linear in the tangent', jvpIsLinear),
  law('linearize is jvp', (sample) => linearizeIsJvp(sample, reverse)),
  law('vmap of jvp is a loop of jvp', vmapOfJvp),
  law('derivatives of jit and jit of derivatives', (sample) => jitOfDerivatives(sample, reverse)),
  ...(declared ? [] : [law('jvp agrees with differences', jvpIsTheDerivative)]),
  ...(order >= 2 && !declared
    ? [law('the second derivative forward agrees with differences and is symmetric', secondDerivativeForward)]
    : []),
  ...(order >= 3 && !declared
    ? [law('the third derivative forward agrees with differences', thirdDerivativeForward)]
    : []),
  ...(!reverse
    ? []
    : [
        law('vjp is linear in the cotangent', vjpIsLinear),
        law('vjp is the adjoint of jvp for every choice of active arguments', vjpIsAdjoint),
        law('vmap of grad is a loop of grad', vmapOfGrad),
        ...(order >= 2 && !declared
          ? [law('the gradient of ⟨gradient, v⟩ agrees with differences', secondDerivativeReverse)]
          : []),
        ...(order >= 2 && !declared ? [law('Hessian-vector products are symmetric', hvpIsSymmetric)] : []),
        ...(order >= 3 && !declared
          ? [law('the third derivative reverse is the third derivative forward', thirdDerivativeReverse)]
          : []),
      ]),
];

/**
 * The laws of a differentiable function of tensors: jvp linear and equal to extrapolated differences; vjp its adjoint and
 * linear; linearize = jvp; second and third derivatives in both modes; symmetric Hessian; vmap = loop, of derivatives too;
 * jit = eager; valid graphs.
 *
 * @param f - Takes the tensors that `domain` describes; gives a tree of tensors.
 * @param domain - Random arguments. Keep them away from kinks and poles.
 * @example
 * ```ts
 * import { differentiableLaws } from '@natgrad/autodiff/laws';
 * import fc from 'fast-check';
 *
 * const softplus = (x: Tensor) => log1p(exp(x));
 * const laws = differentiableLaws('softplus', softplus, (draw) => ({ args: [real(draw.shape())], params: null }));
 * for (const law of laws) fc.assert(law.property, { numRuns: 5 });
 * ```
 */
export const differentiableLaws = (
  name: string,
  f: (...args: readonly Tensor[]) => unknown,
  domain: Domain<unknown>,
  options: LawOptions = {},
): readonly Law[] => {
  const flat = (...args: readonly Tensor[]): readonly Tensor[] => flattenWith(f(...args), isTensor, name).leaves;
  const cases: fc.Arbitrary<Subject> = casesOf(
    domain,
    () => flat,
    () => name,
  );
  const law: MakeLaw = (what, holds) => lawOf(`${name}: ${what}`, cases, holds);
  return [
    ...programLaws(law, { ...options, differentiable: true }),
    ...derivativeLaws(law, { ...options, declared: false }),
  ];
};
