import {
  chainRule,
  checkpointIsPlain,
  constantsHaveNoDerivative,
  hessiansAgree,
  jacobiansAgree,
  perturbationsDoNotMix,
  vmapOfGradOfJit,
} from '../checks/composition.js';
import { derivativeLaws, type LawOptions, programLaws } from '../function-laws.js';
import { type Law, lawOf } from '../law.js';
import type { Subject } from '../subject.js';
import { arbitraryProgram } from './arbitrary.js';
import type { ProgramOptions } from './scope.js';

/**
 * The laws of differentiation for random programs: those of `differentiableLaws`, the chain rule, Hessians computed in
 * four ways, Jacobians in both modes, checkpointed = plain, vmap of grad of jit, perturbations that do not mix, constants
 * without derivative. They are about the transforms themselves, so there is nothing to pass: run them with an engine or a
 * transform of your own in place, or to look for bugs with many cases.
 *
 * @example
 * ```ts
 * import { checkLaw, randomProgramLaws } from '@natgrad/autodiff/laws';
 *
 * for (const law of randomProgramLaws()) checkLaw(law, { numRuns: 1 });
 * ```
 */
export const randomProgramLaws = (options: ProgramOptions & Pick<LawOptions, 'order'> = {}): readonly Law[] => {
  const reverse = options.while !== true;
  const cases = arbitraryProgram(options);
  const law = (name: string, holds: (sample: Subject) => void): Law => lawOf(`programs: ${name}`, cases, holds);
  return [
    ...programLaws(law, { reverse, differentiable: true }),
    ...derivativeLaws(law, { ...options, reverse, declared: false }),
    ...(reverse
      ? [
          law('chain rule', chainRule),
          law('jacfwd is jacrev', jacobiansAgree),
          law('four Hessian-vector products are one', hessiansAgree),
          law('checkpointed is plain', checkpointIsPlain),
          law('vmap of grad of jit is a loop of grad', vmapOfGradOfJit),
          law('nested perturbations do not mix', perturbationsDoNotMix),
          law('a constant has no derivative', constantsHaveNoDerivative),
        ]
      : []),
  ];
};
