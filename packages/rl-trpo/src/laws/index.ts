/** The laws of this package as properties of fast-check (an optional peer dependency), for your own policies too. */

export * from './acting-laws.js';
export * from './conjugate-gradient-laws.js';
export * from './distribution-laws.js';
export * from './fisher-laws.js';
export * from './gae-laws.js';
export * from './line-search-laws.js';
export { type BatchOptions, exampleModels, exampleSpaces, type Problem, problemOf, sampledBatch } from './problems.js';
export * from './running-statistics-laws.js';
export * from './trust-region-laws.js';
