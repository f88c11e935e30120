/**
 * The laws of this package as properties of fast-check (an optional peer dependency), for your own policies too.
 *
 * @module @natgrad/rl-trpo/laws
 */

export * from './acting-laws.js';
export * from './adaptive-delta-laws.js';
export * from './algorithm-laws.js';
export * from './checkpointing-laws.js';
export * from './conjugate-gradient-laws.js';
export * from './constrained-step-laws.js';
export * from './distribution-laws.js';
export * from './entropy-bonus-laws.js';
export * from './fisher-laws.js';
export * from './gae-laws.js';
export * from './improvement-laws.js';
export * from './line-search-laws.js';
export * from './max-kl-laws.js';
export * from './preconditioner-laws.js';
export {
  type BatchOptions,
  everyPolicy,
  exampleModels,
  exampleSpaces,
  type Problem,
  problemOf,
  sampledBatch,
} from './problems.js';
export * from './recurrent-laws.js';
export * from './relation-laws.js';
export * from './return-normalisation-laws.js';
export * from './running-statistics-laws.js';
export { costProblems, stepper, withCosts } from './steps.js';
export * from './theory-laws.js';
export * from './trunk-laws.js';
export * from './trust-region-laws.js';
export * from './value-region-laws.js';
