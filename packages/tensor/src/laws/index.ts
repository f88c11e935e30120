/**
 * Laws of tensors, and generators of hostile inputs, for tests with fast-check (an optional peer dependency).
 *
 * @module @natgrad/tensor/laws
 */
export * from './algebra.js';
export * from './arbitrary.js';
export * from './codec.js';
export {
  type Expected,
  elementAt,
  fingerprint,
  indicesOf,
  requireElements,
  storageFingerprint,
  ulpsBetween,
} from './compare.js';
export * from './elementwise.js';
export * from './law.js';
export * from './pure.js';
export * from './reduction.js';
export * from './runs.js';
