/** The record that a primitive is: everything the system knows about an operation, in one place. */
import { NatgradError, type Tensor } from '@natgrad/tensor';
import type { Engine } from '../backends/engine.js';
import type { Aval, MaybeZero, Value } from './aval.js';
import type { Domain } from './domain.js';
import type { Lowering } from './lowering.js';

const primitiveBrand: unique symbol = Symbol.for('@natgrad/autodiff/primitive') as never;

/** Stands in a transpose rule for an argument in which the operation is linear and whose value is therefore not known. */
export interface LinearArgument extends Aval {
  readonly linear: true;
}

/** An argument of a transpose rule: known, or one of the linear ones. */
export type TransposeArgument = Value | LinearArgument;

/** True for an argument of which a transposition wants the cotangent. */
export const isLinear = (argument: TransposeArgument): argument is LinearArgument =>
  (argument as Partial<LinearArgument>).linear === true;

/** Result of a batching rule; a batched output has its new axis in front. */
export interface Batched {
  readonly outs: readonly Value[];
  readonly batched: readonly boolean[];
}

/**
 * A primitive operation. Rules are written with the operations themselves, so that they can be traced, differentiated and
 * batched again.
 */
export interface PrimitiveRecord<P> {
  readonly name: string;
  /** Samples valid arguments for the laws. */
  readonly domain: Domain<P>;
  /** Dtypes and shapes of the outputs; throws `ShapeMismatch` or `DTypeMismatch` with the full shapes. */
  readonly shape: (args: readonly Aval[], params: P) => readonly Aval[];
  /** The reference semantics; `engine` runs graphs that the parameters hold, the interpreter by default. */
  readonly evaluate: (args: readonly Tensor[], params: P, engine?: Engine) => readonly Tensor[];
  /** Tangents of the outputs; at least one of `tangents` is not `null`. */
  readonly jvp: (
    args: readonly Value[],
    outs: readonly Value[],
    tangents: readonly MaybeZero[],
    params: P,
  ) => readonly MaybeZero[];
  /**
   * Cotangents of the linear arguments (`null` for the others), given those of the outputs, of which at least one is not
   * `null`. `'nonlinear'` for operations that are linear in no argument: they never meet one.
   */
  readonly transpose:
    | 'nonlinear'
    | ((cotangents: readonly MaybeZero[], args: readonly TransposeArgument[], params: P) => readonly MaybeZero[]);
  /** The operation over a batch: `batched[i]` tells whether `args[i]` has a batch axis of extent `size` in front. */
  readonly batch: (args: readonly Value[], batched: readonly boolean[], size: number, params: P) => Batched;
  /**
   * Structured primitives only: outputs from known arguments, and output tangents by operations on `tangents` alone. Without
   * it `jvp` serves, which is enough when every rule splits into known and linear operations by itself.
   */
  readonly linearize?: (
    args: readonly Value[],
    tangents: readonly MaybeZero[],
    params: P,
  ) => { readonly outs: readonly Value[]; readonly tangents: readonly MaybeZero[] };
  /**
   * Structured primitives only: outputs and tangents in one go, for forward mode. Without it the outputs are computed first
   * and `jvp` gives the tangents.
   */
  readonly dual?: (
    args: readonly Value[],
    tangents: readonly MaybeZero[],
    params: P,
  ) => { readonly outs: readonly Value[]; readonly tangents: readonly MaybeZero[] };
  /** The derivative is declared, not computed: it need not agree with finite differences of the values. */
  readonly declaresDerivative?: true;
  /** What an engine has to compute, without saying how. */
  readonly lower: Lowering<P>;
  /** Parameters for the graph printer, which shows none unless this is given. */
  readonly print?: (params: P) => string;
}

/** An operation that graphs consist of, with all rules about it. */
export interface Primitive<P> extends PrimitiveRecord<P> {
  readonly [primitiveBrand]: true;
}

/** A primitive whose parameters are known only to itself, as nodes of a graph hold it. */
export type AnyPrimitive = Primitive<unknown>;

/**
 * Makes a primitive of a record. This and `bind` are all a user's own primitive needs; the laws of
 * `@natgrad/autodiff/laws` tell whether its rules are right.
 */
export const definePrimitive = <P>(record: PrimitiveRecord<P>): Primitive<P> =>
  Object.freeze({ ...record, [primitiveBrand]: true as const });

/** True for a primitive. */
export const isPrimitive = (value: unknown): value is AnyPrimitive =>
  typeof value === 'object' &&
  value !== null &&
  (value as { readonly [primitiveBrand]?: true })[primitiveBrand] === true;

/** The transpose rule, or a typed error for an operation that has none. */
export const transposeRule = (primitive: AnyPrimitive): Exclude<AnyPrimitive['transpose'], 'nonlinear'> => {
  if (primitive.transpose === 'nonlinear')
    throw new NatgradError('NotDifferentiable', 'the operation is not linear, so it has no transpose', {
      operation: primitive.name,
      expected: 'a linear function: linearTranspose takes sums, scalings, matrix products and moves of its input only',
    });
  return primitive.transpose;
};
