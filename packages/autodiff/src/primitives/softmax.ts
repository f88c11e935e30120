/** Derived operations: programs of primitives, whose derivatives follow from theirs. */
import { checkNotEmpty } from '@natgrad/tensor/internal';
import type { Value } from '../ir/aval.js';
import { axisOf } from './_axis.js';
import { promoteTo } from './_elementwise.js';
import { divide } from './divide.js';
import { exp } from './exp.js';
import { isFinite } from './is-finite.js';
import { log } from './log.js';
import { max } from './max.js';
import { select } from './select.js';
import { stopGradient } from './stop-gradient.js';
import { subtract } from './subtract.js';
import { sum } from './sum.js';

/**
 * x less its maximum along `axis`, so that no exponential overflows. The results do not depend on what is subtracted, so
 * neither do their derivatives; where the maximum is −∞ or ∞, nothing is.
 */
const shifted = (operation: string, x: Value, axis: number): { readonly centred: Value; readonly along: number } => {
  const along = axisOf(operation, x, axis);
  checkNotEmpty(operation, x, [along]);
  const [value] = promoteTo(operation, [x], 'float') as [Value];
  const most = stopGradient(max(value, along, true));
  return { centred: subtract(value, select(isFinite(most), most, 0)), along };
};

/**
 * eˣ / Σ eˣ along `axis` (the last by default), without overflow. An element of −∞ has probability 0 and derivative 0; a run
 * of nothing but −∞, or with ∞ or NaN in it, gives NaN. Integers become `f64`.
 *
 * @throws `InvalidArgument` for a wrong axis, `ShapeMismatch` for an axis of extent 0.
 * @example
 * ```ts
 * console.log(toNested(softmax(tensor([1000, 1000])))); // [ 0.5, 0.5 ]
 * ```
 */
export const softmax = (x: Value, axis = -1): Value => {
  const { centred, along } = shifted('softmax', x, axis);
  const weights = exp(centred);
  return divide(weights, sum(weights, along, true));
};

/**
 * log(eˣ / Σ eˣ) along `axis` (the last by default): log-probabilities of logits, without overflow and without the log of a
 * rounded 0. Special values as in `softmax`, with −∞ for probability 0.
 *
 * @throws as `softmax`.
 * @example
 * ```ts
 * console.log(toNested(logSoftmax(tensor([0, -1000])))); // [ 0, -1000 ]
 * ```
 */
export const logSoftmax = (x: Value, axis = -1): Value => {
  const { centred, along } = shifted('logSoftmax', x, axis);
  return subtract(centred, log(sum(exp(centred), along, true)));
};
