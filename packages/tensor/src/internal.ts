/**
 * For engines and the other packages of the family: access to storage without copies, and the shape rules. Whoever imports
 * this promises never to write to storage and never to hand it on. Not covered by semantic versioning.
 */
export { allocate, bytesPerElement, checkLiteral, toFloatDType } from './dtype.js';
export { dtypeError, invalid, registerInternalRoot, shapeError, userLine } from './errors.js';
export {
  gatherShape,
  oneHotShape,
  scatterAddAlongShape,
  scatterAddShape,
  takeAlongShape,
} from './indexing.js';
export { checkList, concatenateShape, padShape, stackShape } from './join.js';
export { logPortable, powerPortable } from './kernels/portable-math.js';
export { choleskyShape, triangularSolveShape } from './linalg.js';
export { checkVectors, matmulShape } from './matmul.js';
export { checkBroadcast, checkPermutation, embedStop, resolveShape, sliceShape, squeezeShape } from './movement.js';
export { nearestNames } from './nearest.js';
export { categoricalAt } from './random/discrete.js';
export { normalLowerQuantile } from './random/normal-quantile.js';
export { checkNotEmpty } from './reduce.js';
export { axesSize, checkShape, normaliseAxes, normaliseAxis, reducedShape, sameShape, stridesOf } from './shape.js';
export {
  adopt,
  copyStrided,
  defer,
  describeForeign,
  elements,
  fromView,
  isConcrete,
  isContiguous,
  isLoaded,
  makeView,
  tensorBrand,
  type View,
  viewOf,
} from './tensor.js';
export { checkRavelled, checkSameStructure, flattenWith, ravelLayout, sameStructure } from './tree.js';
