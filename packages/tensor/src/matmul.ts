/** Matrix products with batch dimensions. */
import { promoteFor } from './convert.js';
import { allocate, type DType } from './dtype.js';
import { shapeError } from './errors.js';
import { multiplyBlock } from './kernels/matmul.js';
import { broadcastTo } from './movement.js';
import { broadcastShapes, describe, type Shape, sizeOf } from './shape.js';
import { adopt, elements, type Scalar, type Tensor, viewOf } from './tensor.js';

interface Aval {
  readonly dtype: DType;
  readonly shape: Shape;
}

/**
 * Shapes of a product: batch dimensions broadcast, the last two multiply. Ranks below 2 are refused here; `matmul` adds the
 * missing axis for vectors.
 */
export const matmulShape = (
  a: Aval,
  b: Aval,
): { readonly batch: Shape; readonly rows: number; readonly inner: number; readonly columns: number } => {
  const pair = `${describe(a)} · ${describe(b)}`;
  if (a.shape.length < 1 || b.shape.length < 1)
    throw shapeError('matmul', `${pair}: rank 0 does not multiply as a matrix, use multiply`, {
      found: pair,
      expected: 'operands of rank 1 or more',
    });
  const [rows, inner] = a.shape.slice(-2) as [number, number];
  const [height, columns] = b.shape.slice(-2) as [number, number];
  if (inner !== height)
    throw shapeError('matmul', `${pair}: inner dimensions ${inner} and ${height} differ`, {
      found: pair,
      expected: 'the last axis of the first operand as long as the second-last of the second',
    });
  const batch = broadcastShapes(`matmul ${pair}`, a.shape.slice(0, -2), b.shape.slice(0, -2));
  return { batch, rows, inner, columns };
};

/**
 * Matrix product of the last two axes; batch axes broadcast. A vector on the left is a row, on the right a column, and its
 * axis is dropped from the result: two vectors give their dot product.
 *
 * `f32` products are accumulated in double precision and rounded once.
 *
 * @throws `ShapeMismatch` naming both full shapes.
 * @example
 * ```ts
 * const a = tensor([[1, 2], [3, 4]]);
 * console.log(toNested(matmul(a, tensor([1, 1])))); // [ 3, 7 ]
 * ```
 */
export const matmul = (x: Tensor, y: Tensor): Tensor => {
  for (const operand of [x, y]) viewOf(operand, 'matmul');
  if (x.rank === 1 || y.rank === 1) {
    checkVectors(x, y);
    const product = matmul(asRow(x), asColumn(y));
    const shape = [...product.shape];
    if (y.rank === 1) shape.pop();
    if (x.rank === 1) shape.splice(y.rank === 1 ? -1 : -2, 1);
    return adopt(elements(product, 'matmul'), product.dtype, shape);
  }
  const [a, b] = promoteFor('matmul', x, y);
  const { batch, rows, inner, columns } = matmulShape(a, b);
  const dtype: DType = a.dtype === 'bool' ? 'i32' : a.dtype;
  const left = elements(broadcastTo(a, [...batch, rows, inner]), 'matmul');
  const right = elements(broadcastTo(b, [...batch, inner, columns]), 'matmul');
  const count = sizeOf(batch);
  const out = allocate(dtype, count * rows * columns);
  for (let k = 0; k < count; k += 1)
    multiplyBlock(
      left.subarray(k * rows * inner, (k + 1) * rows * inner),
      right.subarray(k * inner * columns, (k + 1) * inner * columns),
      out.subarray(k * rows * columns, (k + 1) * rows * columns),
      rows,
      inner,
      columns,
    );
  return adopt(out, dtype, [...batch, rows, columns]);
};

/** Names the vectors as the caller wrote them, before an axis is added. */
export const checkVectors = (x: Aval, y: Aval): void => {
  const [n, m] = [x.shape.at(-1), y.shape.at(y.shape.length === 1 ? -1 : -2)];
  if (x.shape.length === 0 || y.shape.length === 0 || n !== m) {
    const pair = `${describe(x)} · ${describe(y)}`;
    throw shapeError('matmul', `${pair}: inner dimensions ${n ?? 'none'} and ${m ?? 'none'} differ`, { found: pair });
  }
};

const asRow = (x: Tensor): Tensor => (x.rank === 1 ? adopt(elements(x, 'matmul'), x.dtype, [1, x.size]) : x);
const asColumn = (y: Tensor): Tensor => (y.rank === 1 ? adopt(elements(y, 'matmul'), y.dtype, [y.size, 1]) : y);

/** Dot product of two vectors. */
export const dot = (x: Tensor, y: Tensor): Scalar => {
  for (const operand of [x, y]) viewOf(operand, 'dot');
  if (x.rank !== 1 || y.rank !== 1)
    throw shapeError('dot', `${describe(x)} · ${describe(y)}: both operands must be vectors`, {
      found: `${describe(x)} and ${describe(y)}`,
      expected: 'rank 1 and rank 1',
    });
  return matmul(x, y) as Scalar;
};
