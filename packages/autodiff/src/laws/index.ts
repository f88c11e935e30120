/**
 * The laws of differentiation, for your own primitives, functions and operators. Needs fast-check, an optional peer.
 *
 * @module @natgrad/autodiff/laws
 */
export { drawn, drawTensor } from './draw.js';
export { engineLaws, primitiveEngineLaws, sameBitsLaws } from './engine-laws.js';
export { differentiableLaws, type LawOptions } from './function-laws.js';
export { checkLaw, type Law, lawRuns } from './law.js';
export { type Differences, differences } from './numeric.js';
export { linearOperatorLaws, type Operator, type OperatorLawOptions } from './operator-laws.js';
export { type PassLawOptions, passLaws, ruleLaws } from './pass-laws.js';
export { primitiveLaws } from './primitive-laws.js';
export * from './programs/index.js';
