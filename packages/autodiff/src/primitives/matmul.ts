import { describe, dot as referenceDot, matmul as referenceMatmul, type Scalar } from '@natgrad/tensor';
import { checkVectors, matmulShape, sameShape, shapeError } from '@natgrad/tensor/internal';
import type { Aval, Value } from '../ir/aval.js';
import { real } from '../ir/domain.js';
import { definePrimitive, isLinear, type Primitive } from '../ir/primitive.js';
import { bind1 } from '../trace/bind.js';
import { type None, notLinear, promoteTo, withBatchAxis } from './_elementwise.js';
import { addMaybe } from './_zero.js';
import { broadcastTo } from './broadcast-to.js';
import { reshape } from './reshape.js';
import { matrixTranspose } from './transpose.js';

export const matmulPrimitive: Primitive<None> = definePrimitive<None>({
  name: 'matmul',
  domain: (draw) => {
    const batch = draw.shape({ maxRank: 1 });
    const [rows, inner, columns] = [draw.integer(1, 4), draw.integer(1, 4), draw.integer(1, 4)];
    return { args: [real([...batch, rows, inner]), real([...batch, inner, columns])], params: {} };
  },
  shape: (args) => {
    const [a, b] = args as readonly [Aval, Aval];
    const { batch, rows, columns } = matmulShape(a, b);
    if (a.dtype !== b.dtype || a.shape.length < 2 || !sameShape(a.shape.slice(0, -2), b.shape.slice(0, -2)))
      throw shapeError(
        'matmul',
        `${describe(a)} · ${describe(b)}: the primitive takes one dtype and equal batch axes`,
        {
          found: `${describe(a)} · ${describe(b)}`,
        },
      );
    return [{ dtype: a.dtype, shape: [...batch, rows, columns] }];
  },
  evaluate: (args) => [referenceMatmul(args[0] as Value, args[1] as Value)],
  jvp: (args, _outs, tangents) => {
    const [a, b] = args as readonly [Value, Value];
    const [da, db] = [tangents[0] ?? null, tangents[1] ?? null];
    return [
      addMaybe(
        da === null ? null : bind1(matmulPrimitive, [da, b], {}),
        db === null ? null : bind1(matmulPrimitive, [a, db], {}),
      ),
    ];
  },
  transpose: (cotangents, args) => {
    const ct = cotangents[0] as Value;
    const [a, b] = args;
    if (a === undefined || b === undefined || (isLinear(a) && isLinear(b))) throw notLinear('matmul', 0);
    if (isLinear(a)) return [bind1(matmulPrimitive, [ct, matrixTranspose(b as Value)], {}), null];
    return [null, bind1(matmulPrimitive, [matrixTranspose(a), ct], {})];
  },
  batch: (args, batched, size) => {
    const [a, b] = args as readonly [Value, Value];
    // A batch of rows against one matrix is one larger product, not many small ones.
    if (b.shape.length === 2) {
      const [, rows, inner] = a.shape as [number, number, number];
      const flat = bind1(matmulPrimitive, [reshape(a, [size * rows, inner]), b], {});
      return { outs: [reshape(flat, [size, rows, b.shape[1] as number])], batched: [true] };
    }
    const both = args.map((arg, i) => withBatchAxis(arg, batched[i] === true, size));
    return { outs: [bind1(matmulPrimitive, both, {})], batched: [true] };
  },
  lower: { kind: 'matmul' },
});

/**
 * Matrix product of the last two axes; batch axes broadcast. A vector on the left is a row, on the right a column, and its
 * axis is dropped from the result.
 *
 * @throws `ShapeMismatch` naming both full shapes.
 */
export const matmul = (x: Value, y: Value): Value => {
  const [a, b] = promoteTo('matmul', [x, y], 'numeric') as [Value, Value];
  if (a.shape.length < 2 || b.shape.length < 2) {
    checkVectors(a, b);
    const left = a.shape.length === 1 ? reshape(a, [1, ...a.shape]) : a;
    const right = b.shape.length === 1 ? reshape(b, [...b.shape, 1]) : b;
    const product = matmul(left, right);
    const kept = product.shape.filter(
      (_, axis) =>
        !(a.shape.length === 1 && axis === product.shape.length - 2) &&
        !(b.shape.length === 1 && axis === product.shape.length - 1),
    );
    return reshape(product, kept);
  }
  const { batch, rows, inner, columns } = matmulShape(a, b);
  if (b.shape.length === 2 && a.shape.length > 2) {
    const flat = bind1(matmulPrimitive, [reshape(a, [-1, inner]), b], {});
    return reshape(flat, [...batch, rows, columns]);
  }
  return bind1(
    matmulPrimitive,
    [broadcastTo(a, [...batch, rows, inner]), broadcastTo(b, [...batch, inner, columns])],
    {},
  );
};

/** Dot product of two vectors. */
export const dot = (x: Value, y: Value): Scalar => {
  if (x.shape.length !== 1 || y.shape.length !== 1) return referenceDot(x, y);
  return matmul(x, y) as Scalar;
};
