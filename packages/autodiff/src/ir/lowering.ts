/**
 * What an engine has to compute for a primitive, independent of any backend. An engine that does not know a kind runs the
 * primitive's `evaluate` instead.
 */
import type { Value } from './aval.js';

/** How a primitive is expressed by others. */
export type Lowering<P> =
  /** One result per element from the elements at the same place; `name` says which function. */
  | { readonly kind: 'elementwise'; readonly name: string }
  /** Combines the elements along `params.axes`. */
  | { readonly kind: 'reduction'; readonly name: string }
  /** Moves elements without computing: a change of shape, strides and offset, or a copy. */
  | { readonly kind: 'movement'; readonly name: string }
  /** A batch of matrix products. */
  | { readonly kind: 'matmul' }
  /** Holds graphs: the engine compiles them and drives them. */
  | { readonly kind: 'structured'; readonly name: string }
  /** Equal to a program of simpler primitives. */
  | { readonly kind: 'composite'; readonly expand: (args: readonly Value[], params: P) => readonly Value[] }
  /** Runs the reference semantics. */
  | { readonly kind: 'reference' };
