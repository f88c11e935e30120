import fc, { type Arbitrary } from 'fast-check';
import type { DType } from '../dtype.js';
import { isNatgradError } from '../errors.js';
import { axesSize, reducedShape, type Shape } from '../shape.js';
import type { Tensor } from '../tensor.js';
import { arbitraryTensor } from './arbitrary.js';
import { elementAt, fingerprint, indicesOf, requireElements, ulpsBetween } from './compare.js';
import { type Law, law } from './law.js';
import { pureLaws } from './pure.js';

/** A function that takes the elements along some axes together. */
export interface ReductionSubject {
  readonly name: string;
  readonly apply: (x: Tensor, axes?: readonly number[], keepDims?: boolean) => Tensor;
  /** The function of the elements, in row-major order. */
  readonly reference: (elements: readonly number[]) => number;
  /** False where nothing has no result and an error is due; true by default. */
  readonly empty?: boolean;
  /** dtypes of the operand; `f64` by default. */
  readonly dtypes?: readonly DType[];
  /** dtype of the result; that of the operand by default. */
  readonly result?: (from: DType) => DType;
  /** Elements to try; all by default. */
  readonly elements?: Arbitrary<number>;
  /** Whether a result is close enough to the reference of these elements; the same to the bit by default. */
  readonly agrees?: (found: number, wanted: number, elements: readonly number[], dtype: DType) => boolean;
}

interface Case {
  readonly x: Tensor;
  readonly axes: readonly number[];
  readonly keepDims: boolean;
}

const unchanged = (dtype: DType): DType => dtype;

/** An operand, some of its axes in any order, counted from either end, and whether to keep them. */
const cases = ({ dtypes = ['f64'], elements }: ReductionSubject): Arbitrary<Case> =>
  arbitraryTensor({
    dtype: fc.constantFrom(...dtypes),
    ...(elements === undefined ? {} : { elements }),
  }).chain((x) =>
    fc.record({
      x: fc.constant(x),
      axes: fc
        .tuple(fc.shuffledSubarray(x.shape.map((_, axis) => axis)), fc.boolean())
        .map(([axes, negative]) => (negative ? axes.map((axis) => axis - x.rank) : axes)),
      keepDims: fc.boolean(),
    }),
  );

/** The elements of `x` that meet in the element of the reduced tensor at `index`, kept extents of 1 included. */
const fibre = (x: Tensor, axes: readonly number[], index: readonly number[]): readonly number[] =>
  indicesOf(x.shape)
    .filter((at) => at.every((i, axis) => axes.includes(axis) || i === index[axis]))
    .map((at) => elementAt(x, at));

/** `index` of a result without the reduced axes, as an index with zeros in their place. */
const withZeros = (index: readonly number[], shape: Shape, axes: readonly number[]): readonly number[] => {
  const rest = [...index];
  return shape.map((_, axis) => (axes.includes(axis) ? 0 : (rest.shift() as number)));
};

const failsTyped = (f: () => unknown): boolean => {
  try {
    f();
  } catch (error) {
    return isNatgradError(error) && error.code === 'ShapeMismatch';
  }
  return false;
};

/**
 * Agrees with the reference along any axes, kept or not; without axes takes all of them; gives its neutral element, or a
 * `ShapeMismatch`, for nothing; is pure.
 *
 * @example
 * ```ts
 * import { checkLaw, reductionLaws } from '@natgrad/tensor/laws';
 * const subject = {
 *   name: 'largest magnitude',
 *   apply: (x: Tensor, axes?: readonly number[], keepDims?: boolean) => max(absolute(x), axes, keepDims),
 *   reference: (elements: readonly number[]) => Math.max(...elements.map(Math.abs)),
 *   empty: false,
 * };
 * for (const law of reductionLaws(subject)) checkLaw(law);
 * ```
 */
export const reductionLaws = (subject: ReductionSubject): readonly Law[] => {
  const { name, apply, reference, empty = true, result = unchanged } = subject;
  const agrees = subject.agrees ?? ((found, wanted, _, dtype) => ulpsBetween(found, wanted, dtype) === 0);
  const operands = cases(subject);
  return [
    law(`${name} agrees with a loop over the elements along the axes`, operands, ({ x, axes, keepDims }) => {
      const over = axes.map((axis) => (axis < 0 ? axis + x.rank : axis));
      if (!empty && axesSize(x.shape, over) === 0) {
        if (!failsTyped(() => apply(x, axes, keepDims))) throw new Error(`expected a ShapeMismatch for no elements`);
        return;
      }
      const dtype = result(x.dtype);
      const elementsOf = (index: readonly number[]): readonly number[] =>
        fibre(x, over, keepDims ? index : withZeros(index, x.shape, over));
      const shape = reducedShape(x.shape, over, keepDims);
      const found = apply(x, axes, keepDims);
      const at = (index: readonly number[]): number => {
        const wanted = reference(elementsOf(index));
        return dtype === 'f32' ? Math.fround(wanted) : dtype === 'i32' ? wanted | 0 : wanted;
      };
      // The shape and dtype; then each element beside those that it was made of.
      requireElements(found, { dtype, shape, at }, () => true);
      for (const index of indicesOf(shape))
        if (!agrees(elementAt(found, index), at(index), elementsOf(index), dtype))
          throw new Error(`element [${index.join(',')}] is ${elementAt(found, index)}, expected ${at(index)}`);
    }),
    law(`${name} without axes takes all of them`, operands, ({ x }) => {
      const all = x.shape.map((_, axis) => axis);
      if (!empty && x.size === 0) return failsTyped(() => apply(x));
      return fingerprint(apply(x)) === fingerprint(apply(x, all));
    }),
    ...pureLaws({
      name,
      apply: subject.apply,
      operands: operands.map(({ x, axes, keepDims }) => [x, axes, keepDims]),
    }),
  ];
};
