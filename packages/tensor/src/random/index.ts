/** Splittable counter-based random numbers: every sampler is a pure function of a key. */
export { bits } from './block.js';
export {
  exponential,
  type FloatOptions,
  gumbel,
  normal,
  normalAt,
  type UniformOptions,
  uniform,
  uniformAt,
} from './continuous.js';
export { bernoulli, categorical, type IntegerRange, permutation, randomInt, randomIntAt } from './discrete.js';
export { type Key, key, keyFromArray, keyToArray } from './key.js';
export { foldIn, split } from './split.js';
export { threefry2x32 } from './threefry.js';
