/** The family of reductions: params name the axes (sorted, not negative), which are dropped; operations put them back. */
import { describe, type Scalar, type Tensor } from '@natgrad/tensor';
import { dtypeError, normaliseAxes, reducedShape } from '@natgrad/tensor/internal';
import type { Aval, Value } from '../ir/aval.js';
import { type Elements, real } from '../ir/domain.js';
import { type Batched, definePrimitive, type Primitive, type TransposeArgument } from '../ir/primitive.js';
import { bind1 } from '../trace/bind.js';
import { type Operands, promoteTo } from './_elementwise.js';
import { broadcastTo } from './broadcast-to.js';
import { reshape } from './reshape.js';

export interface Axes {
  readonly axes: readonly number[];
}

/** Puts the reduced axes back as extents of 1 and stretches them to the shape of `like`. */
export function spread(reduced: Value, axes: readonly number[], like: Aval): Value {
  return broadcastTo(reshape(reduced, reducedShape(like.shape, axes, true)), like.shape);
}

export interface ReductionRecord {
  readonly name: string;
  readonly operands: Operands;
  readonly evaluate: (x: Tensor, axes: readonly number[]) => Tensor;
  /** Throws where a reduction of nothing is undefined. */
  readonly check?: (x: Aval, axes: readonly number[]) => void;
  /** `'linear'`: the function of the tangent; else from `x`, the tangent and the result, both spread to the shape of `x`. */
  readonly jvp: 'linear' | ((tangent: Value, x: Value, out: Value, axes: readonly number[]) => Value);
  /** Cotangent spread to the shape of the argument → cotangent of the argument. */
  readonly transpose?: (spreadCotangent: Value, axes: readonly number[]) => Value;
  readonly elements: Elements;
}

export function reduction(record: ReductionRecord): Primitive<Axes> {
  const { name, operands, jvp, transpose } = record;
  const primitive: Primitive<Axes> = definePrimitive<Axes>({
    name,
    domain: (draw) => {
      const shape = draw.shape();
      return {
        args: [real(shape, record.elements)],
        params: { axes: shape.map((_, axis) => axis).filter(() => draw.boolean()) },
      };
    },
    shape: (args, { axes }) => {
      const x = args[0] as Aval;
      const fits =
        operands === 'float' ? x.dtype === 'f32' || x.dtype === 'f64' : operands === 'any' || x.dtype !== 'bool';
      if (!fits)
        throw dtypeError(name, `${describe(x)}: the operation is for ${operands} elements`, {
          found: describe(x),
          expected: operands,
        });
      record.check?.(x, axes);
      return [{ dtype: x.dtype, shape: reducedShape(x.shape, axes, false) }];
    },
    evaluate: (args, { axes }) => [record.evaluate(args[0] as Tensor, axes)],
    jvp: (args, outs, tangents, { axes }) => {
      const [x, out, tangent] = [args[0] as Value, outs[0] as Value, tangents[0] as Value];
      return [jvp === 'linear' ? bind1(primitive, [tangent], { axes }) : jvp(tangent, x, out, axes)];
    },
    transpose:
      transpose === undefined
        ? 'nonlinear'
        : (cotangents, args, { axes }) => [
            transpose(spread(cotangents[0] as Value, axes, args[0] as TransposeArgument), axes),
          ],
    batch: (args, _batched, _size, { axes }): Batched => ({
      outs: [bind1(primitive, args, { axes: axes.map((axis) => axis + 1) })],
      batched: [true],
    }),
    lower: { kind: 'reduction', name },
    print: ({ axes }) => `axes=[${axes.join(',')}]`,
  });
  return primitive;
}

/** All axes → `Scalar`; some axes → `Tensor`. */
export interface ReductionOperation {
  (x: Value): Scalar;
  (x: Value, axes?: number | readonly number[], keepDims?: boolean): Tensor;
}

export function reductionOperation(primitive: Primitive<Axes>, operands: Operands): ReductionOperation {
  return ((x: Value, axes?: number | readonly number[], keepDims?: boolean): Value => {
    const [value] = promoteTo(primitive.name, [x], operands) as [Value];
    const over = normaliseAxes(primitive.name, axes, value.shape);
    const out = bind1(primitive, [value], { axes: over });
    return keepDims === true ? reshape(out, reducedShape(value.shape, over, true)) : out;
  }) as ReductionOperation;
}

/** argmax and argmin: one axis, whole-number results, no derivative. */
export function argReduction(
  name: string,
  evaluate: (x: Tensor, axis: number) => Tensor,
  check: (x: Aval, axes: readonly number[]) => void,
): Primitive<Axes> {
  const primitive: Primitive<Axes> = definePrimitive<Axes>({
    name,
    domain: (draw) => {
      const shape = draw.shape({ minRank: 1 });
      return { args: [real(shape, { kind: 'distinct' })], params: { axes: [draw.integer(0, shape.length - 1)] } };
    },
    shape: (args, { axes }) => {
      const x = args[0] as Aval;
      check(x, axes);
      return [{ dtype: 'i32', shape: reducedShape(x.shape, axes, false) }];
    },
    evaluate: (args, { axes }) => [evaluate(args[0] as Tensor, axes[0] as number)],
    jvp: () => [null],
    transpose: 'nonlinear',
    batch: (args, _batched, _size, { axes }) => ({
      outs: [bind1(primitive, args, { axes: axes.map((axis) => axis + 1) })],
      batched: [true],
    }),
    lower: { kind: 'reduction', name },
    print: ({ axes }) => `axes=[${axes.join(',')}]`,
  });
  return primitive;
}
