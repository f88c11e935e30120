/**
 * The theory of TRPO as code: finite MDPs in which every quantity of the paper is computed exactly.
 *
 * @module @natgrad/rl-trpo/theory
 */
export {
  largestAdvantage,
  largestExpectedAdvantage,
  mistakenBound,
  mixtureBound,
  penaltyCoefficient,
  surrogate,
  surrogateGain,
  theoremBound,
  variationBound,
} from './bounds.js';
export { type ConservativeUpdate, conservativeUpdate } from './conservative.js';
export { type Counterexample, counterexample, searchCounterexample } from './counterexample.js';
export { differentiableReturn, differentiableSurrogate } from './differentiable.js';
export { klByState, maxKl, meanKl, variationByState } from './divergence.js';
export { type Evaluation, evaluatePolicy } from './evaluate.js';
export { type Broken, type FalsifyOptions, falsify } from './falsify.js';
export { type FiniteMdp, finiteMdp, type MdpTables } from './mdp.js';
export { optimalPolicy } from './optimal.js';
export { type PenalisedUpdate, penalisedUpdate } from './penalised.js';
export { expectedAdvantages, greedy, mixture, softmaxPolicy } from './policies.js';
export { type TrustRegionOptions, type TrustRegionUpdate, trustRegionUpdate } from './practical.js';
export { type RandomMdpOptions, randomLogits, randomMdp, randomPolicy } from './random-mdp.js';
export type { Row, Table } from './tables.js';
