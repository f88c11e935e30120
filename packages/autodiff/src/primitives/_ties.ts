import type { Value } from '../ir/aval.js';
import { add } from './add.js';
import { cast } from './cast.js';
import { equal } from './equal.js';
import { greater } from './greater.js';
import { multiply } from './multiply.js';

/** Share of the derivative that `x` gets in max(x, y): 1 where it is larger, ½ where the two are equal. */
export function share(x: Value, y: Value): Value {
  return add(cast(greater(x, y), x.dtype), multiply(cast(equal(x, y), x.dtype), 0.5));
}
