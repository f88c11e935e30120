import { triangularSolve as referenceTriangularSolve, type Tensor, type TriangularSolveOptions } from '@natgrad/tensor';
import { triangularSolveShape } from '@natgrad/tensor/internal';
import type { Aval, Value } from '../ir/aval.js';
import { real } from '../ir/domain.js';
import { definePrimitive, isLinear, type Primitive, type TransposeArgument } from '../ir/primitive.js';
import { bind1 } from '../trace/bind.js';
import { notLinear, withBatchAxis } from './_elementwise.js';
import { triangle } from './_triangle.js';
import { addMaybe } from './_zero.js';
import { matmul } from './matmul.js';
import { negate } from './negate.js';
import { reshape } from './reshape.js';
import { matrixTranspose, transpose } from './transpose.js';

type Params = Required<TriangularSolveOptions>;

export const triangularSolvePrimitive: Primitive<Params> = definePrimitive<Params>({
  name: 'triangularSolve',
  domain: (draw) => {
    const batch = draw.shape({ maxRank: 1 });
    const [n, columns] = [draw.integer(1, 4), draw.integer(1, 3)];
    return {
      args: [real([...batch, n, n], { kind: 'wellConditionedTriangle' }), real([...batch, n, columns])],
      params: { lower: draw.boolean(), transposed: draw.boolean(), unitDiagonal: draw.boolean() },
    };
  },
  shape: (args) => {
    const [l, b] = args as readonly [Aval, Aval];
    return [{ dtype: b.dtype, shape: triangularSolveShape('triangularSolve', l, b) }];
  },
  evaluate: (args, params) => [referenceTriangularSolve(args[0] as Tensor, args[1] as Tensor, params)],
  // T x = b gives T ẋ = ḃ − Ṫ x, where Ṫ is what of l̇ is read.
  jvp: (args, outs, tangents, params) => {
    const [dl, db] = tangents;
    const moved = (tangent: Value): Value => {
      const read = triangle(tangent, { lower: params.lower, diagonal: !params.unitDiagonal });
      return negate(matmul(params.transposed ? matrixTranspose(read) : read, outs[0] as Value));
    };
    const right = addMaybe(db ?? null, dl === null || dl === undefined ? null : moved(dl)) as Value;
    return [bind1(triangularSolvePrimitive, [args[0] as Value, right], params)];
  },
  transpose: (cotangents, args, params) => {
    const [l] = args as readonly [TransposeArgument, TransposeArgument];
    if (isLinear(l)) throw notLinear('triangularSolve', 0);
    return [
      null,
      bind1(triangularSolvePrimitive, [l, cotangents[0] as Value], { ...params, transposed: !params.transposed }),
    ];
  },
  batch: (args, batched, size, params) => {
    const [l, b] = args as readonly [Value, Value];
    if (batched[0] === true) {
      const out = bind1(triangularSolvePrimitive, [l, withBatchAxis(b, batched[1] === true, size)], params);
      return { outs: [out], batched: [true] };
    }
    // A batch of right-hand sides of one matrix is one right-hand side with more columns.
    const last = b.shape.length - 1;
    const columns = b.shape[last] as number;
    const inner = b.shape.slice(1, last);
    const axes = inner.map((_, k) => k + 1);
    const wide = reshape(transpose(b, [...axes, 0, last]), [...inner, size * columns]);
    const solved = reshape(bind1(triangularSolvePrimitive, [l, wide], params), [...inner, size, columns]);
    return { outs: [transpose(solved, [last - 1, ...axes.map((axis) => axis - 1), last])], batched: [true] };
  },
  lower: { kind: 'reference' },
  print: ({ lower, transposed, unitDiagonal }) =>
    [lower ? 'lower' : 'upper', ...(transposed ? ['transposed'] : []), ...(unitDiagonal ? ['unit diagonal'] : [])].join(
      ' ',
    ),
});

/**
 * Solves l x = b, or lᵀ x = b, for triangular matrices: `l` is `[..., n, n]`, `b` and the result are `[..., n, m]`, of one
 * float dtype and with equal batch axes. What of `l` is not read (the other triangle; with `unitDiagonal` the diagonal) has
 * the derivative 0.
 *
 * @throws `Singular` for a zero on the diagonal (not with `unitDiagonal`); `DTypeMismatch`; `ShapeMismatch`.
 * @example
 * ```ts
 * const l = tensor([[2, 0], [1, 3]]);
 * console.log(toNested(triangularSolve(l, tensor([[4], [11]])))); // [ [ 2 ], [ 3 ] ]
 * console.log(toNested(triangularSolve(l, tensor([[7], [9]]), { transposed: true }))); // [ [ 2 ], [ 3 ] ]
 * ```
 */
export const triangularSolve = (l: Value, b: Value, options: TriangularSolveOptions = {}): Value => {
  const { lower = true, transposed = false, unitDiagonal = false } = options;
  return bind1(triangularSolvePrimitive, [l, b], { lower, transposed, unitDiagonal });
};
