import type { Value } from '../ir/aval.js';
import { spread } from './_reduction.js';
import { cast } from './cast.js';
import { divide } from './divide.js';
import { equal } from './equal.js';
import { multiply } from './multiply.js';
import { sum } from './sum.js';

/** Tangent of a maximum or minimum: the mean of the tangents of the elements that attain it. */
export function extremeTangent(tangent: Value, x: Value, out: Value, axes: readonly number[]): Value {
  const attains = cast(equal(x, spread(out, axes, x)), tangent.dtype);
  return divide(sum(multiply(tangent, attains), axes), sum(attains, axes));
}
