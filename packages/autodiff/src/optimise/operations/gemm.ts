import { add, describe, matmul, matrixTranspose, type Tensor } from '@natgrad/tensor';
import { dtypeError, sameShape, shapeError } from '@natgrad/tensor/internal';
import type { Aval } from '../../ir/aval.js';
import { real } from '../../ir/domain.js';
import type { Primitive } from '../../ir/primitive.js';
import { engineOperation } from './engine-operation.js';

export interface GemmParams {
  /** The first operand is read transposed: its last two axes are [inner, rows]. */
  readonly transposeLeft: boolean;
  /** The second operand is read transposed: its last two axes are [columns, inner]. */
  readonly transposeRight: boolean;
}

/** Shape of a matrix whose last two axes are swapped if `transposed`. */
const oriented = (shape: readonly number[], transposed: boolean): readonly [number, number] => {
  const [rows, columns] = shape.slice(-2) as [number, number];
  return transposed ? [columns, rows] : [rows, columns];
};

/**
 * op(a)·op(b), or op(a)·op(b) + c with a third argument, where op is the identity or the transpose of the last two axes: the
 * GEMM of the BLAS (Dongarra, Du Croz, Hammarling & Duff 1990, "A set of level 3 basic linear algebra subprograms") with
 * α = β = 1. All arguments have one dtype and equal batch axes in front.
 *
 * An engine may add into the storage of c where nothing reads c afterwards.
 */
export const gemmPrimitive: Primitive<GemmParams> = engineOperation<GemmParams>({
  name: 'gemm',
  domain: (draw) => {
    const batch = draw.shape({ maxRank: 1 });
    const [rows, inner, columns] = [draw.integer(1, 4), draw.integer(1, 4), draw.integer(1, 4)];
    const params = { transposeLeft: draw.boolean(), transposeRight: draw.boolean() };
    const a = real([...batch, ...oriented([rows, inner], params.transposeLeft)]);
    const b = real([...batch, ...oriented([inner, columns], params.transposeRight)]);
    return { args: draw.boolean() ? [a, b] : [a, b, real([...batch, rows, columns])], params };
  },
  shape: (args, { transposeLeft, transposeRight }) => {
    const [a, b, into] = args as readonly [Aval, Aval, Aval | undefined];
    const pair = `${describe(a)}${transposeLeft ? 'ᵀ' : ''} · ${describe(b)}${transposeRight ? 'ᵀ' : ''}`;
    const found = into === undefined ? pair : `${pair} + ${describe(into)}`;
    if (args.some(({ dtype }) => dtype !== a.dtype) || a.dtype === 'bool')
      throw dtypeError('gemm', `${found}: the arguments must have one numeric dtype`, {
        found,
        expected: 'one of f32, f64, i32 for all arguments',
      });
    const batch = a.shape.slice(0, -2);
    if (a.shape.length < 2 || b.shape.length < 2 || !sameShape(batch, b.shape.slice(0, -2)))
      throw shapeError('gemm', `${found}: the operands are no matrices with equal batch axes`, { found });
    const [rows, inner] = oriented(a.shape, transposeLeft);
    const [height, columns] = oriented(b.shape, transposeRight);
    if (inner !== height)
      throw shapeError('gemm', `${found}: inner dimensions ${inner} and ${height} differ`, { found });
    const shape = [...batch, rows, columns];
    if (into !== undefined && !sameShape(into.shape, shape))
      throw shapeError('gemm', `${found}: the product is [${shape.join(',')}], which is not the shape it is added to`, {
        argument: 'into',
        found: describe(into),
        expected: `[${shape.join(',')}]`,
      });
    return [{ dtype: a.dtype, shape }];
  },
  evaluate: (args, { transposeLeft, transposeRight }) => {
    const [a, b, into] = args as readonly [Tensor, Tensor, Tensor | undefined];
    const product = matmul(transposeLeft ? matrixTranspose(a) : a, transposeRight ? matrixTranspose(b) : b);
    return [into === undefined ? product : add(product, into)];
  },
  lower: { kind: 'matmul' },
  print: ({ transposeLeft, transposeRight }) =>
    [...(transposeLeft ? ['transposeLeft'] : []), ...(transposeRight ? ['transposeRight'] : [])].join(' '),
});
