/** Operands on their way into an operation, which the errors name. */
import { allocate, checkLiteral, type DType, literalDType, promote, promoteWeak } from './dtype.js';
import { invalid } from './errors.js';
import { adopt, describeForeign, elements, isTensor, type Scalar, type Tensor, type TensorLike } from './tensor.js';

/** A rank-0 tensor on behalf of `operation`. */
export const scalarFor = (operation: string, value: number | boolean, dtype: DType = literalDType(value)): Scalar => {
  const data = allocate(dtype, 1);
  data[0] = checkLiteral(operation, value, dtype);
  return adopt(data, dtype, []) as Scalar;
};

const checkLike = (operation: string, like: unknown): void => {
  if (!isTensor(like) && typeof like !== 'number' && typeof like !== 'boolean')
    throw invalid(operation, `expected a tensor, a number or a boolean, found ${describeForeign(like)}`, {
      found: describeForeign(like),
      expected: 'a tensor, a number or a boolean; build a tensor with `tensor([...])`',
    });
};

/** A tensor from a tensor or a JavaScript literal, on behalf of `operation`. */
export const tensorFor = (operation: string, like: TensorLike, dtype?: DType): Tensor => {
  checkLike(operation, like);
  return isTensor(like) ? like : scalarFor(operation, like, dtype);
};

/** `cast` on behalf of `operation`. */
export const castFor = (operation: string, x: Tensor, dtype: DType): Tensor => {
  const from = elements(x, operation);
  if (x.dtype === dtype) return x;
  const data = allocate(dtype, x.size);
  if (dtype === 'bool') for (let i = 0; i < from.length; i += 1) data[i] = from[i] === 0 ? 0 : 1;
  else data.set(from);
  return adopt(data, dtype, x.shape);
};

/** The dtype in which two operands meet. */
const meetingDType = (x: TensorLike, y: TensorLike): DType => {
  if (isTensor(x)) return isTensor(y) ? promote(x.dtype, y.dtype) : promoteWeak(x.dtype, y);
  return isTensor(y) ? promoteWeak(y.dtype, x) : promote(literalDType(x), literalDType(y));
};

/** Brings the two operands of `operation` to their common dtype; JavaScript numbers are weak (see `promoteWeak`). */
export const promoteFor = (operation: string, x: TensorLike, y: TensorLike): readonly [Tensor, Tensor] => {
  checkLike(operation, x);
  checkLike(operation, y);
  const dtype = meetingDType(x, y);
  const bring = (like: TensorLike): Tensor =>
    isTensor(like) ? castFor(operation, like, dtype) : scalarFor(operation, like, dtype);
  return [bring(x), bring(y)];
};
