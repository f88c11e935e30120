/** What a preconditioner of conjugate gradient is. */
import type { Engine } from '@natgrad/autodiff';
import type { Tensor } from '@natgrad/tensor';
import type { Either } from 'fp-ts/lib/Either.js';
import type { TrpoError } from '../errors.js';
import type { Operator } from '../fisher.js';
import type { Model, ParameterTree } from '../model.js';

/** Where F is approximated. */
export interface PreconditionerInput {
  readonly theta: ParameterTree;
  /** `[N, width]`: the rows that F is a mean over, in one or more pieces that are looked at one after the other. */
  readonly observations: readonly Tensor[];
  /** What conjugate gradient adds to the diagonal of F. */
  readonly damping: number;
}

/**
 * A symmetric positive definite approximation P of F + damping. Conjugate gradient with it solves the same system, in fewer
 * products the nearer P is to F + damping, and is exact whatever P is.
 */
export interface Preconditioner {
  readonly name: string;
  /**
   * Gives r ↦ P⁻¹r at a point. Programs are compiled at their first use, once for each combination of shapes, and kept by what
   * `prepare` returns.
   *
   * @returns of the function: `Left` where the preconditioner cannot serve this policy, with the reason
   */
  readonly prepare: (model: Model, engine: Engine) => (input: PreconditionerInput) => Either<TrpoError, Operator>;
}
