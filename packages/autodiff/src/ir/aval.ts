import { type DType, describe, type Shape, type Tensor } from '@natgrad/tensor';

/** What is known about a value before it has elements: its dtype and shape. */
export interface Aval {
  readonly dtype: DType;
  readonly shape: Shape;
}

/**
 * What flows through traced programs: a tensor with elements, or a traced value that has only a dtype and a shape. Both are
 * `Tensor`s to the user; the name marks the places in this package where either may come.
 */
export type Value = Tensor;

/** `null` stands for a tangent or cotangent known to be zero: no rule ever computes with a tensor of zeros it could skip. */
export type MaybeZero = Value | null;

export const avalOf = (value: Aval): Aval => ({ dtype: value.dtype, shape: value.shape });

export const sameAval = (a: Aval, b: Aval): boolean => describe(a) === describe(b);
