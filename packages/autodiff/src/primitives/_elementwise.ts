/**
 * The family of elementwise primitives. Records are strict: all arguments of one shape (and dtype); the operations that users
 * call promote and broadcast first. Function declarations, because rules and families import each other.
 */
import {
  type BinaryOperation,
  broadcastShapes,
  type DType,
  describe,
  isFloat,
  isTensor,
  NatgradError,
  promote,
  promoteWeak,
  type Shape,
  scalar,
  type Tensor,
  type TensorLike,
  type UnaryOperation,
} from '@natgrad/tensor';
import { describeForeign, dtypeError, shapeError, toFloatDType } from '@natgrad/tensor/internal';
import { type Aval, type MaybeZero, sameAval, type Value } from '../ir/aval.js';
import type { Domain, Elements } from '../ir/domain.js';
import { real } from '../ir/domain.js';
import { type Batched, definePrimitive, isLinear, type Primitive, type PrimitiveRecord } from '../ir/primitive.js';
import { bind1 } from '../trace/bind.js';
import { addMaybe } from './_zero.js';
import { broadcastTo } from './broadcast-to.js';
import { cast } from './cast.js';
import { reshape } from './reshape.js';

/** Parameters of a primitive that has none. */
export type None = Readonly<Record<string, never>>;

/** What dtypes an operand may have: others are cast (`float`: to `f64`; `numeric`: `bool` to `i32`) or refused (`bool`). */
export type Operands = 'float' | 'numeric' | 'any' | 'bool';

/** Brings an unbatched argument into line: a batch axis in front, the rest of the shape untouched. */
export function withBatchAxis(value: Value, batched: boolean, size: number): Value {
  return batched ? value : broadcastTo(reshape(value, [1, ...value.shape]), [size, ...value.shape]);
}

/** Batching of a primitive that treats every element alike: stretch what is not batched, apply. */
export function batchElementwise<P>(primitive: () => Primitive<P>): PrimitiveRecord<P>['batch'] {
  return (args, batched, size, params): Batched => ({
    outs: [
      bind1(
        primitive(),
        args.map((arg, i) => withBatchAxis(arg, batched[i] === true, size)),
        params,
      ),
    ],
    batched: [true],
  });
}

function checkOperands(name: string, args: readonly Aval[], count: number, operands: Operands): Aval {
  const first = args[0];
  if (first === undefined || args.length !== count)
    throw new NatgradError('InvalidArgument', `takes ${count} arguments, found ${args.length}`, { operation: name });
  const listed = args.map(describe).join(' and ');
  args.forEach((arg, i) => {
    if (!sameAval(arg, first))
      throw shapeError(name, `${listed} differ: the primitive takes arguments of one dtype and shape`, {
        argument: `argument ${i}`,
        found: listed,
        expected: describe(first),
      });
  });
  const fits =
    operands === 'any' ||
    (operands === 'float' && isFloat(first.dtype)) ||
    (operands === 'numeric' && first.dtype !== 'bool') ||
    (operands === 'bool' && first.dtype === 'bool');
  if (!fits)
    throw dtypeError(name, `${listed}: the operation is for ${operands} elements`, {
      found: listed,
      expected: operands,
    });
  return first;
}

export interface UnaryRecord {
  readonly name: string;
  readonly operands: Operands;
  readonly result?: DType;
  readonly evaluate: (x: Tensor) => Tensor;
  /** Tangent of the output; `'zero'` where it vanishes everywhere it exists. */
  readonly jvp: 'zero' | ((tangent: Value, x: Value, y: Value) => Value);
  /** Only for linear functions. */
  readonly transpose?: (cotangent: Value) => Value;
  readonly elements: Elements;
}

export function unary(record: UnaryRecord): Primitive<None> {
  const { name, operands, result, jvp, transpose } = record;
  const domain: Domain<None> = (draw) => {
    const dtype: DType = operands === 'bool' ? 'bool' : 'f64';
    return { args: [{ shape: draw.shape(), dtype, elements: record.elements }], params: {} };
  };
  const primitive: Primitive<None> = definePrimitive<None>({
    name,
    domain,
    shape: (args) => {
      const { dtype, shape } = checkOperands(name, args, 1, operands);
      return [{ dtype: result ?? dtype, shape }];
    },
    evaluate: (args) => [record.evaluate(args[0] as Tensor)],
    jvp: (args, outs, tangents) => [
      jvp === 'zero' ? null : jvp(tangents[0] as Value, args[0] as Value, outs[0] as Value),
    ],
    transpose: transpose === undefined ? 'nonlinear' : (cotangents) => [transpose(cotangents[0] as Value)],
    batch: batchElementwise(() => primitive),
    lower: { kind: 'elementwise', name },
  });
  return primitive;
}

export interface BinaryRecord {
  readonly name: string;
  readonly operands: Operands;
  readonly result?: DType;
  readonly evaluate: (x: Tensor, y: Tensor) => Tensor;
  /** Tangent of the output due to each operand's tangent; `'zero'` where both vanish. */
  readonly jvp: 'zero' | readonly [BinaryTangent, BinaryTangent];
  /** Cotangent of each operand in which the operation is linear when the other one is fixed (or also linear). */
  readonly transpose?: readonly [BinaryCotangent | undefined, BinaryCotangent | undefined];
  readonly elements: readonly [Elements, Elements];
}

type BinaryTangent = (tangent: Value, x: Value, y: Value, out: Value) => Value;
/** `other` is the other operand; its value is read only by operations that are linear in one operand at a time. */
type BinaryCotangent = (cotangent: Value, other: Value) => Value;

export function binary(record: BinaryRecord): Primitive<None> {
  const { name, operands, result, jvp, transpose } = record;
  const domain: Domain<None> = (draw) => {
    const shape = draw.shape();
    const dtype: DType = operands === 'bool' ? 'bool' : 'f64';
    return { args: record.elements.map((elements) => ({ shape, dtype, elements })), params: {} };
  };
  const primitive: Primitive<None> = definePrimitive<None>({
    name,
    domain,
    shape: (args) => {
      const { dtype, shape } = checkOperands(name, args, 2, operands);
      return [{ dtype: result ?? dtype, shape }];
    },
    evaluate: (args) => [record.evaluate(args[0] as Tensor, args[1] as Tensor)],
    jvp: (args, outs, tangents) => {
      if (jvp === 'zero') return [null];
      const [x, y, out] = [args[0] as Value, args[1] as Value, outs[0] as Value];
      const part = (i: 0 | 1): MaybeZero => {
        const tangent = tangents[i] ?? null;
        return tangent === null ? null : jvp[i](tangent, x, y, out);
      };
      return [addMaybe(part(0), part(1))];
    },
    transpose:
      transpose === undefined
        ? 'nonlinear'
        : (cotangents, args) => {
            const back = (i: 0 | 1): MaybeZero => {
              const rule = transpose[i];
              const [own, other] = [args[i], args[1 - i]];
              if (own === undefined || !isLinear(own)) return null;
              // A rule of two parameters reads the other operand, which must therefore be known: x·x is not linear in x.
              if (rule === undefined || other === undefined || (rule.length > 1 && isLinear(other)))
                throw notLinear(name, i);
              return rule(cotangents[0] as Value, other as Value);
            };
            return [back(0), back(1)];
          },
    batch: batchElementwise(() => primitive),
    lower: { kind: 'elementwise', name },
  });
  return primitive;
}

/** The error of a transpose rule that meets a linear argument in which the operation is not linear. */
export function notLinear(operation: string, i: number): NatgradError {
  return new NatgradError('NotDifferentiable', `the operation is not linear in argument ${i}`, {
    operation,
    argument: `argument ${i}`,
    expected: 'a linear function',
  });
}

/** A tensor of what the user wrote: literals become rank-0 tensors of a weak dtype. */
export function operand(operation: string, like: TensorLike, beside?: Value): Value {
  if (isTensor(like)) return like;
  if (typeof like !== 'number' && typeof like !== 'boolean')
    throw new NatgradError('NotATensor', `expected a tensor or a number, found ${describeForeign(like)}`, {
      operation,
      found: describeForeign(like),
      expected: 'a tensor or a number',
    });
  return scalar(like, beside === undefined ? undefined : promoteWeak(beside.dtype, like));
}

/** Casts operands to their common dtype, and that to one the operation accepts. */
export function promoteTo(operation: string, likes: readonly TensorLike[], operands: Operands): readonly Value[] {
  const tensors = likes.filter((like) => isTensor(like));
  const widest = tensors.reduce<DType | undefined>(
    (dtype, x) => (dtype === undefined ? x.dtype : promote(dtype, x.dtype)),
    undefined,
  );
  const beside = widest === undefined ? undefined : tensors.find((x) => x.dtype === widest);
  const values = likes.map((like) => operand(operation, like, beside));
  const common = values.reduce<DType>((dtype, x) => promote(dtype, x.dtype), values[0]?.dtype ?? 'f64');
  const dtype =
    operands === 'float' ? toFloatDType(common) : operands === 'numeric' && common === 'bool' ? 'i32' : common;
  return values.map((value) => cast(value, dtype));
}

export function unaryOperation(primitive: Primitive<None>, operands: Operands): UnaryOperation {
  return ((like: TensorLike): Value =>
    bind1(primitive, promoteTo(primitive.name, [like], operands), {})) as UnaryOperation;
}

/** The common shape of broadcast operands. */
export function commonShape(operation: string, values: readonly Value[]): Shape {
  return values.reduce<Shape>((shape, value) => broadcastShapes(operation, shape, value.shape), []);
}

export function binaryOperation(primitive: Primitive<None>, operands: Operands): BinaryOperation {
  return ((p: TensorLike, q: TensorLike): Value => {
    const values = promoteTo(primitive.name, [p, q], operands);
    const shape = commonShape(primitive.name, values);
    return bind1(
      primitive,
      values.map((value) => broadcastTo(value, shape)),
      {},
    );
  }) as BinaryOperation;
}

/** A domain of one float argument. */
export function oneArgument<P>(elements: Elements, params: P): Domain<P> {
  return (draw) => ({ args: [real(draw.shape(), elements)], params });
}
