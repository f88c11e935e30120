/**
 * Immutable typed-array tensors over ndarray views: creation, arithmetic, linear algebra, pytrees, random keys, codecs.
 *
 * @module @natgrad/tensor
 */
export * from './codec/index.js';
export * from './create.js';
export {
  DTYPES,
  type DType,
  type FloatDType,
  isFloat,
  promote,
  promoteWeak,
  type TypedArray,
} from './dtype.js';
export * from './elementwise.js';
export { type ErrorCode, type ErrorDetail, isNatgradError, NatgradError } from './errors.js';
export * from './format.js';
export { gather, oneHot, scatterAdd, scatterAddAlong, takeAlong } from './indexing.js';
export * from './interop.js';
export { concatenate, pad, reverse, stack, unstack } from './join.js';
export { cholesky, type TriangularSolveOptions, triangularSolve } from './linalg.js';
export { dot, matmul } from './matmul.js';
export { broadcastTo, embed, expandDims, matrixTranspose, reshape, slice, squeeze, transpose } from './movement.js';
export * from './random/index.js';
export {
  argmax,
  argmin,
  cumulativeSum,
  logsumexp,
  max,
  mean,
  min,
  prod,
  type Reduction,
  sum,
  variance,
} from './reduce.js';
export { broadcastShapes, describe, type Shape, sizeOf } from './shape.js';
export { argsort, sort } from './sort.js';
export { identical, isTensor, type Scalar, type Tensor, type TensorLike } from './tensor.js';
export {
  describeStructure,
  type Flattened,
  type MapLeaves,
  ravel,
  type Tree,
  type TreeStructure,
  treeFlatten,
  treeLeaves,
  treeMap,
  treeUnflatten,
} from './tree.js';
