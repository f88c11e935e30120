/** Elementwise functions with broadcasting. Every one of them returns a fresh tensor and leaves its inputs alone. */
import { promoteFor, tensorFor } from './convert.js';
import { type DType, toFloatDType } from './dtype.js';
import { dtypeError } from './errors.js';
import { erf as erfOf } from './kernels/erf.js';
import { type BinaryFunction, mapBinary, mapUnary, selectElements, type UnaryFunction } from './kernels/loops.js';
import { broadcastTo } from './movement.js';
import { broadcastShapes, describe } from './shape.js';
import { adopt, type Scalar, type Tensor, type TensorLike } from './tensor.js';

/** A function of one operand that keeps the shape; a `Scalar` gives a `Scalar`. */
export interface UnaryOperation {
  (x: Scalar | number): Scalar;
  (x: TensorLike): Tensor;
}

/** A function of two broadcast operands; two `Scalar`s give a `Scalar`. */
export interface BinaryOperation {
  (x: Scalar | number, y: Scalar | number): Scalar;
  (x: TensorLike, y: TensorLike): Tensor;
}

/** Brings two operands to their common dtype; JavaScript numbers are weak (see `promoteWeak`). */
export const promoteOperands = (x: TensorLike, y: TensorLike): readonly [Tensor, Tensor] =>
  promoteFor('promoteOperands', x, y);

const unary = (
  operation: string,
  f: UnaryFunction,
  kind: 'float' | 'numeric',
  integer: UnaryFunction = f,
): UnaryOperation =>
  ((like: TensorLike): Tensor => {
    const x = tensorFor(operation, like);
    const dtype: DType = kind === 'float' ? toFloatDType(x.dtype) : x.dtype === 'bool' ? 'i32' : x.dtype;
    return adopt(mapUnary(x, dtype, dtype === 'i32' ? integer : f, operation), dtype, x.shape);
  }) as UnaryOperation;

const binary = (
  operation: string,
  f: BinaryFunction,
  operands: 'numeric' | 'float' | 'any' | 'bool',
  result?: 'bool',
  integer: BinaryFunction = f,
): BinaryOperation =>
  ((p: TensorLike, q: TensorLike): Tensor => {
    const [a, b] = promoteFor(operation, p, q);
    if (operands === 'bool' && a.dtype !== 'bool')
      throw dtypeError(operation, `${describe(a)} and ${describe(b)}: both operands must be bool`, {
        found: `${describe(a)} and ${describe(b)}`,
        expected: 'bool operands; compare first, e.g. greater(x, 0)',
      });
    const dtype: DType =
      operands === 'float' ? toFloatDType(a.dtype) : operands === 'numeric' && a.dtype === 'bool' ? 'i32' : a.dtype;
    const shape = broadcastShapes(operation, a.shape, b.shape);
    const out = result ?? dtype;
    const apply = dtype === 'i32' ? integer : f;
    return adopt(mapBinary(broadcastTo(a, shape), broadcastTo(b, shape), out, apply, operation), out, shape);
  }) as BinaryOperation;

/** Sum. `i32` wraps modulo 2³², like `Int32Array`. */
export const add: BinaryOperation = binary('add', (x, y) => x + y, 'numeric');
export const subtract: BinaryOperation = binary('subtract', (x, y) => x - y, 'numeric');
export const multiply: BinaryOperation = binary('multiply', (x, y) => x * y, 'numeric', undefined, Math.imul);
/** True division: integers become `f64`. */
export const divide: BinaryOperation = binary('divide', (x, y) => x / y, 'float');
/** `x` to the power `y`, as `Math.pow`; integers become `f64`. */
export const power: BinaryOperation = binary('power', (x, y) => x ** y, 'float');
/** The larger operand; NaN if either is NaN. */
export const maximum: BinaryOperation = binary('maximum', Math.max, 'numeric');
/** The smaller operand; NaN if either is NaN. */
export const minimum: BinaryOperation = binary('minimum', Math.min, 'numeric');

export const negate: UnaryOperation = unary('negate', (x) => -x, 'numeric');
export const absolute: UnaryOperation = unary('absolute', Math.abs, 'numeric');
/** −1, 0 or 1; keeps the sign of zero and NaN. */
export const sign: UnaryOperation = unary('sign', Math.sign, 'numeric');
export const floor: UnaryOperation = unary('floor', Math.floor, 'numeric');
export const exp: UnaryOperation = unary('exp', Math.exp, 'float');
export const log: UnaryOperation = unary('log', Math.log, 'float');
/** eˣ − 1 without cancellation near 0. */
export const expm1: UnaryOperation = unary('expm1', Math.expm1, 'float');
/** log(1 + x) without cancellation near 0. */
export const log1p: UnaryOperation = unary('log1p', Math.log1p, 'float');
export const tanh: UnaryOperation = unary('tanh', Math.tanh, 'float');
export const sin: UnaryOperation = unary('sin', Math.sin, 'float');
export const cos: UnaryOperation = unary('cos', Math.cos, 'float');
export const sqrt: UnaryOperation = unary('sqrt', Math.sqrt, 'float');
/** The error function 2/√π ∫₀ˣ e^(−t²) dt. */
export const erf: UnaryOperation = unary('erf', erfOf, 'float');
export const square: UnaryOperation = unary(
  'square',
  (x) => x * x,
  'numeric',
  (x) => Math.imul(x, x),
);

export const equal: BinaryOperation = binary('equal', (x, y) => (x === y ? 1 : 0), 'any', 'bool');
export const notEqual: BinaryOperation = binary('notEqual', (x, y) => (x !== y ? 1 : 0), 'any', 'bool');
export const less: BinaryOperation = binary('less', (x, y) => (x < y ? 1 : 0), 'any', 'bool');
export const lessEqual: BinaryOperation = binary('lessEqual', (x, y) => (x <= y ? 1 : 0), 'any', 'bool');
export const greater: BinaryOperation = binary('greater', (x, y) => (x > y ? 1 : 0), 'any', 'bool');
export const greaterEqual: BinaryOperation = binary('greaterEqual', (x, y) => (x >= y ? 1 : 0), 'any', 'bool');
export const logicalAnd: BinaryOperation = binary('logicalAnd', (x, y) => x & y, 'bool', 'bool');
export const logicalOr: BinaryOperation = binary('logicalOr', (x, y) => x | y, 'bool', 'bool');

/** Negation of a `bool` tensor. */
export const logicalNot = (like: TensorLike): Tensor => {
  const x = tensorFor('logicalNot', like);
  if (x.dtype !== 'bool')
    throw dtypeError('logicalNot', `${describe(x)} is not bool`, { found: describe(x), expected: 'a bool tensor' });
  return adopt(
    mapUnary(x, 'bool', (value) => 1 - value, 'logicalNot'),
    'bool',
    x.shape,
  );
};

/** Where the elements are neither NaN nor infinite; always true for `i32` and `bool`. */
export const isFinite = (like: TensorLike): Tensor => {
  const x = tensorFor('isFinite', like);
  return adopt(
    mapUnary(x, 'bool', (value) => (Number.isFinite(value) ? 1 : 0), 'isFinite'),
    'bool',
    x.shape,
  );
};

/**
 * `condition ? x : y`, elementwise with broadcasting of all three.
 *
 * @example
 * ```ts
 * const x = tensor([-1, 2]);
 * console.log(toNested(select(greater(x, 0), x, 0))); // [ 0, 2 ]
 * ```
 */
export const select = (condition: TensorLike, x: TensorLike, y: TensorLike): Tensor => {
  const chosen = tensorFor('select', condition);
  if (chosen.dtype !== 'bool')
    throw dtypeError('select', `the condition ${describe(chosen)} is not bool`, {
      argument: 'condition',
      found: describe(chosen),
      expected: 'a bool tensor; compare first, e.g. greater(x, 0)',
    });
  const [a, b] = promoteFor('select', x, y);
  const shape = broadcastShapes('select', chosen.shape, broadcastShapes('select', a.shape, b.shape));
  const spread = (t: Tensor): Tensor => broadcastTo(t, shape);
  return adopt(selectElements(spread(chosen), spread(a), spread(b)), a.dtype, shape);
};
