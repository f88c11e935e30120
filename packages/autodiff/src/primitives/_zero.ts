/** Symbolic zeros: `null` until somebody needs the tensor. */
import { zeros } from '@natgrad/tensor';
import type { Aval, MaybeZero, Value } from '../ir/aval.js';
import { bind1 } from '../trace/bind.js';
import { addPrimitive } from './add.js';

/** The tensor of zeros that a symbolic zero stands for. */
export const instantiate = (value: MaybeZero, like: Aval): Value => value ?? zeros(like.shape, like.dtype);

/** Sum of two tangents or cotangents. */
export const addMaybe = (a: MaybeZero, b: MaybeZero): MaybeZero => {
  if (a === null) return b;
  if (b === null) return a;
  return bind1(addPrimitive, [a, b], {});
};
